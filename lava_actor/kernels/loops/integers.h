/* Integers as NumPy computes with them: sums and products wrap, shifts by any amount are defined. */
#ifndef LAVA_ACTOR_INTEGERS_H
#define LAVA_ACTOR_INTEGERS_H

#include "wide.h"

#define LA_LIMIT24 ((int32_t)1 << 23)

#define LA_INTEGERS(BITS)                                                                          \
    static inline int##BITS##_t la_add##BITS(int##BITS##_t a, int##BITS##_t b) {                   \
        return (int##BITS##_t)((uint##BITS##_t)a + (uint##BITS##_t)b);                             \
    }                                                                                              \
    static inline int##BITS##_t la_sub##BITS(int##BITS##_t a, int##BITS##_t b) {                   \
        return (int##BITS##_t)((uint##BITS##_t)a - (uint##BITS##_t)b);                             \
    }                                                                                              \
    static inline int##BITS##_t la_mul##BITS(int##BITS##_t a, int##BITS##_t b) {                   \
        return (int##BITS##_t)((uint##BITS##_t)a * (uint##BITS##_t)b);                             \
    }                                                                                              \
    static inline int##BITS##_t la_abs##BITS(int##BITS##_t a) {                                    \
        return a < 0 ? la_sub##BITS(0, a) : a;                                                     \
    }                                                                                              \
    static inline int##BITS##_t la_left##BITS(int##BITS##_t a, int64_t by) {                       \
        return (uint64_t)by < BITS ? (int##BITS##_t)((uint##BITS##_t)a << by) : 0;                 \
    }                                                                                              \
    static inline int##BITS##_t la_asr##BITS(int##BITS##_t a, int64_t by) {                        \
        return a >> ((uint64_t)by < BITS ? by : BITS - 1);                                         \
    }                                                                                              \
    /* a * 2**by, rounded down */                                                                  \
    static inline int##BITS##_t la_shl##BITS(int##BITS##_t a, int64_t by) {                        \
        return by > 0 ? la_left##BITS(a, by) : la_asr##BITS(a, -by);                               \
    }                                                                                              \
    static inline int##BITS##_t la_clip24_##BITS(int##BITS##_t x) {                                \
        return x > LA_LIMIT24 - 1 ? LA_LIMIT24 - 1 : x < 1 - LA_LIMIT24 ? 1 - LA_LIMIT24 : x;      \
    }                                                                                              \
    /* One turn of 2**24 into (-2**23, 2**23]. */                                                  \
    static inline int##BITS##_t la_turn24_##BITS(int##BITS##_t x) {                                \
        x -= x > LA_LIMIT24 ? 2 * LA_LIMIT24 : 0;                                                  \
        return x + (x <= -LA_LIMIT24 ? 2 * LA_LIMIT24 : 0);                                        \
    }

LA_INTEGERS(32)
LA_INTEGERS(64)

/* Shift of the magnitude. */
static inline int64_t la_mag(int64_t a, int64_t by) {
    int64_t shifted = la_asr64(la_abs64(a), by);
    return a < 0 ? la_sub64(0, shifted) : shifted;
}

/* The magnitude of any state times keep / 2**bits, in 32 bits: for bits of at most 15, and a factor
 * of at most 2**bits. It is multiplied in two parts. */
static inline int32_t la_part32(int32_t state, uint32_t keep, int bits) {
    uint32_t sign = (uint32_t)(state >> 31), magnitude = ((uint32_t)state ^ sign) - sign;
    uint32_t low = magnitude & ((UINT32_C(1) << bits) - 1);
    uint32_t left = (magnitude >> bits) * keep + ((low * keep) >> bits);
    return (int32_t)((left ^ sign) - sign);
}

/* Whether none of n numbers is outside of [-limit, limit]. */
LA_INLINE int la_are_within32(ptrdiff_t n, const int32_t *restrict x, uint32_t limit) {
    uint32_t beyond = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        beyond |= (uint32_t)x[i] + limit > 2 * limit;
    }
    return !beyond;
}

#endif
