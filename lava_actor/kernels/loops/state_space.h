/* Diagonal state-space models (lava_actor/proc/s4d); complex numbers are pairs.
 *
 * Products are written out: how NumPy rounds those of complex numbers depends on the processor.
 */
#ifndef LAVA_ACTOR_STATE_SPACE_H
#define LAVA_ACTOR_STATE_SPACE_H

#include "catalogue.h"
#include "sigma_delta.h"

/* x = a x + b given; out = 2 Re(c x): for a block of neurons, from the first one on. */
LA_INLINE void la_state_space(ptrdiff_t n, const double *restrict given, void *const *x_a_b_c,
                              ptrdiff_t first, double *restrict out) {
    double *restrict x = (double *)x_a_b_c[0] + 2 * first;
    const double *restrict a = (double *)x_a_b_c[1] + 2 * first,
                 *restrict b = (double *)x_a_b_c[2] + 2 * first,
                 *restrict c = (double *)x_a_b_c[3] + 2 * first;
    LA_APART
    for (ptrdiff_t k = 0; k < n; k++) {
        const double re = x[2 * k] * a[2 * k] - x[2 * k + 1] * a[2 * k + 1] + b[2 * k] * given[k];
        const double im =
            x[2 * k] * a[2 * k + 1] + x[2 * k + 1] * a[2 * k] + b[2 * k + 1] * given[k];
        x[2 * k] = re;
        x[2 * k + 1] = im;
        out[k] = 2 * (c[2 * k] * re - c[2 * k + 1] * im);
    }
}

/* Arrays: a_in, s_out, s4_state, a, b, c. */
LA_WIDE static int la_step_s4d(const la_pack *p) {
    LA_BY_BLOCKS(p->n) {
        la_state_space(to - from, (double *)p->arrays[0] + from, p->arrays + 2, from,
                       (double *)p->arrays[1] + from);
    }
    return 0;
}

/* Arrays: a_in, s_out, act, residue, error, sigma, s4_state, a, b, c. Number: vth.
 * Integer: cum_error. */
LA_WIDE static int la_step_sigma_s4d_delta(const la_pack *p) {
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
