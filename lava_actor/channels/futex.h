/* Futex, clock and processor hints: the only place that talks to the kernel about waiting.
 *
 * The words live in memory shared between processes, so the futex calls must not carry
 * FUTEX_PRIVATE_FLAG: a private futex is looked up by virtual address, which differs per process.
 */
#ifndef LAVA_ACTOR_FUTEX_H
#define LAVA_ACTOR_FUTEX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define LA_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LA_TSAN 1
#endif
#endif

/* Cache lines are 64 bytes on x86-64 and most aarch64, but the former prefetches lines in pairs
 * and some of the latter have lines of 128: two writers stay 128 bytes apart. */
#define LA_LINE 128

static inline int64_t la_now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Tell the processor that this is a spin loop. */
static inline void la_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/* Order an earlier store before a later load (the one reordering x86-64 does). ThreadSanitizer
 * does not know fences; there a read-modify-write of a private word gives the same order. */
static inline void la_full_fence(void) {
#ifdef LA_TSAN
    static _Atomic uint32_t order;
    atomic_fetch_add_explicit(&order, 1, memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* Sleep while *word == expected, for at most timeout_ns. Returns for any reason: woken, value
 * differs, signal, timeout (1). The caller looks again and decides. */
static inline int la_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns) {
    struct timespec limit;
    if (timeout_ns <= 0) {
        return 1;
    }
    limit.tv_sec = timeout_ns / 1000000000;
    limit.tv_nsec = timeout_ns % 1000000000;
    return syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, NULL, 0) < 0 &&
           errno == ETIMEDOUT;
}

static inline void la_futex_wake_all(_Atomic uint32_t *word) {
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Sleep until one of n words differs from its key, or timeout_ns is over. Kernels older than 5.16
 * cannot wait for several words: there a short sleep takes its place. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
struct la_waitv {
    uint64_t value;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};
#define LA_WAITV_32BIT 2u /* FUTEX_32 of newer kernel headers */
#define LA_WAITV_MAX 128

static inline void la_futex_wait_any(struct la_waitv *words, unsigned n, int64_t timeout_ns) {
    struct timespec limit;
    int64_t until = la_now_ns() + timeout_ns;
    if (timeout_ns <= 0) {
        return;
    }
    limit.tv_sec = until / 1000000000;
    limit.tv_nsec = until % 1000000000;
    if (syscall(SYS_futex_waitv, words, n, 0, &limit, CLOCK_MONOTONIC) < 0 &&
        (errno == ENOSYS || errno == EINVAL || errno == EPERM)) {
        struct timespec brief = {0, 200000};
        nanosleep(&brief, NULL);
    }
}

#endif
