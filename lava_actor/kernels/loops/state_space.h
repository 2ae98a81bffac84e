/* Diagonal state-space models (lava_actor/proc/s4d); complex numbers are pairs.
 *
 * Products are written out: how NumPy rounds those of complex numbers depends on the processor.
 */
#ifndef LAVA_ACTOR_STATE_SPACE_H
#define LAVA_ACTOR_STATE_SPACE_H

#include "catalogue.h"
#include "sigma_delta.h"

/* x = a x + b given; out = 2 Re(c x): for a block of neurons, from the first one on. */
static void la_state_space(ptrdiff_t n, const double *given, void *const *x_a_b_c, ptrdiff_t first,
                           double *out) {
    double *x = (double *)x_a_b_c[0] + 2 * first;
    const double *a = (double *)x_a_b_c[1] + 2 * first, *b = (double *)x_a_b_c[2] + 2 * first,
                 *c = (double *)x_a_b_c[3] + 2 * first;
    for (ptrdiff_t k = 0; k < 2 * n; k += 2) {
        const double re = x[k] * a[k] - x[k + 1] * a[k + 1] + b[k] * given[k / 2];
        const double im = x[k] * a[k + 1] + x[k + 1] * a[k] + b[k + 1] * given[k / 2];
        x[k] = re;
        x[k + 1] = im;
        out[k / 2] = 2 * (c[k] * re - c[k + 1] * im);
    }
}

/* Arrays: a_in, s_out, s4_state, a, b, c. */
static int la_step_s4d(const la_pack *p) {
    LA_BY_BLOCKS(p->n) {
        la_state_space(to - from, (double *)p->arrays[0] + from, p->arrays + 2, from,
                       (double *)p->arrays[1] + from);
    }
    return 0;
}

/* Arrays: a_in, s_out, act, residue, error, sigma, s4_state, a, b, c. Number: vth.
 * Integer: cum_error. */
static int la_step_sigma_s4d_delta(const la_pack *p) {
    const double *a = p->arrays[0];
    double *sigma = p->arrays[5], given[LA_NEURON_BLOCK];
    LA_BY_BLOCKS(p->n) {
        void *arrays[5] = {given};
        la_pack part = *p;
        part.arrays = arrays;
        part.n = to - from;
        for (int i = 1; i < 5; i++) {
            arrays[i] = (double *)p->arrays[i] + from;
        }
        for (ptrdiff_t k = from; k < to; k++) {
            sigma[k] = sigma[k] + a[k];
        }
        la_state_space(part.n, sigma + from, p->arrays + 6, from, given);
        la_step_delta_f64(&part);
    }
    return 0;
}

#define LA_STATE_SPACE_STEPS LA_STEP(s4d) LA_STEP(sigma_s4d_delta)

#endif
