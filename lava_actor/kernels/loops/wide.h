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

/* A template: its arguments are constants in the functions that it becomes a part of. */
#define LA_INLINE static inline __attribute__((always_inline))

#endif
