/* The part of learning.h that exists once per kind of numbers: LA_T, and LA_WIDEST as it is read. */

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
            const ptrdiff_t at = e->line * v->by_line, by = v->by_element;
#define LA_READ(T)                                                        \
    if (e->entry) {                                                       \
        LA_EACH(((const T *)v->data)[at + e->entry[k] * by])              \
    } else {                                                              \
        LA_EACH(((const T *)v->data)[at + (e->first + k) * by])           \
    }
            if (v->kind == LA_DOUBLE) {
                LA_READ(double)
            } else if (v->kind == LA_INT32) {
                LA_READ(int32_t)
            } else {
                LA_READ(int64_t)
            }
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

/* Compute what is the same for all lines, by time and element. */
static void LA_(prepare)(const la_rule *r) {
    const ptrdiff_t n = r->neurons[1 - r->side];
    for (ptrdiff_t q = 0; q < r->products; q++) {
        if (r->how[q] != LA_VECTOR) {
            continue;
        }
        const la_product *p = r->product + q;
        const int timed = p->condition == r->side;
        for (ptrdiff_t t = timed; t <= (timed ? r->t_epoch : 0); t++) {
            for (ptrdiff_t from = 0; from < n; from += LA_BLOCK) {
                la_elements e = {0, n - from < LA_BLOCK ? n - from : LA_BLOCK, from, NULL, NULL,
                                 r->when[1 - r->side] + from};
                LA_(product)(r, p, &e, timed ? t : r->t_epoch, (LA_T *)r->known[q] + t * n + from);
            }
        }
    }
}

#ifndef LA_FIXED
/* `LA_(change)` where a TABLE of one variable is all there is, for some elements of a column. */
LA_WIDE static void LA_(change_few)(const la_rule *r, const la_elements *e, const LA_T *known) {
    const double least = r->target->sign > 0 ? 0 : -INFINITY, most = r->target->sign < 0 ? 0 : INFINITY;
    const la_variable *v = r->variable + r->target->variable;
    const ptrdiff_t ahead = v->by_line * LA_LINES_AHEAD;
    LA_T *data = (LA_T *)v->data + e->line * v->by_line;
    for (ptrdiff_t k = 0; k < e->n; k++) {
        LA_T *place = data + e->entry[k], x = *place + known[e->when[k]];
        __builtin_prefetch(place + ahead, 1, 1);
        x = x < least ? least : x;
        *place = x > most ? most : x;
    }
}
#endif

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
#define LA_BEGIN(X) sum[k] = (int32_t)((X) < -(1 << 23) ? -(1 << 23) : (X) > 1 << 23 ? 1 << 23 : (X)) * 128;
#define LA_LOAD(T)                                                       \
    {                                                                    \
        const T *data = (const T *)v->data + at;                         \
        for (ptrdiff_t k = 0; e->entry && k < n; k++) {                  \
            T x = data[e->entry[k] * by];                                \
            LA_BEGIN(x)                                                  \
        }                                                                \
        for (ptrdiff_t k = 0; !e->entry && k < n; k++) {                 \
            T x = data[(e->first + k) * by];                             \
            LA_BEGIN(x)                                                  \
        }                                                                \
    }
        if (v->kind == LA_INT32) {
            LA_LOAD(int32_t)
        } else {
            LA_LOAD(int64_t)
        }
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
#ifdef LA_FIXED
        const int32_t low = (int32_t)target->low, high = (int32_t)target->high;
        const int32_t least = target->sign > 0 ? 0 : INT32_MIN, most = target->sign < 0 ? 0 : INT32_MAX;
        int below = 0;
        for (ptrdiff_t k = 0; k < n; k++) {
            int32_t x = sum[k] < least ? least : sum[k] > most ? most : sum[k];
            x = (x + r->carry) >> 7;
            x = x < low ? low : x > high ? high : x;
            below |= x < -256;
            sum[k] = x;
        }
        r->found |= below << t;
#else
        const double *data = (const double *)v->data + at;
        for (ptrdiff_t k = 0; !any && k < n; k++) {
            sum[k] = 0.0;
        }
        if (e->entry) {
            for (ptrdiff_t k = 0; k < n; k++) {
                sum[k] = data[e->entry[k] * by] + sum[k];
            }
        } else if (by == 1) {
            for (ptrdiff_t k = 0; k < n; k++) {
                sum[k] = data[e->first + k] + sum[k];
            }
        } else {
            for (ptrdiff_t k = 0; k < n; k++) {
                sum[k] = data[(e->first + k) * by] + sum[k];
            }
        }
        if (target->sign > 0) {
            for (ptrdiff_t k = 0; k < n; k++) {
                sum[k] = sum[k] < 0 ? 0 : sum[k];
            }
        } else if (target->sign < 0) {
            for (ptrdiff_t k = 0; k < n; k++) {
                sum[k] = sum[k] > 0 ? 0 : sum[k];
            }
        }
#endif
    }
    for (ptrdiff_t t = 0; t < r->targets; t++) {
        if (!changed[t]) {
            continue;
        }
        const la_variable *v = r->variable + r->target[t].variable;
        const LA_T *restrict sum = results[t];
        const ptrdiff_t at = e->line * v->by_line, by = v->by_element;
#define LA_STORE(T)                                                      \
    {                                                                    \
        T *restrict data = (T *)v->data + at;                            \
        if (e->entry) {                                                  \
            for (ptrdiff_t k = 0; k < n; k++) {                          \
                data[e->entry[k] * by] = (T)sum[k];                      \
            }                                                            \
        } else if (by == 1) {                                            \
            for (ptrdiff_t k = 0; k < n; k++) {                          \
                data[e->first + k] = (T)sum[k];                          \
            }                                                            \
        } else {                                                         \
            for (ptrdiff_t k = 0; k < n; k++) {                          \
                data[(e->first + k) * by] = (T)sum[k];                   \
            }                                                            \
        }                                                                \
    }
        if (v->kind == LA_DOUBLE) {
            LA_STORE(double)
        } else if (v->kind == LA_INT32) {
            LA_STORE(int32_t)
        } else {
            LA_STORE(int64_t)
        }
    }
}

/* Find what products of TABLEs come to on a line, by time of the element's spike. */
static void LA_(tables)(const la_rule *r, ptrdiff_t line) {
    for (ptrdiff_t q = 0; q < r->products; q++) {
        if (r->how[q] == LA_TABLE && la_counts(r, r->product + q, line)) {
            la_elements times = {line, r->t_epoch + 1, 0, NULL, NULL, r->times};
            LA_(product)(r, r->product + q, &times, r->t_epoch, r->known[q]);
        }
    }
}

/* Change the variables of all elements of a line; their spikes are looked up if not given. */
static void LA_(line)(la_rule *r, const la_elements *all) {
    int32_t when[LA_BLOCK];
#ifndef LA_FIXED
    const LA_T *few = all->entry ? la_only_table(r, all->line) : NULL;
#endif
    LA_(tables)(r, all->line);
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
#ifndef LA_FIXED
        if (few) {
            LA_(change_few)(r, &e, few);
            continue;
        }
#endif
        LA_(change)(r, &e);
    }
}

/* A dense matrix: whole lines where it is their turn, elsewhere the elements that spiked. */
static void LA_(learn_dense)(la_rule *r, const la_elements *spiking) {
    LA_(prepare)(r);
    for (ptrdiff_t line = 0; line < r->neurons[r->side]; line++) {
        if (la_whole_line(r, line)) {
            la_elements e = {line, r->neurons[1 - r->side], 0, NULL, NULL, r->when[1 - r->side]};
            LA_(line)(r, &e);
        } else if (la_depends(r, 1 - r->side) && spiking->n) {
            la_elements e = *spiking;
            e.line = line;
            LA_(line)(r, &e);
        }
    }
}

/* Rows of a matrix in compressed rows; of silent ones the columns that spiked, if `scan`. */
static void LA_(learn_rows)(la_rule *r, const la_matrix *m, int scan) {
    int64_t entry[LA_BLOCK];
    int32_t neuron[LA_BLOCK], when[LA_BLOCK];
    LA_(prepare)(r);
    for (ptrdiff_t row = 0; row < r->neurons[LA_POST]; row++) {
        const ptrdiff_t first = m->pointers[row], last = m->pointers[row + 1];
        if (la_whole_line(r, row)) {
            la_elements e = {row, last - first, first, NULL, m->columns + first, NULL};
            LA_(line)(r, &e);
        } else if (scan) {
            la_elements e = {row, 0, 0, entry, neuron, when};
            LA_(tables)(r, row);
            for (ptrdiff_t i = first; i < last; i++) {
                if (e.n == LA_BLOCK) {
                    LA_(change)(r, &e);
                    e.n = 0;
                }
                entry[e.n] = i;
                neuron[e.n] = m->columns[i];
                when[e.n] = r->when[LA_PRE][neuron[e.n]];
                e.n += when[e.n] != 0;
            }
            if (e.n) {
                LA_(change)(r, &e);
            }
        }
    }
}

/* Columns of it that spiked, without the rows that `learn_rows` went through. */
static void LA_(learn_columns)(la_rule *r, const la_matrix *m) {
    const int rows_done = la_depends(r, LA_POST);
    int64_t entry[LA_BLOCK];
    int32_t neuron[LA_BLOCK], when[LA_BLOCK];
    LA_(prepare)(r);
    for (ptrdiff_t column = 0; column < r->neurons[LA_PRE]; column++) {
        if (!la_whole_line(r, column)) {
            continue;
        }
        LA_(tables)(r, column);
        la_elements e = {column, 0, 0, entry, neuron, when};
        for (ptrdiff_t i = m->starts[column]; i < m->starts[column + 1]; i++) {
            const int32_t row = m->rows[m->order[i]], at = r->when[LA_POST][row];
            if (at && rows_done) {
                continue;
            }
            if (e.n == LA_BLOCK) {
                LA_(change)(r, &e);
                e.n = 0;
            }
            entry[e.n] = m->order[i];
            neuron[e.n] = row;
            when[e.n++] = at;
        }
        if (e.n) {
            LA_(change)(r, &e);
        }
    }
}

#undef LA_EACH
#undef LA_READ
#undef LA_ADD
#undef LA_STORE
#ifdef LA_FIXED
#undef LA_BEGIN
#undef LA_LOAD
#endif
