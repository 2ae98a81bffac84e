/* Where neurons fired. */
#ifndef LAVA_ACTOR_SPIKES_H
#define LAVA_ACTOR_SPIKES_H

#include "wide.h"

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
