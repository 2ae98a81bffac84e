/* Sums over synapses, driven by events: a step costs the synapses of what fired.
 *
 * Events are flat indices of pre-synaptic neurons with a factor each; no factors: all one. The sum
 * of one post-synaptic neuron is taken in the order of the events. Integers wrap at the width of the
 * sums: 32 bits, or 64 where what came in has 64 (i64: the weights stay in 32).
 *
 * Templates over the type of numbers: NAME, W (weights), T (factors and sums), A (arithmetic;
 * unsigned, where overflow has to wrap).
 */
#ifndef LAVA_ACTOR_SYNAPSES_H
#define LAVA_ACTOR_SYNAPSES_H

#include "wide.h"

/* Rows of a dense matrix that are summed up together: their sums stay in the first-level cache. */
#define LA_ROWS 2048

/* How many events ahead a column of a sparse matrix is fetched, and how many of its synapses. The
 * rest of a long column the processor fetches by itself. */
#define LA_AHEAD 3
#define LA_FETCHED 96

#define LA_PREFETCH(p) __builtin_prefetch((p), 0, 2)

/* The loop for sums of a type, a number of NumPy's; in the second form those of 64 bits are not
 * there. */
#define LA_BY_SUMS(kind, name, ...)                                                              \
    ((kind) == NPY_INT64 ? name##_i64(__VA_ARGS__) : LA_BY_KIND(kind, name, __VA_ARGS__))
#define LA_BY_KIND(kind, name, ...)                                                              \
    ((kind) == NPY_DOUBLE ? name##_f64(__VA_ARGS__) : name##_i32(__VA_ARGS__))

#define la_dense(kind, ...) LA_BY_SUMS(kind, la_dense, __VA_ARGS__)
#define la_dense_delayed(kind, ...) LA_BY_SUMS(kind, la_dense_delayed, __VA_ARGS__)
#define la_csc_add(kind, ...) LA_BY_SUMS(kind, la_csc, __VA_ARGS__)
#define la_picked(kind, ...) LA_BY_SUMS(kind, la_picked, __VA_ARGS__)
#define la_conv_add(kind, ...) LA_BY_KIND(kind, la_conv, __VA_ARGS__)
#define la_look_up(kind, ...) LA_BY_KIND(kind, la_look_up, __VA_ARGS__)

/* -- dense, column-major ------------------------------------------------------------------- */

#define LA_DENSE(NAME, W, T, A)                                                                  \
    /* out[r] += sum of w[r, at[e]] * x[e]; four columns at a time, added one after the other */ \
    LA_WIDE static void la_dense_##NAME(ptrdiff_t rows, const W *restrict w,                     \
                                        const int32_t *restrict at, const T *restrict x,         \
                                        ptrdiff_t count, T *restrict out) {                      \
        for (ptrdiff_t from = 0; from < rows; from += LA_ROWS) {                                 \
            ptrdiff_t n = rows - from < LA_ROWS ? rows - from : LA_ROWS;                         \
            A *restrict sum = (A *)out + from;                                                   \
            ptrdiff_t e = 0;                                                                     \
            for (; e + 4 <= count; e += 4) {                                                     \
                const W *restrict c0 = w + at[e] * rows + from;                                  \
                const W *restrict c1 = w + at[e + 1] * rows + from;                              \
                const W *restrict c2 = w + at[e + 2] * rows + from;                              \
                const W *restrict c3 = w + at[e + 3] * rows + from;                              \
                if (x) {                                                                         \
                    A x0 = (A)x[e], x1 = (A)x[e + 1], x2 = (A)x[e + 2], x3 = (A)x[e + 3];        \
                    for (ptrdiff_t r = 0; r < n; r++) {                                          \
                        sum[r] = (((sum[r] + (A)c0[r] * x0) + (A)c1[r] * x1) + (A)c2[r] * x2) +  \
                                 (A)c3[r] * x3;                                                  \
                    }                                                                            \
                } else {                                                                         \
                    for (ptrdiff_t r = 0; r < n; r++) {                                          \
                        sum[r] = (((sum[r] + (A)c0[r]) + (A)c1[r]) + (A)c2[r]) + (A)c3[r];       \
                    }                                                                            \
                }                                                                                \
            }                                                                                    \
            for (; e < count; e++) {                                                             \
                const W *restrict column = w + at[e] * rows + from;                              \
                A factor = x ? (A)x[e] : (A)1;                                                   \
                for (ptrdiff_t r = 0; r < n; r++) {                                              \
                    sum[r] += (A)column[r] * factor;                                             \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
    }                                                                                            \
                                                                                                 \
    /* out[delay[r, c], r] += w[r, c] * x; out is delay-major */                                 \
    static void la_dense_delayed_##NAME(ptrdiff_t rows, const W *restrict w,                     \
                                        const int32_t *restrict delay,                           \
                                        const int32_t *restrict at, const T *restrict x,         \
                                        ptrdiff_t count, T *restrict out) {                      \
        A *restrict sum = (A *)out;                                                              \
        for (ptrdiff_t e = 0; e < count; e++) {                                                  \
            const W *restrict column = w + at[e] * rows;                                         \
            const int32_t *restrict late = delay + at[e] * rows;                                 \
            A factor = x ? (A)x[e] : (A)1;                                                       \
            for (ptrdiff_t r = 0; r < rows; r++) {                                               \
                sum[late[r] * rows + r] += (A)column[r] * factor;                                \
            }                                                                                    \
        }                                                                                        \
    }

LA_DENSE(f64, double, double, double)
LA_DENSE(i32, int32_t, int32_t, uint32_t)
LA_DENSE(i64, int32_t, int64_t, uint64_t)

/* Whether all delays lie in [first, end). */
LA_WIDE static int la_within(ptrdiff_t n, const int32_t *restrict x, int32_t first, int32_t end) {
    uint32_t worst = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        worst |= (uint32_t)x[i] - (uint32_t)first >= (uint32_t)end - (uint32_t)first;
    }
    return !worst;
}

/* -- sparse, compressed columns ------------------------------------------------------------ */

/* A matrix in compressed columns. What is read from memory decides how long a sum takes, so rows
 * are kept in 16 bits where these reach, and there are three ways to hold the weights: as they are;
 * as one value that all of them have; as codes into a table of at most 256 values. Codes of rows
 * that need 17 to 24 bits share their 32 bits with them. */
typedef struct {
    const int64_t *ptr;   /* column c has the entries ptr[c] to ptr[c + 1] */
    const void *row;      /* of each entry: uint16_t if narrow, else int32_t */
    int narrow;
    int by_delay;         /* those of a column are in the order of their delays */
    int packed;           /* row has uint32_t: 256 * row + code */
    const void *weights;  /* of each entry; or the table; or NULL: all are `one` */
    const uint8_t *codes; /* NULL: no table */
    double one_f64;
    int32_t one_i32;
} la_csc;

static inline void la_fetch(const void *start, size_t width) {
    for (size_t byte = 0; byte < LA_FETCHED * width; byte += 64) {
        LA_PREFETCH((const char *)start + byte);
    }
}

/* Go over the columns of the events; BODY goes from entry k to entry end. W: what else is read.
 * What comes up is fetched LA_AHEAD columns early, and the first ones together. */
#define LA_EACH_COLUMN(W, BODY)                                                                  \
    for (ptrdiff_t e = count ? -2 * LA_AHEAD : 0; e < count; e++) {                              \
        if (e + 2 * LA_AHEAD < count) {                                                          \
            LA_PREFETCH(ptr + at[e + 2 * LA_AHEAD]);                                             \
        }                                                                                        \
        if (e + LA_AHEAD >= 0 && e + LA_AHEAD < count) {                                         \
            int64_t next = ptr[at[e + LA_AHEAD]];                                                \
            la_fetch(row + next, sizeof(*row));                                                  \
            if (W) {                                                                             \
                la_fetch((W) + next, sizeof(*(W)));                                              \
            }                                                                                    \
        }                                                                                        \
        if (e < 0) {                                                                             \
            continue;                                                                            \
        }                                                                                        \
        int64_t k = ptr[at[e]], end = ptr[at[e] + 1];                                            \
        BODY                                                                                     \
    }

/* out[row[k]] += weight[k] * x over the columns of the events. R: type of a row. */
#define LA_CSC(NAME, W, T, A, R)                                                                 \
    static void la_csc_add_##NAME(const la_csc *m, const int32_t *restrict at,                   \
                                  const T *restrict x, ptrdiff_t count, W one,                   \
                                  T *restrict out) {                                             \
        const int64_t *restrict ptr = m->ptr;                                                    \
        const R *restrict row = (const R *)m->row;                                               \
        const W *restrict w = (const W *)m->weights;                                             \
        const uint8_t *restrict code = m->codes;                                                 \
        A *restrict sum = (A *)out;                                                              \
        if (code) {                                                                              \
            LA_EACH_COLUMN(code, {                                                               \
                A factor = x ? (A)x[e] : (A)1;                                                   \
                for (; k < end; k++) {                                                           \
                    sum[row[k]] += x ? (A)w[code[k]] * factor : (A)w[code[k]];                   \
                }                                                                                \
            })                                                                                   \
        } else if (w) {                                                                          \
            LA_EACH_COLUMN(w, {                                                                  \
                A factor = x ? (A)x[e] : (A)1;                                                   \
                for (; k < end; k++) {                                                           \
                    sum[row[k]] += x ? (A)w[k] * factor : (A)w[k];                               \
                }                                                                                \
            })                                                                                   \
        } else {                                                                                 \
            LA_EACH_COLUMN((const R *)0, {                                                       \
                A factor = (x ? (A)x[e] : (A)1) * (A)one;                                        \
                for (; k < end; k++) {                                                           \
                    sum[row[k]] += factor;                                                       \
                }                                                                                \
            })                                                                                   \
        }                                                                                        \
    }

LA_CSC(f64_16, double, double, double, uint16_t)
LA_CSC(f64_32, double, double, double, int32_t)
LA_CSC(i32_16, int32_t, int32_t, uint32_t, uint16_t)
LA_CSC(i32_32, int32_t, int32_t, uint32_t, int32_t)
LA_CSC(i64_16, int32_t, int64_t, uint64_t, uint16_t)
LA_CSC(i64_32, int32_t, int64_t, uint64_t, int32_t)

#define LA_CSC_PACKED(NAME, W, T, A)                                                             \
    static void la_csc_add_packed_##NAME(const la_csc *m, const int32_t *restrict at,            \
                                         const T *restrict x, ptrdiff_t count,                   \
                                         T *restrict out) {                                      \
        const int64_t *restrict ptr = m->ptr;                                                    \
        const uint32_t *restrict row = (const uint32_t *)m->row;                                 \
        const W *restrict w = (const W *)m->weights;                                             \
        A *restrict sum = (A *)out;                                                              \
        LA_EACH_COLUMN((const uint32_t *)0, {                                                    \
            A factor = x ? (A)x[e] : (A)1;                                                       \
            for (; k < end; k++) {                                                               \
                uint32_t both = row[k];                                                          \
                sum[both >> 8] += x ? (A)w[both & 255] * factor : (A)w[both & 255];              \
            }                                                                                    \
        })                                                                                       \
    }

LA_CSC_PACKED(f64, double, double, double)
LA_CSC_PACKED(i32, int32_t, int32_t, uint32_t)
LA_CSC_PACKED(i64, int32_t, int64_t, uint64_t)

#define LA_CSC_ANY(NAME, T, ONE)                                                                 \
    static inline void la_csc_##NAME(const la_csc *m, const int32_t *at, const T *x,             \
                                     ptrdiff_t count, T *out) {                                  \
        if (m->packed) {                                                                         \
            la_csc_add_packed_##NAME(m, at, x, count, out);                                      \
            return;                                                                              \
        }                                                                                        \
        (m->narrow ? la_csc_add_##NAME##_16 : la_csc_add_##NAME##_32)(m, at, x, count, m->ONE,   \
                                                                      out);                      \
    }

LA_CSC_ANY(f64, double, one_f64)
LA_CSC_ANY(i32, int32_t, one_i32)
LA_CSC_ANY(i64, int64_t, one_i32)

/* Where all weights are one value and no event has a factor, a sum depends on nothing but how many
 * events met the row: it is that element of a table of the sums 0, one, one + one, ..., each
 * rounded as the addition to the one before is. Counting takes a quarter of the memory and of the
 * latency of adding. No row may get more than 65535 events. */
#define LA_TALLY(NAME, R)                                                                        \
    static void la_tally_##NAME(const la_csc *m, const int32_t *restrict at, ptrdiff_t count,    \
                                uint16_t *restrict met) {                                        \
        const int64_t *restrict ptr = m->ptr;                                                    \
        const R *restrict row = (const R *)m->row;                                               \
        LA_EACH_COLUMN((const R *)0, {                                                           \
            for (; k < end; k++) {                                                               \
                met[row[k]]++;                                                                   \
            }                                                                                    \
        })                                                                                       \
    }

LA_TALLY(16, uint16_t)
LA_TALLY(32, int32_t)

static inline void la_tally(const la_csc *m, const int32_t *at, ptrdiff_t count, uint16_t *met) {
    (m->narrow ? la_tally_16 : la_tally_32)(m, at, count, met);
}

/* out[i] = table[met[i]], and met is cleared for the next time. */
#define LA_LOOK_UP(NAME, T)                                                                      \
    LA_WIDE static void la_look_up_##NAME(ptrdiff_t n, uint16_t *restrict met,                   \
                                          const T *restrict table, T *restrict out) {            \
        for (ptrdiff_t i = 0; i < n; i++) {                                                      \
            out[i] = table[met[i]];                                                              \
        }                                                                                        \
        memset(met, 0, (size_t)n * sizeof(*met));                                                \
    }

LA_LOOK_UP(f64, double)
LA_LOOK_UP(i32, int32_t)

/* A matrix in compressed rows, by columns: column c has the entries order[start[c]] to
 * order[start[c + 1]]. Entries lie anywhere, so they are fetched some ahead. */
#define LA_PICKED_AHEAD 16

#define LA_PICKED(NAME, W, T, A)                                                                 \
    static void la_picked_##NAME(const int64_t *restrict order, const int64_t *restrict start,   \
                                 const int32_t *restrict row, const W *restrict w,               \
                                 const int32_t *restrict at, const T *restrict x,                \
                                 ptrdiff_t count, T *restrict out) {                             \
        A *restrict sum = (A *)out;                                                              \
        for (ptrdiff_t e = 0; e < count; e++) {                                                  \
            A factor = x ? (A)x[e] : (A)1;                                                       \
            for (int64_t k = start[at[e]], end = start[at[e] + 1]; k < end; k++) {               \
                int64_t ahead = order[k + LA_PICKED_AHEAD < end ? k + LA_PICKED_AHEAD : k];      \
                LA_PREFETCH(row + ahead);                                                        \
                LA_PREFETCH(w + ahead);                                                          \
                sum[row[order[k]]] += (A)w[order[k]] * factor;                                   \
            }                                                                                    \
        }                                                                                        \
    }

LA_PICKED(f64, double, double, double)
LA_PICKED(i32, int32_t, int32_t, uint32_t)
LA_PICKED(i64, int32_t, int64_t, uint64_t)

/* -- convolution --------------------------------------------------------------------------- */

/* Geometry of a convolution; arrays are row-major: input (X, Y, C), output (A, B, O), and the
 * kernel, turned by half a turn and with the outputs of a group last: (C, KX, KY, O / groups). */
typedef struct {
    int32_t in_y, in_c;
    int32_t out_x, out_y, out_c;
    int32_t kernel_x, kernel_y;
    int32_t pad_x, pad_y, stride_x, stride_y, dilation_x, dilation_y;
    int32_t groups;
} la_conv;

#define LA_CONV(NAME, T, A)                                                                      \
    LA_WIDE static void la_conv_##NAME(const la_conv *g, const T *restrict kernel,               \
                                       const int32_t *restrict at, const T *restrict x,          \
                                       ptrdiff_t count, T *restrict out) {                       \
        A *restrict sum = (A *)out;                                                              \
        const int32_t in_per_group = g->in_c / g->groups, wide = g->out_c / g->groups;           \
        for (ptrdiff_t e = 0; e < count; e++) {                                                  \
            int32_t c = at[e] % g->in_c, y = at[e] / g->in_c % g->in_y;                          \
            int32_t px = at[e] / g->in_c / g->in_y + g->pad_x, py = y + g->pad_y;                \
            const A *restrict from = (const A *)kernel +                                         \
                                     (ptrdiff_t)c * g->kernel_x * g->kernel_y * wide;            \
            A *restrict to = sum + (ptrdiff_t)(c / in_per_group) * wide;                         \
            A factor = x ? (A)x[e] : (A)1;                                                       \
            for (int32_t m = 0; m < g->kernel_x; m++) {                                          \
                int32_t dx = px - m * g->dilation_x, a = dx / g->stride_x;                       \
                if (dx < 0 || a >= g->out_x || a * g->stride_x != dx) {                          \
                    continue;                                                                    \
                }                                                                                \
                for (int32_t n = 0; n < g->kernel_y; n++) {                                      \
                    int32_t dy = py - n * g->dilation_y, b = dy / g->stride_y;                   \
                    if (dy < 0 || b >= g->out_y || b * g->stride_y != dy) {                      \
                        continue;                                                                \
                    }                                                                            \
                    const A *restrict w = from + ((ptrdiff_t)m * g->kernel_y + n) * wide;        \
                    A *restrict cell = to + ((ptrdiff_t)a * g->out_y + b) * g->out_c;            \
                    for (int32_t o = 0; o < wide; o++) {                                         \
                        cell[o] += w[o] * factor;                                                \
                    }                                                                            \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
    }

LA_CONV(f64, double, double)
LA_CONV(i32, int32_t, uint32_t)

/* The lowest bits of integers as numbers with a sign. */
LA_WIDE static void la_wrap(ptrdiff_t n, int bits, uint32_t *restrict x) {
    for (ptrdiff_t i = 0; i < n; i++) {
        x[i] = (uint32_t)((int32_t)(x[i] << (32 - bits)) >> (32 - bits));
    }
}

/* -- events -------------------------------------------------------------------------------- */

/* 0: strictly ascending and in range. 1: in range, in another order. 2: out of range. */
static int la_order(ptrdiff_t count, const int32_t *restrict at, ptrdiff_t size) {
    int order = 0;
    int64_t previous = -1;
    for (ptrdiff_t e = 0; e < count; e++) {
        if (at[e] < 0 || at[e] >= size) {
            return 2;
        }
        order |= at[e] <= previous;
        previous = at[e];
    }
    return order;
}

#endif
