/* Neurons that send numbers: products, thresholds, inverse roots (lava_actor/proc/graded,
 * prodneuron). Messages and states are int32 and wrap. */
#ifndef LAVA_ACTOR_GRADED_H
#define LAVA_ACTOR_GRADED_H

#include <math.h>

#include "catalogue.h"
#include "integers.h"
#include "spikes.h"

/* Arrays: a_in1, a_in2, s_out, v. Integers: vth, exp. */
LA_WIDE static int la_step_product_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0], *restrict b = p->arrays[1];
    int32_t *restrict s = p->arrays[2], *restrict v = p->arrays[3];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        v[k] = la_asr32(la_mul32(a[k], b[k]), p->integers[1]);
        s[k] = la_abs32(v[k]) > p->integers[0] ? v[k] : 0;
    }
    return 0;
}

/* Arrays: a_in, s_out, v. Integers: vth. */
LA_INLINE void la_graded(const la_pack *p, int rectifies) {
    const int32_t *restrict a = p->arrays[0];
    int32_t *restrict s = p->arrays[1], *restrict v = p->arrays[2];
    int64_t vth = p->integers[0];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        int32_t value = la_add32(v[k], a[k]);
        s[k] = (rectifies ? value : la_abs32(value)) > vth ? value : 0;
        v[k] = 0;
    }
}

LA_STEP_BY(graded_i32, la_graded, 0)
LA_STEP_BY(graded_relu_i32, la_graded, 1)

/* Arrays: a_in1, s2_out, v, v2: the square is sent before what is made of it comes back. */
LA_WIDE static int la_step_square_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0];
    int32_t *restrict s = p->arrays[1], *restrict v = p->arrays[2], *restrict v2 = p->arrays[3];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        s[k] = la_mul32(a[k], a[k]);
        v2[k] = v[k];
        v[k] = a[k];
    }
    return 0;
}

/* Arrays: a_in2, s_out, v2. Integers: vth. */
LA_WIDE static int la_step_normed_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0], *restrict v2 = p->arrays[2];
    int32_t *restrict s = p->arrays[1];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        int32_t product = la_mul32(v2[k], a[k]);
        s[k] = la_abs32(product) > p->integers[0] ? product : 0;
    }
    return 0;
}

/* Arrays: a_in, s_out. */
LA_WIDE static int la_step_inverse_root_f64(const la_pack *p) {
    const double *restrict a = p->arrays[0];
    double *restrict s = p->arrays[1];
    const ptrdiff_t n = p->n;
    for (ptrdiff_t k = 0; k < n; k++) {
        s[k] = 1 / sqrt(a[k]);
    }
    return 0;
}

/* Goldschmidt's iteration for n numbers, see `inv_sqrt` in lava_actor/proc/graded/models.py. No
 * product has more than 2.5 * base + 6, or 1.5 * base + 19, bits: up to a base of 18 all numbers are
 * exact, and so is what is rounded down. */
LA_INLINE void la_inverse_roots(ptrdiff_t n, const double *restrict value,
                                const double *restrict factor, int32_t *restrict s, int64_t base) {
    const double half = 1.0 / (double)(INT64_C(2) << base), three = (double)(INT64_C(3) << base);
    for (ptrdiff_t k = 0; k < n; k++) {
        double b = value[k], root = factor[k] * 0.5, y = factor[k] * half;
        for (int i = 0; i < 5; i++) {
            b = floor(floor(b * y) * y);
            y = (three - b) * half;
            root = floor(root * y);
        }
        s[k] = (int32_t)root;
    }
}

/* Arrays: a_in, s_out; twice the first guess, by the number of bits. Integers: fp_base. Where there is
 * nothing the root is nothing: in a block of little else only the rest is computed. */
LA_WIDE static int la_step_inverse_root_i32(const la_pack *p) {
    const int64_t *restrict guesses = p->arrays[2];
    double guess[32], value[LA_NEURON_BLOCK], factor[LA_NEURON_BLOCK];
    int32_t places[LA_NEURON_BLOCK], packed[LA_NEURON_BLOCK];
    uint8_t full[LA_NEURON_BLOCK];
    for (int bits = 0; bits < 32; bits++) {
        guess[bits] = (double)guesses[bits];
    }
    LA_BY_BLOCKS(p->n) {
        const int32_t *restrict a = (const int32_t *)p->arrays[0] + from;
        int32_t *restrict s = (int32_t *)p->arrays[1] + from;
        const ptrdiff_t n = to - from;
        int32_t all = 0, some = 0;
        for (ptrdiff_t k = 0; k < n; k++) {
            all |= a[k];
            some += a[k] != 0;
        }
        if (all < 0) {
            return 1;
        }
        const int few = 2 * some < n;
        const ptrdiff_t m = few ? some : n;
        if (few) {
            for (ptrdiff_t k = 0; k < n; k++) {
                full[k] = a[k] != 0;
            }
            la_indices(n, full, places);
            for (ptrdiff_t k = 0; k < m; k++) {
                packed[k] = a[places[k]];
            }
            memset(s, 0, (size_t)n * sizeof *s);
        }
        const int32_t *restrict from_where = few ? packed : a;
        for (ptrdiff_t k = 0; k < m; k++) {
            double x = from_where[k], high = x < 0.5 ? 0.5 : x; /* 0.5 has no bits, 1 has one */
            int64_t bits;
            memcpy(&bits, &high, sizeof bits);
            value[k] = x;
            factor[k] = guess[(bits >> 52) - 1022];
        }
        la_inverse_roots(m, value, factor, few ? packed : s, p->integers[0]);
        for (ptrdiff_t k = 0; few && k < m; k++) {
            s[places[k]] = packed[k];
        }
    }
    return 0;
}

#define LA_GRADED_STEPS                                                                            \
    LA_STEP(product_i32) LA_STEP(graded_i32) LA_STEP(graded_relu_i32) LA_STEP(square_i32)          \
    LA_STEP(normed_i32) LA_STEP(inverse_root_f64) LA_STEP(inverse_root_i32)

#endif
