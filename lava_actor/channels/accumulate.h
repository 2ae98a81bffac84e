/* Adding a message into an array: out[...] += message, for every useful pair of types.
 *
 * One function per (message type, array type), in the four ways a message can meet an array: whole
 * or as events, and with or without a map from its flat indices to those of the array. Indices are
 * checked before anything is added, so a refused message leaves the array as it was.
 *
 * Pairs whose sum would not be exact in C's terms as it is in NumPy's (a wide integer into a narrow
 * float, for one) are not here; the caller then adds through NumPy.
 */
#ifndef LAVA_ACTOR_ACCUMULATE_H
#define LAVA_ACTOR_ACCUMULATE_H

#include <stdint.h>
#include <string.h>

#include "events.h"

enum la_type {
    LA_BOOL,
    LA_I8,
    LA_I16,
    LA_I32,
    LA_I64,
    LA_U8,
    LA_U16,
    LA_U32,
    LA_U64,
    LA_F32,
    LA_F64,
    LA_N_TYPES,
};

typedef struct {
    void *out;
    int64_t n_out;
    const void *values;   /* NULL: events that are all ones */
    const int32_t *index; /* NULL: a whole array of count elements */
    int64_t count;
    int64_t n_message;  /* elements of the message's shape */
    const int32_t *map; /* NULL: the indices are the array's own */
} la_sum;

/* 1 if every place the message goes to lies in the array. */
static inline int la_sum_fits(const la_sum *s) {
    uint32_t outside = 0;
    int64_t k;
    if (!s->index && !s->map) {
        return s->count == s->n_out;
    }
    if (s->index) {
        uint32_t n = (uint32_t)(s->map ? s->n_message : s->n_out);
        for (k = 0; k < s->count; k++) {
            outside |= (uint32_t)s->index[k] >= n;
        }
        if (outside || !s->map) {
            return !outside;
        }
        for (k = 0; k < s->count; k++) {
            outside |= (uint32_t)s->map[s->index[k]] >= (uint32_t)s->n_out;
        }
        return !outside;
    }
    for (k = 0; k < s->count; k++) {
        outside |= (uint32_t)s->map[k] >= (uint32_t)s->n_out;
    }
    return !outside;
}

typedef void (*la_adder)(const la_sum *);

/* ADD(place, value) adds in the array's type; integers wrap, hence the detour over unsigned. */
#define LA_ADD_FLOAT(D, U, place, value) (place) += (D)(value)
#define LA_ADD_INT(D, U, place, value) (place) = (D)((U)(place) + (U)(D)(value))
#define LA_ADD_BOOL(D, U, place, value) (place) = (D)((place) | ((value) != 0))

#define LA_DEFINE_ADD(NAME, S, D, U, ADD)                                                       \
    LA_CLONES static void NAME(const la_sum *s) {                                               \
        D *restrict out = (D *)s->out;                                                          \
        const S *restrict v = (const S *)s->values;                                             \
        const int32_t *restrict at = s->index;                                                  \
        const int32_t *restrict map = s->map;                                                   \
        const int64_t n = s->count;                                                             \
        int64_t k;                                                                              \
        if (!at && !map) {                                                                      \
            for (k = 0; k < n; k++) {                                                           \
                ADD(D, U, out[k], v[k]);                                                        \
            }                                                                                   \
        } else if (!at) {                                                                       \
            for (k = 0; k < n; k++) {                                                           \
                ADD(D, U, out[map[k]], v[k]);                                                   \
            }                                                                                   \
        } else if (!map && v) {                                                                 \
            for (k = 0; k < n; k++) {                                                           \
                ADD(D, U, out[at[k]], v[k]);                                                    \
            }                                                                                   \
        } else if (!map) {                                                                      \
            for (k = 0; k < n; k++) {                                                           \
                ADD(D, U, out[at[k]], 1);                                                       \
            }                                                                                   \
        } else if (v) {                                                                         \
            for (k = 0; k < n; k++) {                                                           \
                ADD(D, U, out[map[at[k]]], v[k]);                                               \
            }                                                                                   \
        } else {                                                                                \
            for (k = 0; k < n; k++) {                                                           \
                ADD(D, U, out[map[at[k]]], 1);                                                  \
            }                                                                                   \
        }                                                                                       \
    }

#define LA_PAIRS(X)                                                                             \
    X(BOOL, uint8_t, BOOL, uint8_t, uint8_t, LA_ADD_BOOL)                                       \
    X(I8, int8_t, I8, int8_t, uint8_t, LA_ADD_INT)                                              \
    X(I16, int16_t, I16, int16_t, uint16_t, LA_ADD_INT)                                         \
    X(I32, int32_t, I32, int32_t, uint32_t, LA_ADD_INT)                                         \
    X(I64, int64_t, I64, int64_t, uint64_t, LA_ADD_INT)                                         \
    X(U8, uint8_t, U8, uint8_t, uint8_t, LA_ADD_INT)                                            \
    X(U16, uint16_t, U16, uint16_t, uint16_t, LA_ADD_INT)                                       \
    X(U32, uint32_t, U32, uint32_t, uint32_t, LA_ADD_INT)                                       \
    X(U64, uint64_t, U64, uint64_t, uint64_t, LA_ADD_INT)                                       \
    X(F32, float, F32, float, float, LA_ADD_FLOAT)                                              \
    X(F64, double, F64, double, double, LA_ADD_FLOAT)                                           \
    X(BOOL, uint8_t, I32, int32_t, uint32_t, LA_ADD_INT)                                        \
    X(I8, int8_t, I32, int32_t, uint32_t, LA_ADD_INT)                                           \
    X(I16, int16_t, I32, int32_t, uint32_t, LA_ADD_INT)                                         \
    X(U8, uint8_t, I32, int32_t, uint32_t, LA_ADD_INT)                                          \
    X(BOOL, uint8_t, I64, int64_t, uint64_t, LA_ADD_INT)                                        \
    X(I8, int8_t, I64, int64_t, uint64_t, LA_ADD_INT)                                           \
    X(I16, int16_t, I64, int64_t, uint64_t, LA_ADD_INT)                                         \
    X(I32, int32_t, I64, int64_t, uint64_t, LA_ADD_INT)                                         \
    X(U8, uint8_t, I64, int64_t, uint64_t, LA_ADD_INT)                                          \
    X(BOOL, uint8_t, F32, float, float, LA_ADD_FLOAT)                                           \
    X(I8, int8_t, F32, float, float, LA_ADD_FLOAT)                                              \
    X(I16, int16_t, F32, float, float, LA_ADD_FLOAT)                                            \
    X(BOOL, uint8_t, F64, double, double, LA_ADD_FLOAT)                                         \
    X(I8, int8_t, F64, double, double, LA_ADD_FLOAT)                                            \
    X(I16, int16_t, F64, double, double, LA_ADD_FLOAT)                                          \
    X(I32, int32_t, F64, double, double, LA_ADD_FLOAT)                                          \
    X(F32, float, F64, double, double, LA_ADD_FLOAT)

#define LA_EMIT_FUNCTION(SN, S, DN, D, U, ADD) LA_DEFINE_ADD(la_add_##SN##_to_##DN, S, D, U, ADD)
LA_PAIRS(LA_EMIT_FUNCTION)

#define LA_EMIT_ENTRY(SN, S, DN, D, U, ADD)                                                     \
    [LA_##SN * LA_N_TYPES + LA_##DN] = la_add_##SN##_to_##DN,
static const la_adder la_adders[LA_N_TYPES * LA_N_TYPES] = {LA_PAIRS(LA_EMIT_ENTRY)};

/* The function for a pair of types, or NULL. */
static inline la_adder la_adder_for(int message, int array) {
    if (message < 0 || array < 0) {
        return NULL;
    }
    return la_adders[message * LA_N_TYPES + array];
}

static inline void la_run_adder(la_adder add, const la_sum *s) {
    add(s);
}

#endif
