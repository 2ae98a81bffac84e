/* Nodes of NIR (lava_actor/proc/nir). */
#ifndef LAVA_ACTOR_NIR_H
#define LAVA_ACTOR_NIR_H

#include "catalogue.h"

/* Arrays: a_in, s_out, scale. */
LA_WIDE static int la_step_scaled(const la_pack *p) {
    const double *restrict a = p->arrays[0], *restrict scale = p->arrays[2];
    double *restrict s = p->arrays[1];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        s[k] = scale[k] * a[k];
    }
    return 0;
}

/* Arrays: a_in, s_out, threshold. */
LA_WIDE static int la_step_above(const la_pack *p) {
    const double *restrict a = p->arrays[0], *restrict threshold = p->arrays[2];
    uint8_t *restrict s = p->arrays[1];
    for (ptrdiff_t k = 0; k < p->n; k++) {
        s[k] = a[k] > threshold[k];
    }
    return 0;
}

/* Arrays: s_out, buffer (steps, neurons), how many steps each neuron is late. */
static int la_step_delay_sends(const la_pack *p) {
    const double *buffer = p->arrays[1];
    const int64_t *late = p->arrays[2];
    double *s = p->arrays[0];
    const int64_t rows = p->n ? p->sizes[1] / p->n : 1;
    for (ptrdiff_t k = 0; k < p->n; k++) {
        int64_t row = ((int64_t)p->step - late[k]) % rows;
        s[k] = buffer[(row < 0 ? row + rows : row) * p->n + k];
    }
    return 0;
}

/* Arrays: a_in, buffer. */
static int la_step_delay_keeps(const la_pack *p) {
    if (p->n) {
        uint64_t rows = (uint64_t)(p->sizes[1] / p->n);
        memcpy((double *)p->arrays[1] + p->step % rows * (uint64_t)p->n, p->arrays[0],
               (size_t)p->n * sizeof(double));
    }
    return 0;
}

/* Arrays: a_in, s_out, i, v, r, v_leak, w_in, v_reset, v_threshold, share_mem, share_syn.
 * Number: gain. Integers: filters, leaks, spiking. */
LA_INLINE void la_nir_neuron(const la_pack *p, int filters, int leaks, int spiking) {
    const double *restrict a = p->arrays[0], *restrict r = p->arrays[4];
    const double *restrict rest = p->arrays[5], *restrict weight = p->arrays[6];
    const double *restrict reset = p->arrays[7], *restrict threshold = p->arrays[8];
    const double *restrict share_mem = p->arrays[9], *restrict share_syn = p->arrays[10];
    double *restrict s = p->arrays[1], *restrict i = p->arrays[2], *restrict v = p->arrays[3];
    const double gain = p->numbers[0];
    const ptrdiff_t n = p->n;
    LA_APART
    for (ptrdiff_t k = 0; k < n; k++) {
        double current = filters ? i[k] + share_syn[k] * (weight[k] * a[k] - i[k]) : a[k];
        double change = leaks ? share_mem[k] * (rest[k] - v[k] + r[k] * current)
                              : gain * r[k] * current;
        double voltage = v[k] + change;
        int spike = spiking && voltage > threshold[k];
        i[k] = current;
        v[k] = spike ? reset[k] : voltage;
        s[k] = spiking ? spike : voltage;
    }
}

LA_WIDE static int la_step_nir_neuron(const la_pack *p) {
    switch (p->integers[0] << 2 | p->integers[1] << 1 | p->integers[2]) {
    case 0: la_nir_neuron(p, 0, 0, 0); break;
    case 1: la_nir_neuron(p, 0, 0, 1); break;
    case 2: la_nir_neuron(p, 0, 1, 0); break;
    case 3: la_nir_neuron(p, 0, 1, 1); break;
    case 4: la_nir_neuron(p, 1, 0, 0); break;
    case 5: la_nir_neuron(p, 1, 0, 1); break;
    case 6: la_nir_neuron(p, 1, 1, 0); break;
    default: la_nir_neuron(p, 1, 1, 1);
    }
    return 0;
}

#define LA_NIR_STEPS                                                                               \
    LA_STEP(scaled) LA_STEP(above) LA_STEP(delay_sends) LA_STEP(delay_keeps) LA_STEP(nir_neuron)

#endif
