/* Leaky integrate-and-fire neurons: LIF, LIFReset, LIFRefractory and TernaryLIF.
 *
 * The order of operations is that of the NumPy expressions in lava_actor/proc/lif/models.py. A
 * template serves all of them: `kind` is a constant where it is expanded.
 */
#ifndef LAVA_ACTOR_LIF_H
#define LAVA_ACTOR_LIF_H

#include "catalogue.h"
#include "integers.h"

enum la_lif_kind { LA_PLAIN, LA_REFRACTORY, LA_TERNARY };

/* What kinds need besides: steps that refractory periods end with, this step, the period, and the
 * lower threshold of ternary neurons. */
typedef struct {
    int64_t *restrict end;
    int64_t now, period;
    double low;
    int64_t low_fixed;
} la_lif_extra;

/* What neurons have one by one, where it is not the same for all: decays and thresholds. NULL where
 * it is; which of the two, a template is told as a constant. */
typedef struct {
    const double *restrict du, *restrict dv, *restrict high, *restrict low;
} la_lif_each_f64;

typedef struct {
    const int32_t *restrict du, *restrict dv, *restrict high, *restrict low;
} la_lif_each_i32;

LA_INLINE void la_lif_f64(int kind, ptrdiff_t n, double *restrict u, double *restrict v,
                          const double *restrict a, const double *restrict bias, double all_keep_u,
                          double all_keep_v, double all_high, la_lif_extra x, int each,
                          la_lif_each_f64 own, int8_t *restrict s) {
    int64_t fired[LA_NEURON_BLOCK];
    int64_t *restrict end = x.end;
    LA_BY_BLOCKS(n) {
        LA_APART
        for (ptrdiff_t i = from; i < to; i++) {
            double keep_u = each ? 1.0 - own.du[i] : all_keep_u;
            double keep_v = each ? 1.0 - own.dv[i] : all_keep_v;
            double current = u[i] * keep_u + a[i];
            double voltage = v[i] * keep_v + current + bias[i];
            u[i] = current;
            if (kind == LA_REFRACTORY) {
                v[i] = end[i] >= x.now ? v[i] : voltage; /* and goes on in a loop of its own */
                continue;
            }
            int64_t spike = voltage > (each ? own.high[i] : all_high) ? 1 : 0;
            if (kind == LA_TERNARY) {
                spike -= voltage < (each ? own.low[i] : x.low) ? 1 : 0;
            }
            v[i] = spike ? 0.0 : voltage;
            fired[i - from] = spike;
        }
        LA_APART
        for (ptrdiff_t i = from; kind == LA_REFRACTORY && i < to; i++) {
            int64_t spike = v[i] > (each ? own.high[i] : all_high) ? 1 : 0;
            v[i] = spike ? 0.0 : v[i];
            end[i] = spike ? x.now + x.period : end[i];
            fired[i - from] = spike;
        }
        for (ptrdiff_t i = from; i < to; i++) {
            s[i] = (int8_t)fired[i - from];
        }
    }
}

/* The fixed-point neuron comes twice. The plain way computes in 64 bits, which holds every sum of
 * 32-bit numbers. The narrow way computes in 32 bits, eight neurons at a time, and is taken for a
 * block of neurons whose numbers are small enough for that: states of 24 bits, as they are after
 * the first step, and inputs and biases far from overflow.
 *
 * keep_u and keep_v are factors of 1/4096 in [0, 4096]. */
#define LA_SMALL_INPUT ((int32_t)1 << 22)
#define LA_SMALL_EXP 13

/* mant * 2^exp, rounded down; exp counts as at most 31 and at least -31. */
static inline int64_t la_bias(int32_t mant, int32_t exp) {
    int32_t left = exp < 0 ? 0 : exp > 31 ? 31 : exp;
    int32_t right = exp > 0 ? 0 : exp < -31 ? 31 : -exp;
    return (int64_t)((uint64_t)(int64_t)(mant >> right) << left);
}

/* The current and the voltage of a step. Division rounds toward zero: it shifts the magnitude. */
static inline int32_t la_lif_current(int32_t u, int64_t keep, int32_t a) {
    return (int32_t)la_turn24_64(u * keep / 4096 + (int32_t)((uint32_t)a << 6));
}

static inline int64_t la_lif_voltage(int32_t v, int64_t keep, int32_t u, int32_t mant, int32_t exp) {
    return la_clip24_64(v * keep / 4096 + u + la_bias(mant, exp));
}

LA_INLINE void la_lif_i32_plain(int kind, ptrdiff_t n, int32_t *restrict u, int32_t *restrict v,
                                const int32_t *restrict a, const int32_t *restrict mant,
                                const int32_t *restrict exp, int32_t all_keep_u, int32_t all_keep_v,
                                int64_t all_high, la_lif_extra x, int each, la_lif_each_i32 own,
                                int8_t *restrict s) {
    for (ptrdiff_t i = 0; i < n; i++) {
        int64_t keep_u = each ? INT64_C(4095) - own.du[i] : all_keep_u;
        int64_t keep_v = each ? INT64_C(4096) - own.dv[i] : all_keep_v;
        int64_t threshold = each ? INT64_C(64) * own.high[i] : all_high;
        u[i] = la_lif_current(u[i], keep_u, a[i]);
        int64_t voltage = la_lif_voltage(v[i], keep_v, u[i], mant[i], exp[i]);
        if (kind == LA_REFRACTORY) {
            voltage = x.end[i] >= x.now ? v[i] : voltage;
        }
        s[i] = voltage > threshold;
        if (kind == LA_TERNARY) {
            s[i] -= voltage < (each ? INT64_C(64) * own.low[i] : x.low_fixed);
        }
        v[i] = s[i] ? 0 : (int32_t)voltage;
        if (kind == LA_REFRACTORY) {
            x.end[i] = s[i] ? x.now + x.period : x.end[i];
        }
    }
}

LA_INLINE int la_lif_is_small(ptrdiff_t n, const int32_t *restrict u,
                                   const int32_t *restrict v, const int32_t *restrict a,
                                   const int32_t *restrict mant, const int32_t *restrict exp) {
    uint32_t large = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        /* x + limit > 2 * limit as unsigned numbers: x is below -limit or above limit. */
        large |= (uint32_t)u[i] + 2 * LA_LIMIT24 > 4u * LA_LIMIT24;
        large |= (uint32_t)v[i] + 2 * LA_LIMIT24 > 4u * LA_LIMIT24;
        large |= (uint32_t)a[i] + LA_SMALL_INPUT > 2u * LA_SMALL_INPUT;
        large |= (uint32_t)mant[i] + 32768u > 65536u;
        large |= (uint32_t)exp[i] + 31u > 31u + LA_SMALL_EXP;
    }
    return !large;
}

/* Thresholds beyond the limits of the states are all alike. */
#define LA_BEYOND_VTH (LA_LIMIT24 / 64)

/* Whether the numbers that neurons have one by one are such as the narrow way takes. */
LA_INLINE int la_lif_own_are_small(int kind, ptrdiff_t n, la_lif_each_i32 own) {
    uint32_t large = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        large |= (uint32_t)own.du[i] + 1u > 4096u;
        large |= (uint32_t)own.dv[i] > 4096u;
        large |= own.high[i] <= -LA_BEYOND_VTH;
        if (kind == LA_REFRACTORY) {
            large |= own.high[i] >= LA_BEYOND_VTH;
        }
        if (kind == LA_TERNARY) {
            large |= own.low[i] >= LA_BEYOND_VTH;
        }
    }
    return !large;
}

LA_INLINE void la_lif_i32_narrow(int kind, ptrdiff_t n, int32_t *restrict u, int32_t *restrict v,
                                 const int32_t *restrict a, const int32_t *restrict mant,
                                 const int32_t *restrict exp, int32_t all_keep_u,
                                 int32_t all_keep_v, int32_t all_high, la_lif_extra x, int each,
                                 la_lif_each_i32 own, int32_t *restrict fired) {
    int32_t all_low = (int32_t)la_clip24_64(x.low_fixed);
    for (ptrdiff_t i = 0; i < n; i++) {
        int32_t keep_u = each ? 4095 - own.du[i] : all_keep_u;
        int32_t keep_v = each ? 4096 - own.dv[i] : all_keep_v;
        int32_t threshold = all_high, low = all_low;
        if (each) {
            threshold = 64 * (own.high[i] < LA_BEYOND_VTH ? own.high[i] : LA_BEYOND_VTH);
        }
        if (each && kind == LA_TERNARY) {
            low = 64 * (own.low[i] > -LA_BEYOND_VTH ? own.low[i] : -LA_BEYOND_VTH);
        }
        int32_t current = la_turn24_32(la_part32(u[i], (uint32_t)keep_u, 12) + a[i] * 64);
        int32_t left = exp[i] > 0 ? exp[i] : 0, right = exp[i] < 0 ? -exp[i] : 0;
        int32_t bias = (int32_t)((uint32_t)(mant[i] >> right) << left);
        int32_t voltage = la_clip24_32(la_part32(v[i], (uint32_t)keep_v, 12) + current + bias);
        if (kind == LA_REFRACTORY) {
            voltage = x.end[i] >= x.now ? v[i] : voltage;
        }
        int32_t spike = voltage > threshold;
        if (kind == LA_TERNARY) {
            spike -= voltage < low;
        }
        u[i] = current;
        v[i] = spike ? 0 : voltage;
        if (kind == LA_REFRACTORY) {
            x.end[i] = spike ? x.now + x.period : x.end[i];
        }
        fired[i] = spike;
    }
}

LA_INLINE void la_lif_i32(int kind, ptrdiff_t n, int32_t *u, int32_t *v, const int32_t *a,
                          const int32_t *mant, const int32_t *exp, int32_t keep_u, int32_t keep_v,
                          int64_t threshold, la_lif_extra x, int each, la_lif_each_i32 own,
                          int8_t *s) {
    int32_t fired[LA_NEURON_BLOCK];
    /* States stay within the limits, beyond which all thresholds are alike; but a state that is
     * kept as it was set may lie beyond. */
    int narrow = threshold > -LA_LIMIT24 && x.low_fixed < LA_LIMIT24 && kind != LA_REFRACTORY;
    narrow |= kind == LA_REFRACTORY && threshold > -LA_LIMIT24 && threshold < LA_LIMIT24;
    narrow |= each;
    int32_t reachable = (int32_t)la_clip24_64(threshold);
    for (ptrdiff_t i = 0; i < n; i += LA_NEURON_BLOCK) {
        ptrdiff_t m = n - i < LA_NEURON_BLOCK ? n - i : LA_NEURON_BLOCK;
        if (narrow && (!each || la_lif_own_are_small(kind, m, own)) &&
            la_lif_is_small(m, u + i, v + i, a + i, mant + i, exp + i)) {
            la_lif_i32_narrow(kind, m, u + i, v + i, a + i, mant + i, exp + i, keep_u, keep_v,
                              reachable, x, each, own, fired);
            for (ptrdiff_t k = 0; k < m; k++) {
                s[i + k] = (int8_t)fired[k];
            }
        } else {
            la_lif_i32_plain(kind, m, u + i, v + i, a + i, mant + i, exp + i, keep_u, keep_v,
                             threshold, x, each, own, s + i);
        }
        if (kind == LA_REFRACTORY) {
            x.end += m;
        }
        if (each) {
            own = (la_lif_each_i32){own.du + m, own.dv + m, own.high + m, own.low + m};
        }
    }
}

/* -- steps ------------------------------------------------------------------------------------ */

/* Arrays: a_in, s_out, u, v, (refractory_period_end,) bias_mant.
 * Numbers: du, dv, vth (ternary: the upper, then the lower one). Integers: the period, if any.
 * Where each neuron has its own, these numbers are arrays, and come last. */
LA_INLINE void la_lif_step_f64(const la_pack *p, int kind, int each) {
    int late = kind == LA_REFRACTORY, ternary = kind == LA_TERNARY;
    void **restrict o = p->arrays + 5 + late;
    la_lif_extra x = {late ? p->arrays[4] : NULL, (int64_t)p->step, late ? p->integers[0] : 0,
                      ternary && !each ? p->numbers[3] : 0, 0};
    la_lif_each_f64 own = {NULL, NULL, NULL, NULL};
    if (each) {
        own = (la_lif_each_f64){o[0], o[1], o[2], o[2 + ternary]};
    }
    la_lif_f64(kind, p->n, p->arrays[2], p->arrays[3], p->arrays[0], p->arrays[4 + late],
               each ? 0 : 1.0 - p->numbers[0], each ? 0 : 1.0 - p->numbers[1],
               each ? 0 : p->numbers[2], x, each, own, p->arrays[1]);
}

/* The same with bias_exp after bias_mant; du, dv, vth are integers, the first ones. */
LA_INLINE void la_lif_step_i32(const la_pack *p, int kind, int each) {
    int late = kind == LA_REFRACTORY, ternary = kind == LA_TERNARY;
    void **restrict o = p->arrays + 6 + late;
    la_lif_extra x = {late ? p->arrays[4] : NULL, (int64_t)p->step,
                      late ? p->integers[each ? 0 : 3] : 0, 0,
                      ternary && !each ? p->integers[3] * 64 : 0};
    la_lif_each_i32 own = {NULL, NULL, NULL, NULL};
    if (each) {
        own = (la_lif_each_i32){o[0], o[1], o[2], o[2 + ternary]};
    }
    la_lif_i32(kind, p->n, p->arrays[2], p->arrays[3], p->arrays[0], p->arrays[4 + late],
               p->arrays[5 + late], each ? 0 : (int32_t)(4095 - p->integers[0]),
               each ? 0 : (int32_t)(4096 - p->integers[1]), each ? 0 : p->integers[2] * 64, x, each,
               own, p->arrays[1]);
}

/* -- the same, method by method, for models with a method of their own ---------------------------
 *
 * Thresholds of fixed-point models are already in units of the state. */
#define LA_LIF_F64_PARTS(NAME, KIND)                                                               \
    LA_WIDE static int la_step_##NAME##_subthr(const la_pack *p) {                                 \
        const int late = KIND == LA_REFRACTORY;                                                    \
        const double keep_u = 1.0 - p->numbers[0], keep_v = 1.0 - p->numbers[1];                   \
        const double *restrict a = p->arrays[0], *restrict bias = p->arrays[4 + late];             \
        const int64_t *restrict end = late ? p->arrays[4] : NULL;                                  \
        double *restrict u = p->arrays[2], *restrict v = p->arrays[3];                             \
        for (ptrdiff_t i = 0; i < p->n; i++) {                                                     \
            u[i] = u[i] * keep_u + a[i];                                                           \
            double voltage = v[i] * keep_v + u[i] + bias[i];                                       \
            v[i] = late && end[i] >= (int64_t)p->step ? v[i] : voltage;                            \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    LA_LIF_FIRES(NAME, KIND, double, double, p->numbers)                                           \
    LA_LIF_RESTS(NAME, KIND, double, p->integers[0])

#define LA_LIF_I32_PARTS(NAME, KIND)                                                               \
    static int la_step_##NAME##_subthr(const la_pack *p) {                                         \
        const int late = KIND == LA_REFRACTORY;                                                    \
        const int64_t keep_u = 4095 - p->integers[0], keep_v = 4096 - p->integers[1];              \
        const int32_t *restrict a = p->arrays[0], *restrict mant = p->arrays[4 + late];            \
        const int32_t *restrict exp = p->arrays[5 + late];                                         \
        const int64_t *restrict end = late ? p->arrays[4] : NULL;                                  \
        int32_t *restrict u = p->arrays[2], *restrict v = p->arrays[3];                            \
        for (ptrdiff_t i = 0; i < p->n; i++) {                                                     \
            u[i] = (int32_t)la_turn24_64(u[i] * keep_u / 4096 + (int32_t)((uint32_t)a[i] << 6));   \
            int64_t voltage =                                                                      \
                la_clip24_64(v[i] * keep_v / 4096 + u[i] + la_bias(mant[i], exp[i]));              \
            v[i] = late && end[i] >= (int64_t)p->step ? v[i] : (int32_t)voltage;                   \
        }                                                                                          \
        return 0;                                                                                  \
    }                                                                                              \
    LA_LIF_FIRES(NAME, KIND, int32_t, int64_t, p->integers)                                        \
    LA_LIF_RESTS(NAME, KIND, int32_t, p->integers[3])

#define LA_LIF_FIRES(NAME, KIND, T, L, LIMITS)                                                     \
    LA_WIDE static int la_step_##NAME##_fires(const la_pack *p) {                                  \
        const T *restrict v = p->arrays[3];                                                        \
        const L high = (LIMITS)[2], low = KIND == LA_TERNARY ? (LIMITS)[3] : 0;                    \
        int8_t *restrict s = p->arrays[1];                                                         \
        for (ptrdiff_t i = 0; i < p->n; i++) {                                                     \
            s[i] = (int8_t)((v[i] > high) - (KIND == LA_TERNARY && v[i] < low));                   \
        }                                                                                          \
        return 0;                                                                                  \
    }

#define LA_LIF_RESTS(NAME, KIND, T, PERIOD)                                                        \
    static int la_step_##NAME##_rests(const la_pack *p) {                                          \
        const int8_t *restrict s = p->arrays[1];                                                   \
        int64_t *restrict end = KIND == LA_REFRACTORY ? p->arrays[4] : NULL;                       \
        T *restrict v = p->arrays[3];                                                              \
        for (ptrdiff_t i = 0; i < p->n; i++) {                                                     \
            v[i] = s[i] ? 0 : v[i];                                                                \
            if (KIND == LA_REFRACTORY && s[i]) {                                                   \
                end[i] = (int64_t)p->step + (PERIOD);                                              \
            }                                                                                      \
        }                                                                                          \
        return 0;                                                                                  \
    }

/* Steps and methods of the kinds, all of which the catalogue lists. */
#define LA_LIF_KINDS(X) X(lif, LA_PLAIN) X(lif_refractory, LA_REFRACTORY) X(lif_ternary, LA_TERNARY)

#define LA_LIF_KIND(NAME, KIND)                                                                    \
    LA_STEP_BY(NAME##_f64, la_lif_step_f64, KIND, 0)                                               \
    LA_STEP_BY(NAME##_each_f64, la_lif_step_f64, KIND, 1)                                          \
    LA_STEP_BY(NAME##_i32, la_lif_step_i32, KIND, 0)                                               \
    LA_STEP_BY(NAME##_each_i32, la_lif_step_i32, KIND, 1)                                          \
    LA_LIF_F64_PARTS(NAME##_f64, KIND)                                                             \
    LA_LIF_I32_PARTS(NAME##_i32, KIND)

LA_LIF_KINDS(LA_LIF_KIND)

/* Makes effective_bias. */
LA_INLINE void la_lif_bias(const la_pack *p, int late) {
    const int32_t *restrict mant = p->arrays[4 + late], *restrict exp = p->arrays[5 + late];
    int64_t *restrict bias = p->arrays[p->n_arrays];
    for (ptrdiff_t i = 0; i < p->n; i++) {
        bias[i] = la_bias(mant[i], exp[i]);
    }
}

LA_STEP_BY(lif_bias, la_lif_bias, 0)
LA_STEP_BY(lif_refractory_bias, la_lif_bias, 1)

LA_INLINE void la_lif_reset(const la_pack *p, const int64_t *schedule, size_t itemsize) {
    if ((int64_t)p->step % schedule[0] == schedule[1]) {
        memset(p->arrays[2], 0, (size_t)p->n * itemsize);
        memset(p->arrays[3], 0, (size_t)p->n * itemsize);
    }
}

LA_STEP_BY(lif_reset_f64_clear, la_lif_reset, p->integers, sizeof(double))
LA_STEP_BY(lif_reset_i32_clear, la_lif_reset, p->integers + 3, sizeof(int32_t))

#define LA_LIF_RESET(NAME, T, SCHEDULE)                                                            \
    static int la_step_lif_reset_##NAME(const la_pack *p) {                                        \
        la_lif_reset(p, SCHEDULE, sizeof(T));                                                      \
        return la_step_lif_##NAME(p);                                                              \
    }

LA_LIF_RESET(f64, double, p->integers)
LA_LIF_RESET(each_f64, double, p->integers)
LA_LIF_RESET(i32, int32_t, p->integers + 3)
LA_LIF_RESET(each_i32, int32_t, p->integers)

/* Arrays: a_in, a_third_factor_in, reset_in, s_out, s_out_bap, s_out_y1, s_out_y2, s_out_y3, u, v,
 * y1, bias_mant, bias_exp, y2, y3. Integers: du, dv, vth. A third factor beyond the neurons: 1. */
static int la_step_lif_prototype_i32(const la_pack *p) {
    const int32_t *restrict a = p->arrays[0], *restrict asked = p->arrays[1];
    const int32_t *restrict reset = p->arrays[2], *restrict mant = p->arrays[11];
    const int32_t *restrict exp = p->arrays[12];
    uint8_t *restrict s = p->arrays[3], *restrict bap = p->arrays[4];
    int32_t *restrict u = p->arrays[8], *restrict v = p->arrays[9], *restrict y1 = p->arrays[10];
    const int64_t keep_u = 4095 - p->integers[0], keep_v = 4096 - p->integers[1];
    ptrdiff_t chosen = p->sizes[1] ? asked[0] : 0;
    int allocates = chosen != 0;
    chosen += chosen > 0 ? -1 : p->n - 1;
    if (allocates && (chosen < 0 || chosen >= p->n)) {
        return 1;
    }
    for (ptrdiff_t i = 0; i < p->n; i++) {
        u[i] = la_lif_current(u[i], keep_u, a[i]);
        v[i] = (int32_t)la_lif_voltage(v[i], keep_v, u[i], mant[i], exp[i]);
        if (reset[i] > 0) {
            u[i] = v[i] = 0;
        }
        bap[i] = allocates && i == chosen;
        if (allocates) {
            y1[i] = bap[i] ? 127 : 0;
        }
        s[i] = allocates ? bap[i] : v[i] > p->integers[2] * 64;
        v[i] = s[i] ? 0 : v[i];
    }
    memcpy(p->arrays[5], y1, (size_t)p->n * sizeof(*y1));
    memcpy(p->arrays[6], p->arrays[13], (size_t)p->n * sizeof(*y1));
    memcpy(p->arrays[7], p->arrays[14], (size_t)p->n * sizeof(*y1));
    return 0;
}

#define LA_LIF_PARTS(NAME) LA_STEP(NAME##_subthr) LA_STEP(NAME##_fires) LA_STEP(NAME##_rests)
#define LA_LIF_ALL(NAME) LA_STEP(NAME##_f64) LA_STEP(NAME##_each_f64) LA_STEP(NAME##_i32) LA_STEP(NAME##_each_i32)
#define LA_LIF_ENTRIES(NAME, KIND) LA_LIF_ALL(NAME) LA_LIF_PARTS(NAME##_f64) LA_LIF_PARTS(NAME##_i32)

#define LA_LIF_STEPS                                                                               \
    LA_LIF_KINDS(LA_LIF_ENTRIES) LA_LIF_ALL(lif_reset) LA_STEP(lif_reset_f64_clear)                \
    LA_STEP(lif_reset_i32_clear) LA_STEP(lif_prototype_i32) LA_STEP(lif_bias)                      \
    LA_STEP(lif_refractory_bias)

#endif
