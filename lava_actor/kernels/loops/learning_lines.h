/* The part of learning.h that exists once per kind of numbers: LA_T, and LA_WIDEST as it is read. */

/* Variables are of one type in floating point, and of one of two in fixed point: X(type) for that. */
#ifdef LA_FIXED
#define LA_BY_TYPE(kind, X)        \
    if ((kind) == LA_INT32) {      \
        X(int32_t)                 \
    } else {                       \
        X(int64_t)                 \
    }
#else
#define LA_BY_TYPE(kind, X) X(double)
#endif

/* For each element k of a line, with its place in a variable. What lies in a row has a loop of its
 * own, of which a processor does several turns at a time. */
#define LA_AT_PLACES(e, by, BODY)                              \
    if ((e)->entry) {                                          \
        for (ptrdiff_t k = 0; k < (e)->n; k++) {               \
            const ptrdiff_t place = (e)->entry[k] * (by);      \
            BODY                                               \
        }                                                      \
    } else if ((by) == 1) {                                    \
        for (ptrdiff_t k = 0; k < (e)->n; k++) {               \
            const ptrdiff_t place = (e)->first + k;            \
            BODY                                               \
        }                                                      \
    } else {                                                   \
        for (ptrdiff_t k = 0; k < (e)->n; k++) {               \
            const ptrdiff_t place = ((e)->first + k) * (by);   \
            BODY                                               \
        }                                                      \
    }

/* What a product comes to for some elements of a line, with traces as of `time`. */
LA_WIDE static void LA_(product)(const la_rule *r, const la_product *p, const la_elements *e,
                                 ptrdiff_t time, LA_T *restrict out) {
    const int side = r->side, other = 1 - side, by_element = p->condition == other;
    const LA_T *of_lines = r->history[side], *of_elements = r->history[other];
    const ptrdiff_t n = e->n;
    LA_T scalar = LA_(scale)(p);
    int filled = 0;
    for (ptrdiff_t i = p->first; i < p->first + p->count; i++) {
        const la_factor *f = r->factor + i;
        const double c = r->constant[i];
        const LA_T *line = of_lines + f->index * r->neurons[side] + e->line;
        const ptrdiff_t step = r->traces[side] * r->neurons[side];
        if (!la_is_vector(p, f, side)) {
            LA_WIDEST x = f->what == side ? line[time * step] : (LA_WIDEST)(r->when[side][e->line] > 0);
            LA_T v = LA_(factor)(x, f, c);
            scalar = LA_(times)(scalar, v);
            for (ptrdiff_t k = 0; filled && k < n; k++) {
                out[k] = LA_(times)(out[k], v);
            }
            continue;
        }
        for (ptrdiff_t k = 0; !filled && k < n; k++) {
            out[k] = scalar;
        }
        filled = 1;
#define LA_EACH(X)                                                        \
    for (ptrdiff_t k = 0; k < n; k++) {                                   \
        out[k] = LA_(times)(out[k], LA_(factor)((LA_WIDEST)(X), f, c));   \
    }
        if (f->what == LA_VARIABLE) {
            const la_variable *v = r->variable + f->index;
            const ptrdiff_t at = e->line * v->by_line;
#define LA_READ(T)                                                                              \
    const T *data = (const T *)v->data + at;                                                    \
    LA_AT_PLACES(e, v->by_element,                                                              \
                 out[k] = LA_(times)(out[k], LA_(factor)((LA_WIDEST)data[place], f, c));)
            LA_BY_TYPE(v->kind, LA_READ)
        } else if (f->what == side) {
            LA_EACH(line[e->when[k] * step])
        } else if (f->what == LA_CONDITION + other) {
            LA_EACH(e->when[k] > 0)
        } else {
            const LA_T *row = of_elements + f->index * r->neurons[other];
            const ptrdiff_t later = r->traces[other] * r->neurons[other];
            const LA_T *now = row + time * later;
            if (by_element && e->neuron) {
                LA_EACH(row[e->when[k] * later + e->neuron[k]])
            } else if (by_element) {
                LA_EACH(row[e->when[k] * later + e->first + k])
            } else if (e->neuron) {
                LA_EACH(now[e->neuron[k]])
            } else {
                LA_EACH(now[e->first + k])
            }
        }
    }
    for (ptrdiff_t k = 0; k < n; k++) {
        LA_T x = LA_(finish)(p, filled ? out[k] : scalar);
        out[k] = by_element && !e->when[k] ? 0 : x;
    }
}

/* Compute what depends on neurons alone: VECTORs by time and element, TABLEs by line and time. */
static void LA_(prepare)(const la_rule *r) {
    const int side = r->side, other = 1 - side;
    la_rule turned = *r; /* in which lines are elements; the line is any that spiked */
    turned.side = other;
    for (ptrdiff_t q = 0; q < r->products; q++) {
        const la_product *p = r->product + q;
        const int table = r->how[q] == LA_TABLE, timed = table || p->condition == side;
        const la_rule *by = table ? &turned : r;
        const ptrdiff_t n = r->neurons[table ? side : other], times = r->t_epoch + 1;
        LA_T *known = r->known[q], out[LA_BLOCK];
        la_elements e = {0, 0, 0, NULL, NULL, NULL};
        if (r->how[q] == LA_SYNAPSE || (table && !r->spiked[other])) {
            continue;
        }
        while (table && !r->when[other][e.line]) {
            e.line++;
        }
        for (ptrdiff_t t = timed; t <= (timed ? r->t_epoch : 0); t++) {
            for (e.first = 0; e.first < n; e.first += LA_BLOCK) {
                e.n = n - e.first < LA_BLOCK ? n - e.first : LA_BLOCK;
                e.when = r->when[table ? side : other] + e.first;
                LA_(product)(by, p, &e, timed ? t : r->t_epoch,
                             table ? out : known + t * n + e.first);
                for (ptrdiff_t k = 0; table && k < e.n; k++) {
                    known[(e.first + k) * times + t] = out[k];
                }
            }
        }
        for (ptrdiff_t k = 0; table && k < n; k++) {
            known[k * times] = 0;
        }
    }
}

/* What a TABLE comes to on a line, by time of the element's spike. */
static inline const LA_T *LA_(table)(const la_rule *r, ptrdiff_t q, ptrdiff_t line) {
    return (const LA_T *)r->known[q] + line * (r->t_epoch + 1);
}

/* Limits of a target, and what is added before seven bits are cut. */
typedef struct {
    LA_T least, most, low, high, carry;
} LA_(limits);

static inline LA_(limits) LA_(limits_of)(const la_rule *r, const la_target *t) {
#ifdef LA_FIXED
    LA_(limits) l = {t->sign > 0 ? 0 : INT32_MIN, t->sign < 0 ? 0 : INT32_MAX, (int32_t)t->low,
                     (int32_t)t->high, r->carry};
#else
    LA_(limits) l = {t->sign > 0 ? 0 : -INFINITY, t->sign < 0 ? 0 : INFINITY, 0, 0, 0};
#endif
    return l;
}

/* A value, of either type, as the accumulator begins. */
#define LA_BEGUN(x) ((int32_t)((x) < -(1 << 23) ? -(1 << 23) : (x) > 1 << 23 ? 1 << 23 : (x)) * 128)

static inline LA_T LA_(limited)(LA_T x, LA_(limits) l) {
    x = x < l.least ? l.least : x;
    x = x > l.most ? l.most : x;
#ifdef LA_FIXED
    x = (x + l.carry) >> 7;
    x = x < l.low ? l.low : x > l.high ? l.high : x;
#endif
    return x;
}

/* The new value where a single product is added. In integers, whose limits lie within those of the
 * accumulator and on one side of the sign, it is the value plus what the product is rounded to:
 * (128 x + p + carry) >> 7 = x + ((p + carry) >> 7). */
static inline LA_T LA_(plus)(LA_T x, LA_T product, LA_(limits) l) {
#ifdef LA_FIXED
    int64_t sum = (int64_t)x + ((product + l.carry) >> 7);
    return (int32_t)(sum < l.low ? l.low : sum > l.high ? l.high : sum);
#else
    return LA_(limited)(x + product, l);
#endif
}

/* `LA_(change)` where a TABLE of one variable is all there is, for what spiked of a dense line. Not
 * LA_WIDE: vectors that are gathered from all over a line take longer. */
static void LA_(change_few)(const la_rule *r, ptrdiff_t line, const LA_T *known) {
    const LA_(limits) l = LA_(limits_of)(r, r->target);
    const la_variable *v = r->variable + r->target->variable;
    LA_T *data = (LA_T *)v->data + line * v->by_line;
    for (ptrdiff_t t = 1; t <= r->t_epoch; t++) {
        const LA_T product = known[t];
        for (int32_t k = r->begins[t]; k < r->begins[t + 1]; k++) {
            LA_T *place = data + r->by_time[k];
            *place = LA_(plus)(*place, product, l);
        }
    }
}

/* The same for several epochs in a row, one bit each: `epochs` of a neuron say when it spiked. */
static void LA_(change_epochs)(la_rule *const *rules, uint32_t wanted, const LA_T *const *known,
                               const la_lines *m, const uint32_t *epochs, ptrdiff_t line) {
    LA_(limits) l[32];
    const uint8_t *when[32];
    for (uint32_t left = wanted; left; left &= left - 1) {
        int k = __builtin_ctz(left);
        l[k] = LA_(limits_of)(rules[k], rules[k]->target);
        when[k] = rules[k]->short_when;
    }
    const la_rule *r = rules[__builtin_ctz(wanted)];
    LA_T *data = r->variable[r->target->variable].data;
    for (ptrdiff_t i = m->starts[line]; i < m->starts[line + 1]; i++) {
        const int32_t neuron = m->neurons[i];
        uint32_t left = epochs[neuron] & wanted;
        if (left) {
            LA_T x = data[i];
            for (; left; left &= left - 1) {
                int k = __builtin_ctz(left);
                x = LA_(plus)(x, known[k][when[k][neuron]], l[k]);
            }
            data[i] = x;
        }
    }
}

/* The new value where one or two products are added; `clipped`: behind one that does not count. */
static inline LA_T LA_(plus_two)(LA_T x, LA_T one, LA_T two, int n, int clipped, LA_(limits) l) {
    if (n == 1 && !clipped) {
        return LA_(plus)(x, one, l);
    }
#ifdef LA_FIXED
    int32_t sum = LA_BEGUN(x);
    sum = la_within_accumulator((clipped ? la_within_accumulator(sum) : sum) + one);
    return LA_(limited)(n == 2 ? la_within_accumulator(sum + two) : sum, l);
#else
    return LA_(limited)(n == 2 ? x + (one + two) : x + one, l);
#endif
}

/* The same for a row of elements, with products by element or, beyond `one` or `two`, 0. */
LA_WIDE static void LA_(add_rows)(LA_T *restrict data, const LA_T *restrict one,
                                  const LA_T *restrict two, int n, int clipped, LA_(limits) l,
                                  ptrdiff_t count) {
#define LA_ROW(ONE, TWO, N)                                               \
    for (ptrdiff_t k = 0; k < count; k++) {                               \
        data[k] = LA_(plus_two)(data[k], ONE, TWO, N, clipped, l);        \
    }
    if (n == 1) {
        LA_ROW(one[k], 0, 1)
    } else if (one && two) {
        LA_ROW(one[k], two[k], 2)
    } else if (one) {
        LA_ROW(one[k], 0, 2)
    } else {
        LA_ROW(0, two[k], 2)
    }
}

/* `LA_(change)` of a whole line where all that counts is known: n products, one or two. */
static void LA_(change_whole)(const la_rule *r, const la_elements *e, int n,
                              const ptrdiff_t *products, const la_elements *spiking) {
    const LA_(limits) l = LA_(limits_of)(r, r->target);
    const la_variable *v = r->variable + r->target->variable;
    LA_T *data = (LA_T *)v->data + e->line * v->by_line + e->first;
    const int clipped = products[0] > 0;
    const LA_T *known[2] = {NULL, NULL};
    int vector[2] = {0, 0};
    for (int i = 0; i < n; i++) {
        const la_product *p = r->product + products[i];
        vector[i] = r->how[products[i]] == LA_VECTOR;
        if (vector[i]) {
            const ptrdiff_t time = p->condition == r->side ? la_time(r, p, e->line) : 0;
            known[i] = (const LA_T *)r->known[products[i]] + time * r->neurons[1 - r->side];
        } else {
            known[i] = LA_(table)(r, products[i], e->line);
        }
    }
#define LA_AT(i, neuron, when) (i < n ? known[i][vector[i] ? (neuron) : (when)] : 0)
#define LA_PLUS(x, neuron, when) \
    LA_(plus_two)(x, LA_AT(0, neuron, when), LA_AT(1, neuron, when), n, clipped, l)
    if (!spiking) {
        for (ptrdiff_t k = 0; k < e->n; k++) {
            data[k] = LA_PLUS(data[k], e->neuron[k], e->when[k]);
        }
    } else if (vector[0] || vector[1]) { /* most of a row at once, and what spiked by itself */
        LA_T changed[LA_BLOCK];
        ptrdiff_t from = 0;
        while (from < spiking->n && spiking->entry[from] < e->first) {
            from++;
        }
        ptrdiff_t to = from;
        for (; to < spiking->n && spiking->entry[to] < e->first + e->n; to++) {
            const ptrdiff_t neuron = spiking->entry[to];
            changed[to - from] = LA_PLUS(data[neuron - e->first], neuron, spiking->when[to]);
        }
        LA_(add_rows)(data, vector[0] ? known[0] + e->first : NULL,
                      vector[1] ? known[1] + e->first : NULL, n, clipped, l, e->n);
        for (ptrdiff_t k = from; k < to; k++) {
            data[spiking->entry[k] - e->first] = changed[k - from];
        }
    } else {
        for (ptrdiff_t k = 0; k < e->n; k++) {
            data[k] = LA_PLUS(data[k], 0, e->when[k]);
        }
    }
#undef LA_AT
#undef LA_PLUS
}

/* Change the variables of up to LA_BLOCK elements of a line. */
LA_WIDE static void LA_(change)(la_rule *r, const la_elements *e) {
    LA_T results[LA_TARGETS][LA_BLOCK], scratch[LA_BLOCK];
    int changed[LA_TARGETS] = {0};
    const ptrdiff_t n = e->n;
    for (ptrdiff_t q = 0, t = 0; t < r->targets; t++) {
        const la_target *target = r->target + t;
        const la_variable *v = r->variable + target->variable;
        const ptrdiff_t from = q;
        LA_T *restrict sum = results[t];
        int counts = r->unsettled >> t & 1;
        for (; q < r->products && r->product[q].target == t; q++) {
            counts |= la_counts(r, r->product + q, e->line);
        }
        if (!counts) {
            continue;
        }
        changed[t] = 1;
        const ptrdiff_t at = e->line * v->by_line, by = v->by_element;
#ifdef LA_FIXED
#define LA_LOAD(T)                                   \
    const T *data = (const T *)v->data + at;         \
    LA_AT_PLACES(e, by, sum[k] = LA_BEGUN(data[place]);)
        LA_BY_TYPE(v->kind, LA_LOAD)
#define LA_ADD(X)                                                        \
    for (ptrdiff_t k = 0; k < n; k++) {                                  \
        sum[k] = la_within_accumulator(sum[k] + (X));                    \
    }
#else
        int any = 0;
#define LA_ADD(X)                                                        \
    if (any) {                                                           \
        for (ptrdiff_t k = 0; k < n; k++) {                              \
            sum[k] += (X);                                               \
        }                                                                \
    } else {                                                             \
        for (ptrdiff_t k = 0; k < n; k++) {                              \
            sum[k] = (X);                                                \
        }                                                                \
    }                                                                    \
    any = 1;
#endif
        for (ptrdiff_t i = from; i < q; i++) {
            const la_product *p = r->product + i;
            if (!la_counts(r, p, e->line)) {
#ifdef LA_FIXED
                if (i == from) {
                    LA_ADD(0)
                }
#endif
                continue;
            }
            const LA_T *known = r->known[i];
            if (r->how[i] == LA_TABLE) {
                known = LA_(table)(r, i, e->line);
                LA_ADD(known[e->when[k]])
            } else if (r->how[i] == LA_VECTOR) {
                if (p->condition == r->side) {
                    known += la_time(r, p, e->line) * r->neurons[1 - r->side];
                }
                if (e->neuron) {
                    LA_ADD(known[e->neuron[k]])
                } else {
                    known += e->first;
                    LA_ADD(known[k])
                }
            } else {
                LA_(product)(r, p, e, la_time(r, p, e->line), scratch);
                LA_ADD(scratch[k])
            }
        }
        const LA_(limits) l = LA_(limits_of)(r, target);
#ifdef LA_FIXED
        int below = 0;
        for (ptrdiff_t k = 0; k < n; k++) {
            sum[k] = LA_(limited)(sum[k], l);
            below |= sum[k] < -256;
        }
        r->found |= below << t;
#else
        const double *data = (const double *)v->data + at;
        for (ptrdiff_t k = 0; !any && k < n; k++) {
            sum[k] = 0.0;
        }
        LA_AT_PLACES(e, by, sum[k] = LA_(limited)(data[place] + sum[k], l);)
#endif
    }
    for (ptrdiff_t t = 0; t < r->targets; t++) {
        if (!changed[t]) {
            continue;
        }
        const la_variable *v = r->variable + r->target[t].variable;
        const LA_T *restrict sum = results[t];
        const ptrdiff_t at = e->line * v->by_line, by = v->by_element;
#define LA_STORE(T)                               \
    T *restrict data = (T *)v->data + at;         \
    LA_AT_PLACES(e, by, data[place] = (T)sum[k];)
        LA_BY_TYPE(v->kind, LA_STORE)
    }
}

/* Change the variables of all elements of a line; their spikes are looked up if not given. Of a
 * dense line, `spiking` says which of them spiked. */
static void LA_(line)(la_rule *r, const la_elements *all, const la_elements *spiking) {
    int32_t when[LA_BLOCK];
    ptrdiff_t products[2];
    const int n = la_known(r, all->line, LA_KIND, products);
    for (ptrdiff_t from = 0; from < all->n; from += LA_BLOCK) {
        la_elements e = *all;
        e.n = all->n - from < LA_BLOCK ? all->n - from : LA_BLOCK;
        e.first += from;
        e.entry = e.entry ? e.entry + from : NULL;
        e.neuron = e.neuron ? e.neuron + from : NULL;
        e.when = e.when ? e.when + from : when;
        for (ptrdiff_t k = 0; e.when == when && k < e.n; k++) {
            when[k] = r->when[1 - r->side][e.neuron[k]];
        }
        if (!e.entry && n > 0) {
            LA_(change_whole)(r, &e, n, products, spiking);
        } else {
            LA_(change)(r, &e);
        }
    }
}

/* What an epoch does to a line: all of it where it is its turn, else the elements that spiked. */
static void LA_(learn)(la_rule *r, const la_lines *m, const la_elements *spiking, ptrdiff_t line) {
    const ptrdiff_t first = m->starts ? m->starts[line] : 0;
    const ptrdiff_t n = m->starts ? m->starts[line + 1] - first : r->neurons[1 - r->side];
    const int32_t *neurons = m->starts ? m->neurons + first : NULL;
    ptrdiff_t q;
    if (la_whole_line(r, line)) {
        la_elements e = {line, n, first, NULL, neurons, neurons ? NULL : r->when[1 - r->side]};
        LA_(line)(r, &e, neurons ? NULL : spiking);
    } else if (!la_depends(r, 1 - r->side) || !r->spiked[1 - r->side]) {
        return;
    } else if (!neurons && la_is_few(r, line, LA_KIND, &q)) {
        LA_(change_few)(r, line, LA_(table)(r, q, line));
    } else if (!neurons) {
        la_elements e = *spiking;
        e.line = line;
        LA_(line)(r, &e, NULL);
    } else {
        int64_t entry[LA_BLOCK];
        int32_t neuron[LA_BLOCK], when[LA_BLOCK];
        for (ptrdiff_t i = 0; i < n;) {
            la_elements e = {line, 0, 0, entry, neuron, when};
            for (; i < n && e.n < LA_BLOCK; i++) {
                entry[e.n] = first + i;
                neuron[e.n] = neurons[i];
                when[e.n] = r->when[1 - r->side][neurons[i]];
                e.n += when[e.n] != 0;
            }
            if (e.n) {
                LA_(line)(r, &e, NULL);
            }
        }
    }
}

/* Fetch a line, and what will be looked up for it. */
static void LA_(fetch)(la_rule *const *rules, const la_lines *m, ptrdiff_t line, int from, int to) {
    if (from == to) {
        return;
    }
    const la_rule *r = rules[from];
    const la_variable *v = r->variable + r->target->variable;
    const ptrdiff_t first = m->starts ? m->starts[line] : 0;
    const ptrdiff_t n = m->starts ? m->starts[line + 1] - first : r->neurons[1 - r->side];
    const char *data = (const char *)v->data + (line * v->by_line + first) * (ptrdiff_t)sizeof(LA_T);
    for (ptrdiff_t byte = 0; v->by_element == 1 && byte < n * (ptrdiff_t)sizeof(LA_T); byte += 64) {
        __builtin_prefetch(data + byte, 1, 3);
    }
    for (ptrdiff_t i = 0; m->starts && i < n; i += 16) {
        __builtin_prefetch(m->neurons + first + i, 0, 3);
    }
    for (int k = from; k < to; k++) {
        for (ptrdiff_t q = 0; q < r->products; q++) {
            if (r->how[q] == LA_TABLE) {
                __builtin_prefetch(LA_(table)(rules[k], q, line), 0, 3);
            }
        }
    }
}

/* What some epochs, one after the other, do to a line of a sparse matrix with known `epochs`. */
static void LA_(learn_all)(la_rule *const *rules, la_elements *const *spiking, la_lines *m,
                           const uint32_t *epochs, ptrdiff_t line, int to) {
    const LA_T *known[32];
    int from = m->done[line];
    while (from < to) {
        uint32_t silent = 0;
        ptrdiff_t q;
        int k = from;
        rules[from]->unsettled = rules[from]->always | m->unsettled[line];
        rules[from]->found = m->unsettled[line] = 0;
        for (; epochs && k < to; k++) {
            if (k > from) {
                rules[k]->unsettled = rules[k]->always;
            }
            if (la_whole_line(rules[k], line) || !la_is_few(rules[k], line, LA_KIND, &q)) {
                break;
            }
            known[k] = LA_(table)(rules[k], q, line);
            silent |= (uint32_t)1 << k;
        }
        if (silent) {
            LA_(change_epochs)(rules, silent, known, m, epochs, line);
            from = k;
        } else {
            LA_(learn)(rules[from], m, spiking[from], line);
            m->unsettled[line] = (uint8_t)rules[from]->found;
            from++;
        }
    }
}

#undef LA_BY_TYPE
#undef LA_AT_PLACES
#undef LA_EACH
#undef LA_READ
#undef LA_BEGUN
#undef LA_ROW
#undef LA_LOAD
#undef LA_ADD
#undef LA_STORE
