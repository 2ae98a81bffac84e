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

LA_WIDE static int la_step_graded_i32(const la_pack *p) {
    la_graded(p, 0);
    return 0;
}

LA_WIDE static int la_step_graded_relu_i32(const la_pack *p) {
    la_graded(p, 1);
    return 0;
}

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
    for (ptrdiff_t k = 0; k < p->n; k++) {
        s[k] = 1 / sqrt(a[k]);
    }
    return 0;
}

#define LA_GRADED_STEPS                                                                            \
    LA_STEP(product_i32) LA_STEP(graded_i32) LA_STEP(graded_relu_i32) LA_STEP(square_i32)          \
    LA_STEP(normed_i32) LA_STEP(inverse_root_f64)

#endif
