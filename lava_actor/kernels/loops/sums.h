/* Sums that go from one array into another. */
#ifndef LAVA_ACTOR_SUMS_H
#define LAVA_ACTOR_SUMS_H

#include "synapses.h"

#define LA_SUMS(NAME, T, A)                                                                        \
    /* Zeros stay behind. */                                                                       \
    LA_WIDE static void la_move_sums_##NAME(ptrdiff_t n, T *restrict sum, T *restrict to) {        \
        for (ptrdiff_t i = 0; i < n; i++) {                                                        \
            to[i] = (T)((A)to[i] + (A)sum[i]);                                                     \
            sum[i] = 0;                                                                            \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* The same of rows with a bit each, which is cleared. */                                      \
    static void la_move_touched_##NAME(ptrdiff_t n, uint64_t *restrict touched, T *restrict sum,   \
                                       T *restrict to) {                                           \
        for (ptrdiff_t word = 0; word <= n / 64; word++) {                                         \
            uint64_t left = touched[word];                                                         \
            for (touched[word] = 0; left; left &= left - 1) {                                      \
                ptrdiff_t i = 64 * word + __builtin_ctzll(left);                                   \
                to[i] = (T)((A)to[i] + (A)sum[i]);                                                 \
                sum[i] = 0;                                                                        \
            }                                                                                      \
        }                                                                                          \
    }

LA_SUMS(f64, double, double)
LA_SUMS(i32, int32_t, uint32_t)

#define la_move_sums(kind, ...) LA_BY_KIND(kind, la_move_sums, __VA_ARGS__)
#define la_move_touched(kind, ...) LA_BY_KIND(kind, la_move_touched, __VA_ARGS__)

#endif
