/* Neurons that oscillate: RF, RF_IZ and RFZero. */
#ifndef LAVA_ACTOR_RESONATORS_H
#define LAVA_ACTOR_RESONATORS_H

#include "catalogue.h"
#include "integers.h"

/* Arrays: a_real_in, a_imag_in, s_out, real, imag. Numbers: sin_decay, cos_decay, vth. */
LA_INLINE void la_rf_f64(const la_pack *p, int resets) {
    const double *restrict a = p->arrays[0], *restrict b = p->arrays[1];
    double *restrict re = p->arrays[3], *restrict im = p->arrays[4];
    int8_t *restrict s = p->arrays[2];
    double sine = p->numbers[0], cosine = p->numbers[1], vth = p->numbers[2];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        double real = cosine * re[k] - sine * im[k] + a[k];
        double imag = sine * re[k] + cosine * im[k] + b[k];
        int fired = resets ? imag >= vth : real >= vth && imag >= 0 && im[k] < 0;
        re[k] = resets && fired ? 0 : real;
        im[k] = resets && fired ? vth - 1e-5 : imag;
        s[k] = (int8_t)fired;
    }
}

/* Integers: sin_decay, cos_decay, vth, state_exp, decay_bits. */
LA_INLINE void la_rf_i32(const la_pack *p, int resets) {
    const int32_t *restrict a = p->arrays[0], *restrict b = p->arrays[1];
    int32_t *restrict re = p->arrays[3], *restrict im = p->arrays[4];
    int8_t *restrict s = p->arrays[2];
    int64_t sine = p->integers[0], cosine = p->integers[1], vth = p->integers[2];
    int64_t exponent = p->integers[3], bits = p->integers[4];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        int64_t real = la_clip24(la_mag(cosine * re[k], bits) - la_mag(sine * im[k], bits) +
                                 la_shl32(a[k], exponent));
        int64_t imag = la_clip24(la_mag(sine * re[k], bits) + la_mag(cosine * im[k], bits) +
                                 la_shl32(b[k], exponent));
        int fired = resets ? imag >= vth : real >= vth && imag >= 0 && im[k] < 0;
        re[k] = resets && fired ? 0 : (int32_t)real;
        im[k] = resets && fired ? la_sub32((int32_t)vth, 1) : (int32_t)imag;
        s[k] = (int8_t)fired;
    }
}

LA_WIDE static int la_step_rf_f64(const la_pack *p) {
    la_rf_f64(p, 0);
    return 0;
}

LA_WIDE static int la_step_rf_iz_f64(const la_pack *p) {
    la_rf_f64(p, 1);
    return 0;
}

LA_WIDE static int la_step_rf_i32(const la_pack *p) {
    la_rf_i32(p, 0);
    return 0;
}

LA_WIDE static int la_step_rf_iz_i32(const la_pack *p) {
    la_rf_i32(p, 1);
    return 0;
}

/* Arrays: u_in, v_in, s_out, u, v, lct, lst. Integers: uth. Decays are in units of 2**-15. */
LA_WIDE static int la_step_rf_zero_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0], *restrict b = p->arrays[1];
    const int32_t *restrict cosine = p->arrays[5], *restrict sine = p->arrays[6];
    int32_t *restrict s = p->arrays[2], *restrict u = p->arrays[3], *restrict v = p->arrays[4];
    int64_t uth = p->integers[0];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        int32_t x = u[k], y = v[k];
        u[k] = la_add32(la_sub32(la_mul32(x, cosine[k]) >> 15, la_mul32(y, sine[k]) >> 15), a[k]);
        v[k] = la_add32(la_add32(la_mul32(y, cosine[k]) >> 15, la_mul32(x, sine[k]) >> 15), b[k]);
        s[k] = u[k] > uth && v[k] >= 0 && y < 0 ? u[k] : 0;
    }
    return 0;
}

#define LA_RESONATOR_STEPS                                                                         \
    LA_STEP(rf_f64) LA_STEP(rf_i32) LA_STEP(rf_iz_f64) LA_STEP(rf_iz_i32) LA_STEP(rf_zero_i32)

#endif
