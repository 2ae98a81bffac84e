/* Learning: what an epoch does to the synapses of a connection, in one pass over those it can change.
 *
 * A rule is a table: products, each with a condition and factors, and targets, variables that some
 * of the products are added to. Traces and conditions belong to neurons, so synapses are taken line
 * by line: all that one neuron, pre or post, has with the neurons of the other side, its elements.
 * What a product comes to is then found once per element (VECTOR) or once per line and time of the
 * spike (TABLE), unless it needs more (SYNAPSE). Lines and elements without a spike are left out.
 *
 * Sides: 0 pre, 1 post. A variable of a synapse is read before any of them is written.
 */
#ifndef LAVA_ACTOR_LEARNING_H
#define LAVA_ACTOR_LEARNING_H

#include <math.h>

#include "learning_rule.h"
#include "wide.h"

enum { LA_PRE = 0, LA_POST = 1, LA_VARIABLE = 2, LA_CONDITION = 3 }; /* factors: + side for x0, y0 */
enum { LA_ALWAYS = 2 };                                  /* condition of products: a side, or u */
enum { LA_NO_CONSTANT, LA_WHOLE, LA_FRACTION };          /* what is added to a factor */
enum { LA_SYNAPSE, LA_VECTOR, LA_TABLE };
enum { LA_DOUBLE, LA_INT32, LA_INT64 };

#define LA_BLOCK 512

/* Products and the accumulator of fixed point saturate here. */
#define LA_LEAST (-32769)
#define LA_MOST 32767

static inline int la_is_vector(const la_product *p, const la_factor *f, int side) {
    int other = 1 - side;
    return f->what == LA_VARIABLE || f->what == other || f->what == LA_CONDITION + other ||
           (f->what == side && p->condition == other);
}

/* Choose how a product is computed. */
static int la_how(const la_rule *r, const la_product *p, int side) {
    int line = 0, element = 0;
    for (ptrdiff_t i = 0; i < p->count; i++) {
        const la_factor *f = r->factor + p->first + i;
        if (f->what == LA_VARIABLE) {
            return LA_SYNAPSE;
        }
        line |= f->what == side || f->what == LA_CONDITION + side;
        element |= f->what == 1 - side;
    }
    if (!line) {
        return LA_VECTOR;
    }
    return p->condition == 1 - side && !element && r->t_epoch < 64 ? LA_TABLE : LA_SYNAPSE;
}

static inline int la_counts(const la_rule *r, const la_product *p, ptrdiff_t line) {
    if (p->condition == LA_ALWAYS) {
        return r->u;
    }
    return p->condition == r->side ? r->when[r->side][line] > 0 : r->spiked[1 - r->side];
}

static inline ptrdiff_t la_time(const la_rule *r, const la_product *p, ptrdiff_t line) {
    return p->condition == r->side ? r->when[r->side][line] : r->t_epoch;
}

static inline int la_depends(const la_rule *r, int side) {
    for (ptrdiff_t q = 0; q < r->products; q++) {
        if (r->product[q].condition == side) {
            return 1;
        }
    }
    return 0;
}

/* Whether all elements of a line may change. */
static inline int la_whole_line(const la_rule *r, ptrdiff_t line) {
    return r->unsettled || (r->u && la_depends(r, LA_ALWAYS)) ||
           (r->when[r->side][line] && la_depends(r, r->side));
}

/* The products that count on a line, at most two, each known beforehand, where they change a single
 * variable whose elements lie in a row: how many, or -1. */
static inline int la_known(const la_rule *r, ptrdiff_t line, int kind, ptrdiff_t *found) {
    const la_variable *v = r->variable + r->target[0].variable;
    int n = 0;
    if (r->targets > 1 || r->unsettled || v->by_element != 1 || v->kind != kind ||
        r->target[0].low < -256 || r->target[0].high > 255) {
        return -1;
    }
    for (ptrdiff_t q = 0; q < r->products; q++) {
        if (la_counts(r, r->product + q, line)) {
            if (n == 2 || r->how[q] == LA_SYNAPSE) {
                return -1;
            }
            found[n++] = q;
        }
    }
    return n;
}

/* Whether the TABLE of a single product is all that changes a line, and where only. */
static inline int la_is_few(const la_rule *r, ptrdiff_t line, int kind, ptrdiff_t *found) {
    ptrdiff_t both[2];
    int is = la_known(r, line, kind, both) == 1 && r->how[both[0]] == LA_TABLE;
    *found = both[0];
    return is;
}

/* -- the two kinds of numbers ---------------------------------------------------------------- */

static inline double la_scale_f64(const la_product *p) {
    if (p->exponent < -1000 || p->exponent > 1000) {
        return (double)p->mantissa * ldexp(1.0, (int)p->exponent);
    }
    double power; /* as ldexp makes it, without a call */
    uint64_t bits = (uint64_t)(p->exponent + 1023) << 52;
    memcpy(&power, &bits, sizeof(power));
    return (double)p->mantissa * power;
}

static inline double la_factor_f64(double x, const la_factor *f, double constant) {
    double v = f->form == LA_NO_CONSTANT ? x : x + constant;
    if (f->sgn) {
        v = v > 0 ? 1.0 : v < 0 ? -1.0 : v == 0 ? 0.0 : v;
    }
    return v;
}

static inline double la_times_f64(double a, double b) { return a * b; }

static inline double la_finish_f64(const la_product *p, double x) { return x; }

static inline int32_t la_scale_i32(const la_product *p) { return (int32_t)p->mantissa; }

static inline int32_t la_factor_i32(int64_t x, const la_factor *f, double constant) {
    int64_t bound = (int64_t)1 << f->bits;
    if (f->form == LA_FRACTION) {
        double v = (double)x + constant;
        if (f->sgn) {
            v = (v > 0) - (v < 0);
        }
        return (int32_t)(v < -bound ? -bound : v > bound - 1 ? bound - 1 : v);
    }
    if (f->form == LA_WHOLE) {
        x = (int64_t)((uint64_t)x + (uint64_t)(int64_t)constant);
    }
    if (f->sgn) {
        x = (x > 0) - (x < 0);
    }
    return (int32_t)(x < -bound ? -bound : x > bound - 1 ? bound - 1 : x);
}

static inline int32_t la_times_i32(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

static inline int32_t la_within_accumulator(int32_t x) {
    return x < LA_LEAST ? LA_LEAST : x > LA_MOST ? LA_MOST : x;
}

static inline int32_t la_finish_i32(const la_product *p, int32_t x) {
    x >>= p->shift < 31 ? p->shift : 31;
    return la_within_accumulator((int32_t)((uint32_t)x << (p->exponent + 7)));
}

/* -- traces ------------------------------------------------------------------------------------ */

/* H[k] = decay(H[k-1]) + impulse where the last spike was at k; course is (t_epoch + 1, traces, n). */
LA_WIDE static void la_history_f64(ptrdiff_t t_epoch, ptrdiff_t traces, ptrdiff_t n,
                                   const int32_t *restrict last, const double *decay,
                                   const double *impulse, double number, double *course) {
    for (ptrdiff_t row = traces; row < (t_epoch + 1) * traces; row++) {
        const double *restrict before = course + (row - traces) * n;
        double *restrict now = course + row * n, d = decay[row % traces], jump = impulse[row % traces];
        const int32_t k = (int32_t)(row / traces);
        for (ptrdiff_t i = 0; i < n; i++) {
            double h = d * before[i];
            now[i] = last[i] == k ? h + jump : h;
        }
    }
}

/* The same in integers of seven bits; a decayed trace is rounded up where number < its fraction. */
LA_WIDE static void la_history_i32(ptrdiff_t t_epoch, ptrdiff_t traces, ptrdiff_t n,
                                   const int32_t *restrict last, const double *decay,
                                   const int32_t *impulse, double number, int32_t *course) {
    for (ptrdiff_t row = traces; row < (t_epoch + 1) * traces; row++) {
        const int32_t *restrict before = course + (row - traces) * n;
        int32_t *restrict now = course + row * n;
        const double d = decay[row % traces];
        const int32_t jump = impulse[row % traces], k = (int32_t)(row / traces);
        for (ptrdiff_t i = 0; i < n; i++) {
            double exact = d * before[i];
            int32_t h = (int32_t)exact;
            h -= exact < h;
            h += number < exact - h;
            int32_t sum = (int32_t)((uint32_t)h + (uint32_t)jump);
            sum = sum < 0 ? 0 : sum > 127 ? 127 : sum;
            now[i] = last[i] == k ? sum : h;
        }
    }
}

#define LA_T double
#define LA_KIND LA_DOUBLE
#define LA_WIDEST double
#define LA_(name) la_##name##_f64
#include "learning_lines.h"
#undef LA_T
#undef LA_KIND
#undef LA_WIDEST
#undef LA_

#define LA_FIXED
#define LA_T int32_t
#define LA_KIND LA_INT32
#define LA_WIDEST int64_t
#define LA_(name) la_##name##_i32
#include "learning_lines.h"
#undef LA_T
#undef LA_KIND
#undef LA_WIDEST
#undef LA_
#undef LA_FIXED

/* The loop for fixed point, or for floating-point numbers. */
#define LA_BY(fixed, name, ...) ((fixed) ? name##_i32(__VA_ARGS__) : name##_f64(__VA_ARGS__))
#define la_prepare(fixed, ...) LA_BY(fixed, la_prepare, __VA_ARGS__)
#define la_fetch_line(fixed, ...) LA_BY(fixed, la_fetch, __VA_ARGS__)
#define la_learn_all(fixed, ...) LA_BY(fixed, la_learn_all, __VA_ARGS__)
#define la_history(fixed, ...) LA_BY(fixed, la_history, __VA_ARGS__)

#endif
