/* What the loops of learning.h work on: a rule as a table, an epoch, lines of synapses. */
#ifndef LAVA_ACTOR_LEARNING_RULE_H
#define LAVA_ACTOR_LEARNING_RULE_H

#include <stddef.h>
#include <stdint.h>

#define LA_TARGETS 3

typedef struct {
    int64_t target, condition, mantissa, exponent, shift, first, count;
} la_product;

typedef struct {
    int64_t what, index, bits, sgn, form;
} la_factor;

typedef struct {
    int64_t variable, sign, low, high;
} la_target;

typedef struct {
    void *data;
    int kind;
    ptrdiff_t by_line, by_element;
} la_variable;

typedef struct {
    ptrdiff_t products, targets;
    const la_product *product;
    const la_factor *factor;
    const double *constant; /* one per factor */
    const la_target *target;
    la_variable variable[LA_TARGETS];
    const void *history[2]; /* (t_epoch + 1, traces, neurons) */
    ptrdiff_t traces[2], neurons[2];
    const int32_t *when[2]; /* last spikes, 0 for none */
    const uint8_t *short_when; /* of elements, where there are TABLEs */
    const int32_t *by_time;    /* elements that spiked, by time, and where in that each time begins */
    const int32_t *begins;
    int spiked[2]; /* any */
    ptrdiff_t t_epoch;
    int u;
    int32_t carry;   /* added before seven bits are cut */
    int always;      /* targets whose limits are to be applied to all synapses, one bit each */
    int unsettled;   /* to those of the line */
    int found;       /* the same for the next epoch */
    /* for one side of lines */
    int side;
    int *how;        /* VECTOR, TABLE or SYNAPSE, one per product */
    void **known;    /* of VECTOR: by time and element; of TABLE: by line and time */
} la_rule;

/* Elements of a line: neurons of the other side, and where variables lie. */
typedef struct {
    ptrdiff_t line, n, first;
    const int64_t *entry;  /* NULL: first, first + 1, … */
    const int32_t *neuron; /* the same */
    const int32_t *when;   /* of each element */
} la_elements;

/* The stored entries of a sparse matrix, line by line; `starts` is NULL for a dense one. */
typedef struct {
    const int64_t *starts;
    const int32_t *neurons;
    int32_t *done;      /* how many of the epochs that wait a line has gone through, */
    uint8_t *unsettled; /* and to which targets its next one applies the limits, one bit each */
} la_lines;

#endif
