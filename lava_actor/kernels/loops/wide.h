/* How loops over plain arrays are compiled.
 *
 * LA_WIDE functions exist several times, for several vector widths, and the loader picks one. They
 * must compute the same everywhere: a product and a sum are rounded one after the other, as NumPy
 * does, so the fused multiply-add of newer processors must not be used. Floating-point exceptions
 * are not looked at, which allows a comparison to become a mask.
 */
#ifndef LAVA_ACTOR_WIDE_H
#define LAVA_ACTOR_WIDE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-trapping-math")
#endif

/* Sanitizers cannot run the resolver that picks a clone; musl has none. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define LA_WIDE __attribute__((target_clones("default", "avx2")))
#else
#define LA_WIDE
#endif

/* Neurons in blocks. Spikes are first held as wide as the state, and made bytes in a loop of their
 * own: one loop over numbers of such different widths is compiled into little but moves between
 * registers and memory. */
#define LA_NEURON_BLOCK 256
#define LA_BY_BLOCKS(N)                                                                            \
    for (ptrdiff_t from = 0, to; from < (N); from = to)                                            \
        if ((to = (N) - from < LA_NEURON_BLOCK ? (N) : from + LA_NEURON_BLOCK))

/* Before a loop over arrays that do not overlap; a compiler does not look at that many. */
#if defined(__clang__)
#define LA_APART _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define LA_APART _Pragma("GCC ivdep")
#else
#define LA_APART
#endif

/* The same before a loop of a fixed length, of which a compiler makes single steps before it thinks of vectors. */
#if defined(__GNUC__) && !defined(__clang__)
#define LA_TOGETHER _Pragma("GCC ivdep") _Pragma("GCC unroll 1")
#else
#define LA_TOGETHER LA_APART
#endif

/* A template: its arguments are constants in the functions that it becomes a part of. */
#define LA_INLINE static inline __attribute__((always_inline))

#endif
