/* Neurons that send numbers: products, thresholds, inverse roots (lava_actor/proc/graded,
 * prodneuron). Messages and states are int32 and wrap. */
#ifndef LAVA_ACTOR_GRADED_H
#define LAVA_ACTOR_GRADED_H

#include <math.h>

#include "catalogue.h"
#include "integers.h"

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

/* Arrays: a_in, s_out; twice the first guess, by the number of bits. Integers: fp_base. */
LA_WIDE static int la_step_inverse_root_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0];
    const int64_t *restrict guesses = p->arrays[2];
    int32_t *restrict s = p->arrays[1];
    double value[LA_NEURON_BLOCK], factor[LA_NEURON_BLOCK];
    LA_BY_BLOCKS(p->n) {
        for (ptrdiff_t k = from; k < to; k++) {
            if (a[k] < 0) {
                return 1;
            }
            value[k - from] = a[k];
            factor[k - from] =
                (double)guesses[a[k] ? 32 - __builtin_clz((unsigned)a[k]) : 0];
        }
        la_inverse_roots(to - from, value, factor, s + from, p->integers[0]);
    }
    return 0;
}

#define LA_GRADED_STEPS                                                                            \
    LA_STEP(product_i32) LA_STEP(graded_i32) LA_STEP(graded_relu_i32) LA_STEP(square_i32)          \
    LA_STEP(normed_i32) LA_STEP(inverse_root_f64) LA_STEP(inverse_root_i32)

#endif
