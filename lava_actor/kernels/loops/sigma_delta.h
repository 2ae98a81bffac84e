/* Sigma, Delta and SigmaDelta (lava_actor/proc/sdn). */
#ifndef LAVA_ACTOR_SIGMA_DELTA_H
#define LAVA_ACTOR_SIGMA_DELTA_H

#include "catalogue.h"
#include "integers.h"

#define LA_ADD_F64(a, b) ((a) + (b))
#define LA_SUB_F64(a, b) ((a) - (b))
#define LA_ABS_F64(a) ((a) < 0 ? -(a) : (a))
/* What is not above zero becomes zero, except what is no number. */
#define LA_RELU(x) ((x) <= 0 ? 0 : (x))

/* Arrays: a_in, s_out, act, residue, error; SigmaDelta also sigma, bias. Number: vth.
 * Integers: cum_error; in fixed point vth, state_exp; last, for Delta spike_exp, for SigmaDelta
 * whether to rectify. */
#define LA_SIGMA_DELTA(NAME, T, ADD, SUB, ABS, FIXED, VTH, SIGMA, GIVEN, SENT)                     \
    LA_INLINE void la_##NAME(const la_pack *p, int cumulates) {                                    \
        const T *restrict a = p->arrays[0];                                                        \
        T *restrict s = p->arrays[1], *restrict act = p->arrays[2];                                \
        T *restrict residue = p->arrays[3], *restrict error = p->arrays[4];                        \
        T *restrict sigma = SIGMA ? p->arrays[5] : NULL;                                           \
        const T *restrict bias = SIGMA ? p->arrays[6] : NULL;                                      \
        const int64_t last = SIGMA || FIXED ? p->integers[1 + 2 * FIXED] : 0;                      \
        const int64_t exponent = FIXED ? p->integers[2] : 0;                                       \
        const int rectifies = SIGMA && last;                                                       \
        const T vth = VTH;                                                                         \
        const ptrdiff_t n = p->n;                                                                  \
        LA_APART                                                                                   \
        for (ptrdiff_t k = 0; k < n; k++) {                                                        \
            T given = GIVEN(a[k], last + exponent);                                                \
            if (SIGMA) {                                                                           \
                sigma[k] = ADD(sigma[k], given);                                                   \
                given = ADD(sigma[k], bias[k]);                                                    \
                given = rectifies ? LA_RELU(given) : given;                                        \
            }                                                                                      \
            T delta = ADD(SUB(given, act[k]), residue[k]);                                         \
            T compared = cumulates ? ADD(error[k], delta) : delta;                                 \
            T sent = ABS(compared) >= vth ? delta : 0;                                             \
            if (cumulates) {                                                                       \
                error[k] = sent != 0 ? 0 : compared;                                               \
            }                                                                                      \
            residue[k] = SUB(delta, sent);                                                         \
            act[k] = given;                                                                        \
            s[k] = SENT(sent, exponent);                                                           \
        }                                                                                          \
    }                                                                                              \
    LA_WIDE static int la_step_##NAME(const la_pack *p) {                                          \
        if (p->integers[0]) {                                                                      \
            la_##NAME(p, 1);                                                                       \
        } else {                                                                                   \
            la_##NAME(p, 0);                                                                       \
        }                                                                                          \
        return 0;                                                                                  \
    }

#define LA_AS_IT_IS(x, by) ((void)(by), (x))

LA_SIGMA_DELTA(delta_f64, double, LA_ADD_F64, LA_SUB_F64, LA_ABS_F64, 0, p->numbers[0], 0,
               LA_AS_IT_IS, LA_AS_IT_IS)
LA_SIGMA_DELTA(sigma_delta_f64, double, LA_ADD_F64, LA_SUB_F64, LA_ABS_F64, 0, p->numbers[0], 1,
               LA_AS_IT_IS, LA_AS_IT_IS)
LA_SIGMA_DELTA(delta_i32, int32_t, la_add32, la_sub32, la_abs32, 1, (int32_t)p->integers[1], 0,
               la_shl32, la_asr32)
LA_SIGMA_DELTA(sigma_delta_i32, int32_t, la_add32, la_sub32, la_abs32, 1, (int32_t)p->integers[1],
               1, LA_AS_IT_IS, la_asr32)

/* Arrays: a_in, s_out, act, sigma, bias. Integers: whether to rectify, state_exp, vth. */
LA_WIDE static int la_step_sigma_delta_corrected_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0], *restrict bias = p->arrays[4];
    int32_t *restrict s = p->arrays[1], *restrict act = p->arrays[2], *restrict sigma = p->arrays[3];
    int64_t rectifies = p->integers[0], exponent = p->integers[1], vth = p->integers[2];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        sigma[k] = la_add32(sigma[k], a[k]);
        int32_t given = la_add32(sigma[k], bias[k]);
        int32_t delta = la_sub32(rectifies ? LA_RELU(given) : given, act[k]);
        int32_t sent = la_left32(la_asr32(la_abs32(delta) >= vth ? delta : 0, exponent), exponent);
        act[k] = la_add32(act[k], sent);
        s[k] = la_asr32(sent, exponent);
    }
    return 0;
}

/* Arrays: a_in, s_out, sigma. */
#define LA_SIGMA(NAME, T, ADD)                                                                     \
    LA_WIDE static int la_step_##NAME(const la_pack *p) {                                          \
        const T *restrict a = p->arrays[0];                                                        \
        T *restrict s = p->arrays[1], *restrict sigma = p->arrays[2];                              \
        for (ptrdiff_t k = 0; k < p->n; k++) {                                                     \
            s[k] = sigma[k] = ADD(sigma[k], a[k]);                                                 \
        }                                                                                          \
        return 0;                                                                                  \
    }

LA_SIGMA(sigma_f64, double, LA_ADD_F64)
LA_SIGMA(sigma_i32, int32_t, la_add32)

#define LA_SIGMA_DELTA_STEPS                                                                       \
    LA_STEP(delta_f64) LA_STEP(delta_i32) LA_STEP(sigma_f64) LA_STEP(sigma_i32)                    \
    LA_STEP(sigma_delta_f64) LA_STEP(sigma_delta_i32) LA_STEP(sigma_delta_corrected_i32)

#endif
