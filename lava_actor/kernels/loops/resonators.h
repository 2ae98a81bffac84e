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
    const ptrdiff_t n = p->n;
    int64_t fired[LA_NEURON_BLOCK];
    LA_BY_BLOCKS(n) {
        for (ptrdiff_t k = from; k < to; k++) {
            double before = im[k];
            double real = cosine * re[k] - sine * before + a[k];
            double imag = sine * re[k] + cosine * before + b[k];
            int64_t fires = (resets ? imag : real) >= vth ? 1 : 0;
            if (!resets) {
                fires = imag >= 0 ? fires : 0;
                fires = before < 0 ? fires : 0;
            }
            re[k] = resets && fires ? 0 : real;
            im[k] = resets && fires ? vth - 1e-5 : imag;
            fired[k - from] = fires;
        }
        for (ptrdiff_t k = from; k < to; k++) {
            s[k] = (int8_t)fired[k - from];
        }
    }
}

/* A block whose numbers are small enough for 32 bits: eight neurons at a time. */
LA_INLINE void la_rf_i32_narrow(int resets, ptrdiff_t n, const int32_t *restrict a,
                                const int32_t *restrict b, int32_t *restrict re,
                                int32_t *restrict im, int8_t *restrict s, int32_t sine,
                                int32_t cosine, int32_t vth, int left, int bits) {
    const uint32_t turn = (uint32_t)la_abs32(sine), keep = (uint32_t)la_abs32(cosine);
    int32_t fired[LA_NEURON_BLOCK];
    for (ptrdiff_t k = 0; k < n; k++) {
        int32_t x = re[k], y = im[k];
        int32_t xc = la_part32(x, keep, bits), ys = la_part32(y, turn, bits);
        int32_t xs = la_part32(x, turn, bits), yc = la_part32(y, keep, bits);
        int32_t real = (cosine < 0 ? -xc : xc) - (sine < 0 ? -ys : ys) + a[k] * (1 << left);
        int32_t imag = (sine < 0 ? -xs : xs) + (cosine < 0 ? -yc : yc) + b[k] * (1 << left);
        real = la_clip24_32(real);
        imag = la_clip24_32(imag);
        int32_t fires = (resets ? imag : real) >= vth;
        if (!resets) {
            fires &= (imag >= 0) & (y < 0);
        }
        re[k] = resets && fires ? 0 : real;
        im[k] = resets && fires ? la_sub32(vth, 1) : imag;
        fired[k] = fires;
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        s[k] = (int8_t)fired[k];
    }
}

/* Integers: sin_decay, cos_decay, vth, state_exp, decay_bits. */
LA_INLINE void la_rf_i32(const la_pack *p, int resets) {
    const int32_t *restrict a = p->arrays[0], *restrict b = p->arrays[1];
    int32_t *restrict re = p->arrays[3], *restrict im = p->arrays[4];
    int8_t *restrict s = p->arrays[2];
    int64_t sine = p->integers[0], cosine = p->integers[1], vth = p->integers[2];
    int64_t exponent = p->integers[3], bits = p->integers[4];
    const ptrdiff_t n = p->n;
    int narrow = bits >= 0 && bits <= 15 && la_abs64(sine) <= 1 << bits &&
                 la_abs64(cosine) <= 1 << bits && exponent >= 0 && exponent <= 20;
    const uint32_t small = narrow ? (UINT32_C(1) << 29) >> exponent : 0;
    LA_BY_BLOCKS(n) {
        if (narrow && la_are_within32(to - from, a + from, small) &&
            la_are_within32(to - from, b + from, small) &&
            la_are_within32(to - from, re + from, 1 << 28) &&
            la_are_within32(to - from, im + from, 1 << 28)) {
            la_rf_i32_narrow(resets, to - from, a + from, b + from, re + from, im + from, s + from,
                             (int32_t)sine, (int32_t)cosine, (int32_t)vth, (int)exponent,
                             (int)bits);
            continue;
        }
        for (ptrdiff_t k = from; k < to; k++) {
            int64_t real = la_clip24_64(la_mag(cosine * re[k], bits) - la_mag(sine * im[k], bits) +
                                     la_shl32(a[k], exponent));
            int64_t imag = la_clip24_64(la_mag(sine * re[k], bits) + la_mag(cosine * im[k], bits) +
                                     la_shl32(b[k], exponent));
            int fired = resets ? imag >= vth : real >= vth && imag >= 0 && im[k] < 0;
            re[k] = resets && fired ? 0 : (int32_t)real;
            im[k] = resets && fired ? la_sub32((int32_t)vth, 1) : (int32_t)imag;
            s[k] = (int8_t)fired;
        }
    }
}

LA_STEP_BY(rf_f64, la_rf_f64, 0)
LA_STEP_BY(rf_iz_f64, la_rf_f64, 1)
LA_STEP_BY(rf_i32, la_rf_i32, 0)
LA_STEP_BY(rf_iz_i32, la_rf_i32, 1)

/* Arrays: u_in, v_in, s_out, u, v, lct, lst. Integers: uth. Decays are in units of 2**-15. */
LA_WIDE static int la_step_rf_zero_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0], *restrict b = p->arrays[1];
    const int32_t *restrict cosine = p->arrays[5], *restrict sine = p->arrays[6];
    int32_t *restrict s = p->arrays[2], *restrict u = p->arrays[3], *restrict v = p->arrays[4];
    const int32_t uth = (int32_t)p->integers[0];
    const ptrdiff_t n = p->n;
    LA_APART
    for (ptrdiff_t k = 0; k < n; k++) {
        int32_t x = u[k], y = v[k];
        int32_t real = la_sub32(la_mul32(x, cosine[k]) >> 15, la_mul32(y, sine[k]) >> 15);
        int32_t imag = la_add32(la_mul32(y, cosine[k]) >> 15, la_mul32(x, sine[k]) >> 15);
        u[k] = real = la_add32(real, a[k]);
        v[k] = imag = la_add32(imag, b[k]);
        s[k] = (real > uth) & (imag >= 0) & (y < 0) ? real : 0;
    }
    return 0;
}

#define LA_RESONATOR_STEPS                                                                         \
    LA_STEP(rf_f64) LA_STEP(rf_i32) LA_STEP(rf_iz_f64) LA_STEP(rf_iz_i32) LA_STEP(rf_zero_i32)

#endif
