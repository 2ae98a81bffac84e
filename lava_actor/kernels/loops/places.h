/* Where messages come from and go to: sources, sinks, and the small Processes of lava_actor/proc/clp. */
#ifndef LAVA_ACTOR_PLACES_H
#define LAVA_ACTOR_PLACES_H

#include "catalogue.h"
#include "integers.h"

/* Arrays: s_out, counter, rate, payload. */
LA_WIDE static int la_step_spiker_i64(const la_pack *p) {
    int64_t *restrict s = p->arrays[0], *restrict counter = p->arrays[1];
    const int64_t *restrict rate = p->arrays[2], *restrict payload = p->arrays[3];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        int hit = counter[k] == rate[k];
        s[k] = hit ? payload[k] : 0;
        counter[k] = hit ? 1 : la_add64(counter[k], 1);
    }
    return 0;
}

/* Arrays: a message, data (steps, neurons). Integers: bytes of an element. */
LA_INLINE void la_copy_row(const la_pack *p, int records) {
    size_t bytes = (size_t)(p->n * p->integers[0]);
    if (bytes) {
        uint64_t rows = (uint64_t)(p->sizes[1] / p->n);
        char *message = p->arrays[0], *row = (char *)p->arrays[1] + (p->step - 1) % rows * bytes;
        memcpy(records ? row : message, records ? message : row, bytes);
    }
}

LA_STEP_BY(replay, la_copy_row, 0)
LA_STEP_BY(record, la_copy_row, 1)

/* Arrays: a_in, what keeps it, both of 64 bits. */
static int la_step_keep_64(const la_pack *p) {
    memcpy(p->arrays[1], p->arrays[0], (size_t)p->n * 8);
    return 0;
}

/* Arrays: a_in, payload_last_bytes, payload_first_byte. */
LA_WIDE static int la_step_keep_bytes(const la_pack *p) {
    const int64_t *restrict a = p->arrays[0];
    int32_t *restrict last = p->arrays[1], *restrict first = p->arrays[2];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        last[k] = (int32_t)(a[k] & 0xFFFFFF);
        first[k] = (int32_t)((a[k] >> 24) & 0xFF);
    }
    return 0;
}

/* Arrays: a_in, s_out, val. */
static int la_step_broadcast_i32(const la_pack *p) {
    memcpy(p->arrays[1], p->arrays[0], (size_t)p->n * sizeof(int32_t));
    memcpy(p->arrays[2], p->arrays[0], (size_t)p->n * sizeof(int32_t));
    return 0;
}

/* Arrays: input_aval_in, output_aval_in, novelty_detected_out, waiting, counter. Integers: t_wait. */
static int la_step_novelty(const la_pack *p) {
    const int32_t *asked = p->arrays[0], *answered = p->arrays[1];
    int32_t *novel = p->arrays[2], *waiting = p->arrays[3], *counter = p->arrays[4];
    if (asked[0]) {
        waiting[0] = 1;
        counter[0] = 0;
    }
    novel[0] = !answered[0] && counter[0] > p->integers[0];
    if (answered[0] || novel[0]) {
        waiting[0] = counter[0] = 0;
    }
    if (waiting[0]) {
        counter[0] = la_add32(counter[0], 1);
    }
    return 0;
}

/* Arrays: trigger_in, allocate_out, next_alloc_id. */
static int la_step_allocate(const la_pack *p) {
    const int32_t *trigger = p->arrays[0];
    int32_t *number = p->arrays[1], *next = p->arrays[2];
    number[0] = trigger[0] ? next[0] : 0;
    next[0] = la_add32(next[0], trigger[0] != 0);
    return 0;
}

/* Arrays: label_in, inference_in, user_output, feedback, trigger_alloc, proto_labels,
 * last_winner_id. A winner without a label: 1. */
static int la_step_read_out(const la_pack *p) {
    const int32_t *given = p->arrays[0], *fired = p->arrays[1];
    int32_t *answer = p->arrays[2], *feedback = p->arrays[3], *trigger = p->arrays[4];
    int32_t *labels = p->arrays[5], *last = p->arrays[6];
    const int64_t n = p->sizes[5];
    int64_t winner = 0;
    answer[0] = feedback[0] = trigger[0] = 0;
    while (winner < p->sizes[1] && !fired[winner]) {
        winner++;
    }
    if (winner < p->sizes[1]) {
        if (winner >= n) {
            return 1;
        }
        last[0] = (int32_t)winner;
        if (labels[winner] == 0) {
            labels[winner] = (int32_t)(-winner - 1);
        }
        answer[0] = labels[winner];
    }
    if (given[0]) {
        winner = last[0] < 0 ? last[0] + n : last[0];
        if (winner < 0 || winner >= n) {
            return 1;
        }
        if (labels[winner] > 0) {
            feedback[0] = labels[winner] == given[0] ? 1 : -1;
            trigger[0] = feedback[0] < 0;
        } else if (labels[winner] < 0) {
            labels[winner] = answer[0] = given[0];
        }
    }
    return 0;
}

/* Arrays: s_out, period, first, amplitude. A period that is not positive: 1. */
#define LA_REGULAR(NAME, T)                                                                        \
    static int la_step_regular_##NAME(const la_pack *p) {                                          \
        const int64_t *restrict period = p->arrays[1], *restrict first = p->arrays[2];             \
        const T *restrict amplitude = p->arrays[3];                                                \
        T *restrict s = p->arrays[0];                                                              \
        for (ptrdiff_t i = 0; i < p->n; i++) {                                                     \
            int64_t since = la_sub64((int64_t)p->step, first[i]);                                  \
            if (period[i] < 1) {                                                                   \
                return 1;                                                                          \
            }                                                                                      \
            /* Short division where it reaches: it takes a fraction of the time. */                \
            int hit = since < 0                        ? 0                                         \
                      : (since | period[i]) >> 32 == 0 ? !((uint32_t)since % (uint32_t)period[i])  \
                                                       : !(since % period[i]);                     \
            s[i] = hit ? amplitude[i] : 0;                                                         \
        }                                                                                          \
        return 0;                                                                                  \
    }

LA_REGULAR(f64, double)
LA_REGULAR(i32, int32_t)

#define LA_PLACES_STEPS                                                                            \
    LA_STEP(spiker_i64) LA_STEP(replay) LA_STEP(record) LA_STEP(keep_64) LA_STEP(keep_bytes)       \
    LA_STEP(broadcast_i32) LA_STEP(novelty) LA_STEP(allocate)          \
    LA_STEP(read_out) LA_STEP(regular_f64) LA_STEP(regular_i32)

#endif
