/* One step of a population of leaky integrate-and-fire neurons.
 *
 * The order of operations is that of the NumPy expressions in lava_actor/proc/lif/models.py.
 */
#ifndef LAVA_ACTOR_NEURONS_H
#define LAVA_ACTOR_NEURONS_H

#include "wide.h"

/* Neurons of one block. Spikes are first held as wide as the state, and made bytes in a loop of
 * their own: one loop over numbers of such different widths is compiled into little but moves
 * between registers and memory. */
#define LA_BLOCK 256

LA_WIDE static void la_lif_f64(ptrdiff_t n, double *restrict u, double *restrict v,
                               const double *restrict a, const double *restrict bias,
                               double keep_u, double keep_v, double vth, uint8_t *restrict s) {
    int64_t fired[LA_BLOCK];
    for (ptrdiff_t from = 0; from < n; from += LA_BLOCK) {
        ptrdiff_t to = n - from < LA_BLOCK ? n : from + LA_BLOCK;
        for (ptrdiff_t i = from; i < to; i++) {
            double current = u[i] * keep_u + a[i];
            double voltage = v[i] * keep_v + current + bias[i];
            u[i] = current;
            v[i] = voltage > vth ? 0.0 : voltage;
            fired[i - from] = voltage > vth ? 1 : 0;
        }
        for (ptrdiff_t i = from; i < to; i++) {
            s[i] = (uint8_t)fired[i - from];
        }
    }
}

/* The fixed-point neuron comes twice. The plain way computes in 64 bits, which holds every sum of
 * 32-bit numbers. The narrow way computes in 32 bits, eight neurons at a time, and is taken for a
 * block of neurons whose numbers are small enough for that: states of 24 bits, as they are after
 * the first step, and inputs and biases far from overflow.
 *
 * keep_u and keep_v are factors of 1/4096 in [0, 4096]. */
#define LA_LIMIT24 ((int32_t)1 << 23)
#define LA_SMALL_INPUT ((int32_t)1 << 22)
#define LA_SMALL_EXP 13

/* mant * 2^exp, rounded down; exp counts as at most 31 and at least -31. */
static inline int64_t la_bias(int32_t mant, int32_t exp) {
    int32_t left = exp < 0 ? 0 : exp > 31 ? 31 : exp;
    int32_t right = exp > 0 ? 0 : exp < -31 ? 31 : -exp;
    return (int64_t)((uint64_t)(int64_t)(mant >> right) << left);
}

static inline int64_t la_clip24(int64_t x) {
    return x > LA_LIMIT24 - 1 ? LA_LIMIT24 - 1 : x < 1 - LA_LIMIT24 ? 1 - LA_LIMIT24 : x;
}

static void la_lif_i32_plain(ptrdiff_t n, int32_t *restrict u, int32_t *restrict v,
                             const int32_t *restrict a, const int32_t *restrict mant,
                             const int32_t *restrict exp, int32_t keep_u, int32_t keep_v,
                             int64_t threshold, uint8_t *restrict s) {
    for (ptrdiff_t i = 0; i < n; i++) {
        /* Division rounds toward zero: it shifts the magnitude. */
        int64_t current = (int64_t)u[i] * keep_u / 4096 + (int32_t)((uint32_t)a[i] << 6);
        current += current > LA_LIMIT24 ? -2 * LA_LIMIT24 : 0;
        current += current <= -LA_LIMIT24 ? 2 * LA_LIMIT24 : 0;
        u[i] = (int32_t)current;
        int64_t voltage = la_clip24((int64_t)v[i] * keep_v / 4096 + u[i] + la_bias(mant[i], exp[i]));
        s[i] = voltage > threshold;
        v[i] = s[i] ? 0 : (int32_t)voltage;
    }
}

/* The magnitude is multiplied in two parts of at most 24 and 12 bits. */
static inline int32_t la_decayed(int32_t state, int32_t keep) {
    int32_t sign = state >> 31, magnitude = (state ^ sign) - sign;
    int32_t left = (magnitude >> 12) * keep + (((magnitude & 4095) * keep) >> 12);
    return (left ^ sign) - sign;
}

LA_WIDE static int la_lif_is_small(ptrdiff_t n, const int32_t *restrict u,
                                   const int32_t *restrict v, const int32_t *restrict a,
                                   const int32_t *restrict mant, const int32_t *restrict exp) {
    uint32_t large = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        /* x + limit > 2 * limit as unsigned numbers: x is below -limit or above limit. */
        large |= (uint32_t)u[i] + 2 * LA_LIMIT24 > 4u * LA_LIMIT24;
        large |= (uint32_t)v[i] + 2 * LA_LIMIT24 > 4u * LA_LIMIT24;
        large |= (uint32_t)a[i] + LA_SMALL_INPUT > 2u * LA_SMALL_INPUT;
        large |= (uint32_t)mant[i] + 32768u > 65536u;
        large |= (uint32_t)exp[i] + 31u > 31u + LA_SMALL_EXP;
    }
    return !large;
}

LA_WIDE static void la_lif_i32_narrow(ptrdiff_t n, int32_t *restrict u, int32_t *restrict v,
                                      const int32_t *restrict a, const int32_t *restrict mant,
                                      const int32_t *restrict exp, int32_t keep_u, int32_t keep_v,
                                      int32_t threshold, int32_t *restrict fired) {
    for (ptrdiff_t i = 0; i < n; i++) {
        int32_t current = la_decayed(u[i], keep_u) + a[i] * 64;
        current -= current > LA_LIMIT24 ? 2 * LA_LIMIT24 : 0;
        current += current <= -LA_LIMIT24 ? 2 * LA_LIMIT24 : 0;
        int32_t left = exp[i] > 0 ? exp[i] : 0, right = exp[i] < 0 ? -exp[i] : 0;
        int32_t bias = (int32_t)((uint32_t)(mant[i] >> right) << left);
        int32_t voltage = la_decayed(v[i], keep_v) + current + bias;
        voltage = voltage > LA_LIMIT24 - 1 ? LA_LIMIT24 - 1 : voltage;
        voltage = voltage < 1 - LA_LIMIT24 ? 1 - LA_LIMIT24 : voltage;
        int32_t spike = voltage > threshold;
        u[i] = current;
        v[i] = voltage & (spike - 1);
        fired[i] = spike;
    }
}

LA_WIDE static void la_narrow_i32(ptrdiff_t n, const int32_t *restrict from, uint8_t *restrict to) {
    for (ptrdiff_t i = 0; i < n; i++) {
        to[i] = (uint8_t)from[i];
    }
}

static void la_lif_i32(ptrdiff_t n, int32_t *u, int32_t *v, const int32_t *a, const int32_t *mant,
                       const int32_t *exp, int32_t keep_u, int32_t keep_v, int64_t threshold,
                       uint8_t *s) {
    int32_t fired[LA_BLOCK];
    /* States never reach the limit: beyond it, all thresholds are alike. */
    int32_t reachable = (int32_t)la_clip24(threshold);
    for (ptrdiff_t i = 0; i < n; i += LA_BLOCK) {
        ptrdiff_t m = n - i < LA_BLOCK ? n - i : LA_BLOCK;
        if (la_lif_is_small(m, u + i, v + i, a + i, mant + i, exp + i) &&
            threshold > -LA_LIMIT24) {
            la_lif_i32_narrow(m, u + i, v + i, a + i, mant + i, exp + i, keep_u, keep_v, reachable,
                              fired);
            la_narrow_i32(m, fired, s + i);
        } else {
            la_lif_i32_plain(m, u + i, v + i, a + i, mant + i, exp + i, keep_u, keep_v, threshold,
                             s + i);
        }
    }
}

/* How many of s (0 or 1) are 1. Eight counters of one byte are summed up before they can be full. */
LA_WIDE static ptrdiff_t la_count_spikes(ptrdiff_t n, const uint8_t *restrict s) {
    const uint64_t even = UINT64_C(0x00ff00ff00ff00ff), ones = UINT64_C(0x0001000100010001);
    ptrdiff_t total = 0, i = 0;
    while (i + 8 <= n) {
        ptrdiff_t words = (n - i) / 8 < 255 ? (n - i) / 8 : 255;
        uint64_t counters = 0;
        for (ptrdiff_t k = 0; k < words; k++) {
            uint64_t eight;
            memcpy(&eight, s + i + 8 * k, 8);
            counters += eight;
        }
        total += (ptrdiff_t)((((counters & even) + (counters >> 8 & even)) * ones) >> 48);
        i += 8 * words;
    }
    for (; i < n; i++) {
        total += s[i];
    }
    return total;
}

/* Eight bytes of 0 or 1 as eight bits, the first byte lowest: every byte is moved to its place by
 * one of the eight terms of the factor, and no two products meet. */
static inline uint64_t la_bits(const uint8_t *bytes) {
    uint64_t eight;
    memcpy(&eight, bytes, 8);
    return (eight * UINT64_C(0x0102040810204080)) >> 56;
}

/* Write down where s (0 or 1) is 1, and return how often. Spikes are rare and come anywhere, so that a branch for each
 * neuron, or each few, would often be predicted wrongly: 64 neurons are looked at together. */
static ptrdiff_t la_indices(ptrdiff_t n, const uint8_t *restrict s, int32_t *restrict out) {
    int32_t *first = out;
    ptrdiff_t i = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; i + 64 <= n; i += 64) {
        uint64_t fired = 0;
        for (int k = 0; k < 8; k++) {
            fired |= la_bits(s + i + 8 * k) << (8 * k);
        }
        for (; fired; fired &= fired - 1) {
            *out++ = (int32_t)(i + __builtin_ctzll(fired));
        }
    }
#endif
    for (; i < n; i++) {
        if (s[i]) {
            *out++ = (int32_t)i;
        }
    }
    return out - first;
}

#endif
