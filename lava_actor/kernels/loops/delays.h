/* What delayed synapses will do, listed by the step in which it is due.
 *
 * A line of sums, one per neuron and delay, is written to all over, and is larger than caches where neurons are many;
 * it is moved, scanned and sent whatever happens. Where little happens it is less work to note each synaptic event
 * with what is due in its step, and to add all of that up when the step has come. The sum of a neuron is taken in the
 * same order, since the notes of a step lie in the order in which they were made.
 *
 * A note is a row and the code of a weight in 32 bits, where weights have codes; or a row and a number. Where the
 * entries of a column are in the order of their delays, those of a step are noted together: as many are copied as may
 * be among them, and then counted. Nobody can foresee how many there are, a processor neither, and it would pay for
 * each wrong guess with more time than the copy takes.
 *
 * Notes lie in sheets. What a sheet held is done in the step in which the next notes are made, so they are written
 * where caches are warm, and take no more room than what is still due.
 */
#ifndef LAVA_ACTOR_DELAYS_H
#define LAVA_ACTOR_DELAYS_H

#include <stdlib.h>

#include "by_delay.h"
#include "synapses.h"

/* Bytes of a sheet, which starts at a multiple of them; and in front of its notes, whatever they are. */
#define LA_SHEET 1024
#define LA_SHEET_HEAD 16
/* Bytes of notes that are made together; and how many more delays without any, or with one, a column may have than
 * with several. */
#define LA_NOTED 64
#define LA_GAPS 4
/* Sheets that are asked for at once, at first and at most. */
#define LA_SLAB 16
#define LA_SLAB_MOST 1024

typedef struct la_sheet {
    struct la_sheet *next;
    int64_t bytes; /* of notes, once there is a next one */
} la_sheet;

typedef struct {
    unsigned char **next; /* per delay, in a circle: where its next note goes; at a multiple of LA_SHEET: nowhere yet */
    la_sheet **first;     /* per delay: its sheets */
    int64_t *bytes;       /* per delay: of notes in all sheets but the last */
    int32_t depth, now;
    uint32_t rows;
    uint64_t inverse;  /* 2**64 / rows, rounded up; 0: one row */
    uint64_t *touched; /* a bit per row that `la_due` has added to */
    la_sheet *spare;
    la_sheet *slabs;   /* the first sheet of each, which holds nothing */
    size_t slab;       /* sheets of the last one */
} la_later;

typedef struct {
    int32_t row;
    double value;
} la_note_f64;

typedef struct {
    int32_t row;
    int32_t value;
} la_note_i32;

static inline void la_later_free(la_later *l) {
    while (l->slabs) {
        la_sheet *slab = l->slabs;
        l->slabs = slab->next;
        free(slab);
    }
    free(l->next);
    free(l->first);
    free(l->bytes);
    free(l->touched);
    memset(l, 0, sizeof(*l));
}

/* 0: no memory. */
static inline int la_later_init(la_later *l, int32_t depth, int32_t rows) {
    la_later_free(l);
    l->next = calloc((size_t)depth, sizeof *l->next);
    l->first = calloc((size_t)depth, sizeof *l->first);
    l->bytes = calloc((size_t)depth, sizeof *l->bytes);
    l->touched = calloc((size_t)rows / 64 + 1, sizeof(uint64_t));
    l->depth = depth;
    l->rows = (uint32_t)rows;
    l->inverse = rows > 1 ? UINT64_MAX / l->rows + 1 : 0;
    return l->next && l->first && l->bytes && l->touched;
}

/* Whether a sheet has no room for so many bytes. */
static inline int la_is_full(const unsigned char *place, size_t bytes) {
    return ((uintptr_t)place - 1) % LA_SHEET >= LA_SHEET - bytes;
}

/* The sheet in front of where a note goes. */
static inline la_sheet *la_sheet_of(unsigned char *place) {
    return (la_sheet *)(place - 1 - (uintptr_t)(place - 1) % LA_SHEET);
}

static inline int32_t la_later_at(const la_later *l, int32_t delay) {
    int32_t at = l->now + delay;
    return at < l->depth ? at : at - l->depth;
}

/* How many notes of so many bytes there are for a delay. */
static inline int64_t la_later_used(const la_later *l, int32_t delay, size_t note) {
    int32_t at = la_later_at(l, delay);
    unsigned char *place = l->next[at];
    if (!place) {
        return 0;
    }
    return (l->bytes[at] + (place - (unsigned char *)la_sheet_of(place) - LA_SHEET_HEAD)) / (int64_t)note;
}

/* What was due is done. */
static inline void la_later_advance(la_later *l) {
    la_sheet *first = l->first[l->now];
    if (first) {
        la_sheet_of(l->next[l->now])->next = l->spare;
        l->spare = first;
    }
    l->first[l->now] = NULL;
    l->next[l->now] = NULL;
    l->bytes[l->now] = 0;
    l->now = l->now + 1 < l->depth ? l->now + 1 : 0;
    if (l->first[l->now]) {
        LA_PREFETCH(l->first[l->now]);
        LA_PREFETCH((const char *)l->first[l->now] + 64);
    }
}

static inline la_sheet *la_spare_sheet(la_later *l) {
    la_sheet *found = l->spare;
    if (!found) {
        size_t many = l->slab < LA_SLAB ? LA_SLAB : l->slab < LA_SLAB_MOST ? 2 * l->slab : LA_SLAB_MOST;
        unsigned char *slab = aligned_alloc(LA_SHEET, many * LA_SHEET);
        if (!slab) {
            return NULL;
        }
        for (size_t k = 1; k < many; k++) {
            ((la_sheet *)(slab + k * LA_SHEET))->next = k + 1 < many ? (la_sheet *)(slab + (k + 1) * LA_SHEET) : NULL;
        }
        ((la_sheet *)slab)->next = l->slabs;
        l->slabs = (la_sheet *)slab;
        l->slab = many;
        found = (la_sheet *)(slab + LA_SHEET);
    }
    l->spare = found->next;
    return found;
}

/* Where the next note goes that is due at a place of the circle; NULL: no memory. */
static unsigned char *la_later_room(la_later *l, int32_t at) {
    la_sheet *sheet = la_spare_sheet(l);
    if (!sheet) {
        return NULL;
    }
    sheet->next = NULL;
    if (l->next[at]) {
        la_sheet *last = la_sheet_of(l->next[at]);
        last->bytes = l->next[at] - (unsigned char *)last - LA_SHEET_HEAD;
        last->next = sheet;
        l->bytes[at] += last->bytes;
    } else {
        l->first[at] = sheet;
    }
    return (unsigned char *)sheet + LA_SHEET_HEAD;
}

/* What LA_NOTE looks at. */
#define LA_NOTING(l)                                                                                                   \
    unsigned char **places = (l)->next;                                                                                \
    const int32_t now = (l)->now, depth = (l)->depth;                                                                  \
    const uint32_t rows = (l)->rows;                                                                                   \
    const uint64_t inverse = (l)->inverse;

/* The delay of a row of a tall matrix. */
#define LA_LATE(tall) (inverse ? (uint32_t)(((unsigned __int128)inverse * (tall)) >> 64) : (tall))

/* Note down entry VALUE of row `tall` of a tall matrix: delay times rows, plus row. */
#define LA_NOTE(N, tall, VALUE)                                                                                        \
    {                                                                                                                  \
        uint32_t high = (tall);                                                                                        \
        uint32_t late = LA_LATE(high);                                                                                 \
        uint32_t low = high - late * rows;                                                                             \
        int32_t at_delay = now + (int32_t)late;                                                                        \
        at_delay -= at_delay < depth ? 0 : depth;                                                                      \
        unsigned char *place = places[at_delay];                                                                       \
        if (la_is_full(place, sizeof(N))) {                                                                            \
            place = la_later_room(l, at_delay);                                                                        \
            if (!place) {                                                                                              \
                return 0;                                                                                              \
            }                                                                                                          \
        }                                                                                                              \
        *(N *)place = VALUE;                                                                                           \
        places[at_delay] = place + sizeof(N);                                                                          \
    }

/* Note entries from k on, which are in the order of their delays, up to end, or until too many have a delay of their
 * own. TALL and VALUE: of entry k + j. Around it are k, end and l, and what LA_NOTING says. */
#define LA_NOTE_RUNS(N, TALL, VALUE)                                                                                   \
    {                                                                                                                  \
        enum { MOST = LA_NOTED / sizeof(N) };                                                                          \
        uint32_t past = 0;                                                                                             \
        int32_t at_delay = 0, gaps = 0;                                                                                \
        for (int32_t found = 0; k < end; k += found) {                                                                 \
            const int64_t left = end - k;                                                                              \
            if (!found) {                                                                                              \
                const int32_t j = 0;                                                                                   \
                const uint32_t late = LA_LATE(TALL);                                                                   \
                if (++gaps > LA_GAPS) {                                                                                \
                    break;                                                                                             \
                }                                                                                                      \
                past = late * rows;                                                                                    \
                at_delay = now + (int32_t)late;                                                                        \
                at_delay -= at_delay < depth ? 0 : depth;                                                              \
            }                                                                                                          \
            unsigned char *place = places[at_delay];                                                                   \
            if (la_is_full(place, LA_NOTED)) {                                                                         \
                place = la_later_room(l, at_delay);                                                                    \
                if (!place) {                                                                                          \
                    return 0;                                                                                          \
                }                                                                                                      \
            }                                                                                                          \
            N *restrict note = (N *)place;                                                                             \
            found = 0;                                                                                                 \
            if (left >= MOST) {                                                                                        \
                LA_TOGETHER                                                                                            \
                for (int32_t j = 0; j < MOST; j++) {                                                                   \
                    const uint32_t low = (TALL) - past;                                                                \
                    note[j] = VALUE;                                                                                   \
                    found += low < rows;                                                                               \
                }                                                                                                      \
            } else {                                                                                                   \
                for (int32_t j = 0; j < (int32_t)left; j++) {                                                          \
                    const uint32_t low = (TALL) - past;                                                                \
                    note[j] = VALUE;                                                                                   \
                    found += low < rows;                                                                               \
                }                                                                                                      \
            }                                                                                                          \
            places[at_delay] = place + (size_t)found * sizeof(N);                                                      \
            past += found < MOST ? rows : 0;                                                                           \
            at_delay += found < MOST;                                                                                  \
            at_delay -= at_delay < depth ? 0 : depth;                                                                  \
            gaps -= found > 1;                                                                                         \
        }                                                                                                              \
    }

/* Note the columns of the events, with codes; 0: no memory. */
#define LA_LATER_CODED(NAME, R, TALL, CODE)                                                                            \
    LA_WIDE static int la_later_coded_##NAME(la_later *l, const la_csc *m, const int32_t *restrict at,                 \
                                             ptrdiff_t count) {                                                        \
        const int64_t *restrict ptr = m->ptr;                                                                          \
        const R *restrict row = (const R *)m->row;                                                                     \
        const uint8_t *restrict code = m->codes;                                                                       \
        LA_NOTING(l)                                                                                                   \
        LA_EACH_COLUMN(code, {                                                                                         \
            if (m->by_delay) {                                                                                         \
                LA_NOTE_RUNS(uint32_t, TALL(k + j), low << 8 | CODE(k + j))                                            \
            }                                                                                                          \
            for (; k < end; k++) {                                                                                     \
                LA_NOTE(uint32_t, TALL(k), low << 8 | CODE(k))                                                         \
            }                                                                                                          \
        })                                                                                                             \
        return 1;                                                                                                      \
    }

#define LA_TALL_PLAIN(i) (uint32_t)row[i]
#define LA_TALL_PACKED(i) (row[i] >> 8)
#define LA_CODE_PLAIN(i) (code ? code[i] : 0u)
#define LA_CODE_PACKED(i) (row[i] & 255)

LA_LATER_CODED(16, uint16_t, LA_TALL_PLAIN, LA_CODE_PLAIN)
LA_LATER_CODED(32, int32_t, LA_TALL_PLAIN, LA_CODE_PLAIN)
LA_LATER_CODED(packed, uint32_t, LA_TALL_PACKED, LA_CODE_PACKED)

/* True if rows leave room for a code. */
static inline int la_can_code(const la_csc *m, int32_t rows) {
    return rows <= 1 << 24 && (m->packed || m->codes || !m->weights);
}

static inline int la_later_coded(la_later *l, const la_csc *m, const int32_t *at, ptrdiff_t count) {
    return (m->packed ? la_later_coded_packed : m->narrow ? la_later_coded_16 : la_later_coded_32)(l, m, at, count);
}

/* Note the columns of the events times `x`, with numbers; 0: no memory. */
#define LA_TALL_ANY(i) (m->narrow ? row[i] : m->packed ? wide[i] >> 8 : wide[i])
#define LA_WEIGHT_ANY(A, i) (!w ? one : (A)(m->packed ? w[wide[i] & 255] : code ? w[code[i]] : w[i]))
#define LA_VALUE(A, i) (x ? LA_WEIGHT_ANY(A, i) * factor : LA_WEIGHT_ANY(A, i))

#define LA_LATER_VALUED(NAME, T, A, N, ONE)                                                                            \
    static int la_later_valued_##NAME(la_later *l, const la_csc *m, const int32_t *restrict at, const T *restrict x,   \
                                      ptrdiff_t count) {                                                               \
        const int64_t *restrict ptr = m->ptr;                                                                          \
        const uint16_t *restrict row = (const uint16_t *)m->row;                                                       \
        const uint32_t *restrict wide = (const uint32_t *)m->row;                                                      \
        const T *restrict w = (const T *)m->weights;                                                                   \
        const uint8_t *restrict code = m->codes;                                                                       \
        const A one = (A)m->ONE;                                                                                       \
        LA_NOTING(l)                                                                                                   \
        LA_EACH_COLUMN((const uint8_t *)0, {                                                                           \
            A factor = x ? (A)x[e] : (A)1;                                                                             \
            if (m->by_delay) {                                                                                         \
                LA_NOTE_RUNS(N, LA_TALL_ANY(k + j), ((N){(int32_t)low, (T)LA_VALUE(A, k + j)}))                        \
            }                                                                                                          \
            for (; k < end; k++) {                                                                                     \
                LA_NOTE(N, LA_TALL_ANY(k), ((N){(int32_t)low, (T)LA_VALUE(A, k)}))                                     \
            }                                                                                                          \
        })                                                                                                             \
        return 1;                                                                                                      \
    }                                                                                                                  \
                                                                                                                       \
    /* Add what is noted for a delay to sums, by a table of weights if notes have codes. */                            \
    LA_INLINE void la_due_to_##NAME(const la_later *l, int32_t delay, const T *table, T *restrict out,                 \
                                    uint64_t *restrict touched) {                                                      \
        const int32_t at = la_later_at(l, delay);                                                                      \
        const unsigned char *end = l->next[at];                                                                        \
        const ptrdiff_t size = table ? sizeof(uint32_t) : sizeof(N);                                                   \
        A *restrict sum = (A *)out;                                                                                    \
        for (const la_sheet *sheet = l->first[at]; sheet; sheet = sheet->next) {                                       \
            const unsigned char *from = (const unsigned char *)sheet + LA_SHEET_HEAD;                                  \
            const uint32_t *restrict coded = (const uint32_t *)from;                                                   \
            const N *restrict note = (const N *)from;                                                                  \
            const ptrdiff_t count = (sheet->next ? sheet->bytes : end - from) / size;                                  \
            for (int byte = 0; sheet->next && byte < LA_SHEET; byte += 64) {                                           \
                LA_PREFETCH((const char *)sheet->next + byte);                                                         \
            }                                                                                                          \
            for (ptrdiff_t i = 0; i < count; i++) {                                                                    \
                uint32_t r = table ? coded[i] >> 8 : (uint32_t)note[i].row;                                            \
                sum[r] += (A)(table ? table[coded[i] & 255] : note[i].value);                                          \
                if (touched) {                                                                                         \
                    touched[r / 64] |= UINT64_C(1) << r % 64;                                                          \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* `whole`: nobody will ask which rows are touched. */                                                             \
    static void la_due_##NAME(la_later *l, int32_t delay, const T *table, T *out, int whole) {                         \
        if (table && whole) {                                                                                          \
            la_due_to_##NAME(l, delay, table, out, NULL);                                                              \
        } else if (table) {                                                                                            \
            la_due_to_##NAME(l, delay, table, out, l->touched);                                                        \
        } else {                                                                                                       \
            la_due_to_##NAME(l, delay, NULL, out, whole ? NULL : l->touched);                                          \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* The touched rows that are not zero, ascending: how many, or -1 if more than limit. Then none is touched. */     \
    static int64_t la_touched_##NAME(la_later *l, const T *sum, int32_t *restrict index, int64_t limit) {              \
        int64_t found = 0;                                                                                             \
        for (uint32_t word = 0; word <= l->rows / 64; word++) {                                                        \
            uint64_t left = l->touched[word];                                                                          \
            for (l->touched[word] = 0; left; left &= left - 1) {                                                       \
                int32_t r = (int32_t)(64 * word) + __builtin_ctzll(left);                                              \
                T none = 0;                                                                                            \
                if (found == limit) {                                                                                  \
                    memset(l->touched, 0, (l->rows / 64 + 1) * sizeof *l->touched);                                    \
                    return -1;                                                                                         \
                }                                                                                                      \
                index[found] = r;                                                                                      \
                found += memcmp(&sum[r], &none, sizeof none) != 0;                                                     \
            }                                                                                                          \
        }                                                                                                              \
        return found;                                                                                                  \
    }                                                                                                                  \
                                                                                                                       \
    /* Make what was found zero, for the next step. */                                                                 \
    static void la_clear_##NAME(const la_later *l, T *restrict sum, const int32_t *index, int64_t found) {             \
        if (found < 0) {                                                                                               \
            memset(sum, 0, l->rows * sizeof *sum);                                                                     \
        }                                                                                                              \
        for (int64_t k = 0; k < found; k++) {                                                                          \
            sum[index[k]] = 0;                                                                                         \
        }                                                                                                              \
    }

LA_LATER_VALUED(f64, double, double, la_note_f64, one_f64)
LA_LATER_VALUED(i32, int32_t, uint32_t, la_note_i32, one_i32)

#define la_later_valued(kind, ...) LA_BY_KIND(kind, la_later_valued, __VA_ARGS__)
#define la_due(kind, ...) LA_BY_KIND(kind, la_due, __VA_ARGS__)
#define la_touched(kind, ...) LA_BY_KIND(kind, la_touched, __VA_ARGS__)
#define la_clear(kind, ...) LA_BY_KIND(kind, la_clear, __VA_ARGS__)

#endif
