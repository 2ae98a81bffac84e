/* Adaptive-threshold neurons (lava_actor/proc/atrlif).
 *
 * Arrays: a_in, s_out, i, v, theta, r, s, bias_mant; fixed also bias_exp.
 * Numbers: delta_i, delta_v, delta_theta, delta_r, theta_0, theta_step.
 */
#ifndef LAVA_ACTOR_ATRLIF_H
#define LAVA_ACTOR_ATRLIF_H

#include "catalogue.h"
#include "integers.h"
#include "lif.h"

LA_WIDE static int la_step_atrlif_f64(const la_pack *p) {
    const double *restrict a = p->arrays[0], *restrict bias = p->arrays[7];
    double *restrict i = p->arrays[2], *restrict v = p->arrays[3], *restrict theta = p->arrays[4];
    double *restrict r = p->arrays[5], *restrict s = p->arrays[6];
    int8_t *restrict out = p->arrays[1];
    double keep_i = 1 - p->numbers[0], keep_v = 1 - p->numbers[1], keep_theta = 1 - p->numbers[2];
    double keep_r = 1 - p->numbers[3], rest = p->numbers[4], up = p->numbers[5];
    const ptrdiff_t n = p->n;
    int64_t spikes[LA_NEURON_BLOCK];
    LA_BY_BLOCKS(n) {
        LA_APART
        for (ptrdiff_t k = from; k < to; k++) {
            double current = keep_i * i[k] + a[k];
            double voltage = keep_v * v[k] + current + bias[k];
            double threshold = keep_theta * (theta[k] - rest) + rest;
            double relative = keep_r * r[k];
            double fired = voltage - relative >= threshold ? 1.0 : 0.0;
            i[k] = current;
            v[k] = voltage;
            r[k] = fired != 0 ? relative + 2 * threshold : relative;
            theta[k] = threshold + fired * up;
            s[k] = fired;
            spikes[k - from] = fired != 0 ? 1 : 0;
        }
        for (ptrdiff_t k = from; k < to; k++) {
            out[k] = (int8_t)spikes[k - from];
        }
    }
    return 0;
}

static inline int64_t la_atrlif_decayed(int32_t state, int64_t factor) {
    return la_mag(la_mul64(state, factor), 12);
}

/* Eight neurons at a time, of a block whose numbers are small enough for 32 bits. */
LA_INLINE void la_atrlif_i32_narrow(
    ptrdiff_t n, const int32_t *restrict a, const int32_t *restrict mant,
    const int32_t *restrict exp, int32_t *restrict i, int32_t *restrict v,
    int32_t *restrict theta, int32_t *restrict r, int32_t *restrict fired, double keep_i,
    uint32_t keep_v, uint32_t keep_theta, uint32_t keep_r, int32_t rest, int32_t up) {
    for (ptrdiff_t k = 0; k < n; k++) {
        /* Truncated twice, by 1 and by 4096, is truncated once. */
        int32_t current = (int32_t)((double)i[k] * keep_i * (1.0 / 4096)) + a[k] * 64;
        current = la_turn24_32(current);
        int32_t left = exp[k] > 0 ? exp[k] : 0, right = exp[k] < 0 ? -exp[k] : 0;
        int32_t bias = (int32_t)((uint32_t)(mant[k] >> right) << left);
        int32_t voltage = la_clip24_32(la_part32(v[k], keep_v, 12) + current + bias);
        int32_t threshold = la_add32(la_part32(la_sub32(theta[k], rest), keep_theta, 12), rest);
        int32_t relative = la_part32(r[k], keep_r, 12);
        int32_t fires = la_sub32(voltage, relative) >= threshold;
        i[k] = current;
        v[k] = voltage;
        r[k] = fires ? la_add32(relative, la_mul32(2, threshold)) : relative;
        theta[k] = fires ? la_add32(threshold, up) : threshold;
        fired[k] = fires;
    }
}

LA_WIDE static int la_step_atrlif_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0], *restrict mant = p->arrays[7];
    const int32_t *restrict exp = p->arrays[8];
    int32_t *restrict i = p->arrays[2], *restrict v = p->arrays[3], *restrict theta = p->arrays[4];
    int32_t *restrict r = p->arrays[5];
    int8_t *restrict out = p->arrays[1], *restrict s = p->arrays[6];
    double keep_i = 4096 - (4096 * p->numbers[0] + 1);
    int64_t keep_v = (int64_t)(4096 - 4096 * p->numbers[1]);
    int64_t keep_theta = (int64_t)(4096 - 4096 * p->numbers[2]);
    int64_t keep_r = (int64_t)(4096 - 4096 * p->numbers[3]);
    int32_t rest = (int32_t)(p->numbers[4] * 64), up = (int32_t)(p->numbers[5] * 64);
    const int narrow = keep_i >= -4096 && keep_i <= 4096 && keep_v >= 0 && keep_v <= 4096 &&
                       keep_theta >= 0 && keep_theta <= 4096 && keep_r >= 0 && keep_r <= 4096;
    int32_t fired[LA_NEURON_BLOCK];
    LA_BY_BLOCKS(p->n) {
        if (narrow && la_lif_is_small(to - from, i + from, v + from, a + from, mant + from,
                                      exp + from)) {
            la_atrlif_i32_narrow(to - from, a + from, mant + from, exp + from, i + from, v + from,
                                 theta + from, r + from, fired, keep_i, (uint32_t)keep_v,
                                 (uint32_t)keep_theta, (uint32_t)keep_r, rest, up);
            for (ptrdiff_t k = from; k < to; k++) {
                s[k] = out[k] = (int8_t)fired[k - from];
            }
            continue;
        }
        for (ptrdiff_t k = from; k < to; k++) {
            int64_t decayed = la_mag((int64_t)((double)i[k] * keep_i), 12);
            i[k] = (int32_t)la_turn24_64(decayed + (int64_t)((uint64_t)(int64_t)a[k] << 6));
            int64_t bias = la_shl64(mant[k], exp[k]);
            int64_t voltage = la_add64(la_add64(la_atrlif_decayed(v[k], keep_v), i[k]), bias);
            v[k] = (int32_t)la_clip24_64(voltage);
            theta[k] =
                (int32_t)la_add64(la_atrlif_decayed(la_sub32(theta[k], rest), keep_theta), rest);
            r[k] = (int32_t)la_atrlif_decayed(r[k], keep_r);
            int fires = la_sub32(v[k], r[k]) >= theta[k];
            r[k] = fires ? la_add32(r[k], la_mul32(2, theta[k])) : r[k];
            theta[k] = fires ? la_add32(theta[k], up) : theta[k];
            s[k] = out[k] = (int8_t)fires;
        }
    }
    return 0;
}

#define LA_ATRLIF_STEPS LA_STEP(atrlif_f64) LA_STEP(atrlif_i32)

#endif
