/* The step ABI: what a function that does one step of a model is given.
 *
 * The engine receives the messages of a step, calls the function, and sends what it has written.
 * The function touches only what the pack points to, keeps no pointer, waits for nothing, and may
 * run without the interpreter. It returns 0, or any other number to end the run with an error.
 *
 * `arrays` holds, in the order in which the model declares them: inputs (read only; a sum of the
 * messages of all senders), outputs (to be written in full), state (kept from step to step), and
 * parameters (read only, one element per neuron unless the model says otherwise). No two overlap.
 */
#ifndef LAVA_ACTOR_STEP_H
#define LAVA_ACTOR_STEP_H

#include <stddef.h>
#include <stdint.h>

#define LA_STEP_VERSION 1

typedef struct {
    uint32_t version;       /* LA_STEP_VERSION; members are only ever added at the end */
    uint32_t n_arrays;
    ptrdiff_t n;            /* neurons: elements of the first port */
    uint64_t step;          /* time_step: 1 in the first step */
    void **arrays;
    ptrdiff_t *sizes;       /* elements of each array */
    double *numbers;
    int64_t *integers;
} la_pack;

typedef int (*la_step)(const la_pack *);

#endif
