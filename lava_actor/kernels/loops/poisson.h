/* Numbers of a Poisson distribution from counters: what a neuron gets in a step depends on the key, the step and
 * its own number alone, so that it is the same wherever the neuron lies, and however it is found out.
 *
 * The reference, and what the arrays hold, is proc/sources/poisson.py. Counter-based generator: Philox4x64-10 of Salmon,
 * Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".
 */
#ifndef LAVA_ACTOR_POISSON_H
#define LAVA_ACTOR_POISSON_H

#include "catalogue.h"

#define LA_POISSON_MOST 254

typedef struct {
    uint64_t word[4];
} la_block;

static inline void la_mul_wide(uint64_t a, uint64_t b, uint64_t *high, uint64_t *low) {
    unsigned __int128 product = (unsigned __int128)a * b;
    *high = (uint64_t)(product >> 64);
    *low = (uint64_t)product;
}

static inline la_block la_philox(uint64_t block, uint64_t draw, uint64_t step, uint64_t k0, uint64_t k1) {
    /* NumPy's generator counts up before it draws. */
    uint64_t c0 = block + 1, c1 = draw, c2 = step, c3 = 0;
    for (int round = 0; round < 10; round++) {
        uint64_t high0, low0, high1, low1;
        la_mul_wide(UINT64_C(0xD2E7470EE14C6C93), c0, &high0, &low0);
        la_mul_wide(UINT64_C(0xCA5A826395121157), c2, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += UINT64_C(0x9E3779B97F4A7C15);
        k1 += UINT64_C(0xBB67AE8584CAA73B);
    }
    return (la_block){{c0, c1, c2, c3}};
}

/* How many of the sums of chances lie at or below a place, from a number on; moves along. */
typedef struct {
    double chance, sum;
    int number;
} la_climb;

static inline void la_climb_to(la_climb *at, double mean, double place) {
    while (place >= at->sum && at->number < LA_POISSON_MOST) {
        at->number++;
        at->chance = at->chance * mean / at->number;
        at->sum += at->chance;
    }
}

/* Between 16 bits and the next; drawn only where it matters. */
static inline double la_poisson_place(const la_pack *p, uint64_t neuron, uint64_t piece, uint32_t bits) {
    la_block more = la_philox(neuron / 4, 2 * piece + 1, p->step, (uint64_t)p->integers[0], (uint64_t)p->integers[1]);
    double rest = (double)(more.word[neuron % 4] >> 11) * 0x1p-53;
    return ((double)bits + rest) * 0x1p-16;
}

/* How many spikes, by all bits that are needed. */
static inline uint8_t la_poisson_number(const la_pack *p, ptrdiff_t of, uint64_t neuron, uint64_t piece,
                                        uint32_t drawn) {
    const double *mean = p->arrays[1], *none = p->arrays[2];
    la_climb at = {none[of], none[of], 0};
    la_climb_to(&at, mean[of], (double)drawn * 0x1p-16);
    if ((double)(drawn + 1) * 0x1p-16 >= at.sum) {
        la_climb_to(&at, mean[of], la_poisson_place(p, neuron, piece, drawn));
    }
    return (uint8_t)at.number;
}

typedef uint16_t la_sixteen __attribute__((vector_size(32)));

/* Neurons of a tile, sixteen of which share the bits of a block. */
#define LA_TILE 256

/* The 16 bits of each neuron of a tile, from a block on. */
LA_INLINE void la_poisson_bits(const la_pack *p, uint64_t block, uint64_t piece, ptrdiff_t groups,
                                   uint16_t *restrict drawn) {
    for (ptrdiff_t g = 0; g < groups; g++) {
        la_block bits =
            la_philox(block + (uint64_t)g, 2 * piece, p->step, (uint64_t)p->integers[0], (uint64_t)p->integers[1]);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        memcpy(drawn + 16 * g, bits.word, sizeof bits);
#else
        for (int k = 0; k < 16; k++) {
            drawn[16 * g + k] = (uint16_t)(bits.word[k / 4] >> 16 * (k % 4));
        }
#endif
    }
}

/* The numbers that 16 bits decide on: how many limits lie below. Where one of them lies at its limit, all bits do. */
LA_INLINE void la_poisson_decide(const la_pack *p, uint64_t neuron, uint64_t piece, ptrdiff_t groups,
                                     const uint16_t *restrict drawn, uint16_t *restrict number) {
    const uint16_t *restrict last = p->arrays[5];
    const la_sixteen none = {0};
    for (ptrdiff_t g = 0; g < groups; g++) {
        la_sixteen bits, found = none, open = none;
        uint64_t any[4];
        memcpy(&bits, drawn + 16 * g, sizeof bits);
        for (ptrdiff_t k = 0; k < p->sizes[5]; k++) {
            la_sixteen limit = none + last[k];
            found -= (la_sixteen)(bits > limit);
            open |= (la_sixteen)(bits == limit);
        }
        memcpy(number + 16 * g, &found, sizeof found);
        memcpy(any, &open, sizeof open);
        for (int k = 0; (any[0] | any[1] | any[2] | any[3]) && k < 16; k++) {
            ptrdiff_t i = 16 * g + k;
            number[i] = la_poisson_number(p, 0, neuron + (uint64_t)i, piece, drawn[i]);
        }
    }
}

/* Arrays: s_out, mean, chance of none, pieces, amplitude, for each number the last 16 bits that may still give it (or
 * empty). Integers: key, key, number of the first neuron, whether several count as one. */
#define LA_POISSON(NAME, T, TIMES)                                                                                     \
    LA_INLINE void la_poisson_times_##NAME(ptrdiff_t n, int binary, int own, const T *restrict amplitude,              \
                                           T *restrict s) {                                                            \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            T number = binary && s[i] ? 1 : s[i];                                                                      \
            s[i] = number ? TIMES(amplitude[own ? i : 0], number) : 0;                                                 \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* The same of numbers that are not sums of several, and for one amplitude. */                                     \
    LA_INLINE void la_poisson_once_##NAME(ptrdiff_t n, T amplitude, const uint16_t *restrict found, T *restrict s) {   \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            T product = TIMES(amplitude, (T)found[i]);                                                                 \
            s[i] = found[i] ? product : 0;                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    LA_WIDE static int la_step_poisson_##NAME(const la_pack *p) {                                                      \
        const T *restrict amplitude = p->arrays[4];                                                                    \
        const int64_t *restrict pieces = p->arrays[3];                                                                 \
        ptrdiff_t each = p->sizes[1] > 1, own = p->sizes[4] > 1, count;                                                \
        int64_t most = 0;                                                                                              \
        for (ptrdiff_t i = 0; i < p->sizes[3]; i++) {                                                                  \
            most = pieces[i] > most ? pieces[i] : most;                                                                \
        }                                                                                                              \
        for (ptrdiff_t i = 0; i < p->n; i += count) {                                                                  \
            uint16_t drawn[LA_TILE], number[LA_TILE];                                                                  \
            T *restrict s = (T *)p->arrays[0] + i;                                                                     \
            uint64_t neuron = (uint64_t)p->integers[2] + (uint64_t)i, skipped = neuron % 16;                           \
            ptrdiff_t room = LA_TILE - (ptrdiff_t)skipped, left = p->n - i;                                            \
            count = left < room ? left : room;                                                                         \
            ptrdiff_t groups = ((ptrdiff_t)skipped + count + 15) / 16;                                                 \
            const uint16_t *restrict found = number + skipped;                                                         \
            if (most == 1 && !each && !own && !p->integers[3]) {                                                       \
                la_poisson_bits(p, neuron / 16, 0, groups, drawn);                                                     \
                la_poisson_decide(p, neuron - skipped, 0, groups, drawn, number);                                      \
                la_poisson_once_##NAME(count, amplitude[0], found, s);                                                 \
                continue;                                                                                              \
            }                                                                                                          \
            memset(s, 0, (size_t)count * sizeof *s);                                                                   \
            for (int64_t piece = 0; piece < most; piece++) {                                                           \
                la_poisson_bits(p, neuron / 16, (uint64_t)piece, groups, drawn);                                       \
                if (!each) {                                                                                           \
                    la_poisson_decide(p, neuron - skipped, (uint64_t)piece, groups, drawn, number);                    \
                }                                                                                                      \
                for (ptrdiff_t k = 0; each && k < count; k++) {                                                        \
                    number[skipped + (uint64_t)k] =                                                                    \
                        piece < pieces[i + k] ? la_poisson_number(p, i + k, neuron + (uint64_t)k, (uint64_t)piece,     \
                                                                  drawn[skipped + (uint64_t)k])                        \
                                              : 0;                                                                     \
                }                                                                                                      \
                for (ptrdiff_t k = 0; k < count; k++) {                                                                \
                    s[k] += (T)found[k];                                                                               \
                }                                                                                                      \
            }                                                                                                          \
            la_poisson_times_##NAME(count, p->integers[3] != 0, own, amplitude + own * i, s);                          \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

#define LA_TIMES_F64(A, N) ((A) * (N))
#define LA_TIMES_I32(A, N) ((int32_t)((uint32_t)(A) * (uint32_t)(N)))

LA_POISSON(f64, double, LA_TIMES_F64)
LA_POISSON(i32, int32_t, LA_TIMES_I32)

/* Arrays: s_out, amplitude, steps in order, neurons. Integers: number of the first neuron. */
#define LA_GIVEN(NAME, T, TIMES)                                                                                       \
    static int la_step_given_##NAME(const la_pack *p) {                                                                \
        T *restrict s = p->arrays[0];                                                                                  \
        const T *restrict amplitude = p->arrays[1];                                                                    \
        const int64_t *restrict steps = p->arrays[2], *restrict neurons = p->arrays[3];                                \
        ptrdiff_t own = p->sizes[1] > 1, low = 0, high = p->sizes[2];                                                  \
        memset(s, 0, (size_t)p->n * sizeof *s);                                                                        \
        while (low < high) {                                                                                           \
            ptrdiff_t middle = low + (high - low) / 2;                                                                 \
            if ((uint64_t)steps[middle] < p->step) {                                                                   \
                low = middle + 1;                                                                                      \
            } else {                                                                                                   \
                high = middle;                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        ptrdiff_t begin = low;                                                                                         \
        for (; low < p->sizes[2] && (uint64_t)steps[low] == p->step; low++) {                                          \
            int64_t i = neurons[low] - p->integers[0];                                                                 \
            if (i >= 0 && i < p->n) {                                                                                  \
                s[i] += 1;                                                                                             \
            }                                                                                                          \
        }                                                                                                              \
        for (; begin < low; begin++) {                                                                                 \
            int64_t i = neurons[begin] - p->integers[0];                                                               \
            if (i >= 0 && i < p->n && (begin + 1 == low || neurons[begin + 1] != neurons[begin])) {                    \
                s[i] = TIMES(amplitude[own * i], s[i]);                                                                \
            }                                                                                                          \
        }                                                                                                              \
        return 0;                                                                                                      \
    }

LA_GIVEN(f64, double, LA_TIMES_F64)
LA_GIVEN(i32, int32_t, LA_TIMES_I32)

#define LA_POISSON_STEPS LA_STEP(poisson_f64) LA_STEP(poisson_i32) LA_STEP(given_f64) LA_STEP(given_i32)

#endif
