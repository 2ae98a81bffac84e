/* Diagonal state-space models (lava_actor/proc/s4d).
 *
 * How a product of complex numbers is rounded depends on what NumPy finds in the processor, so
 * NumPy's own loop computes it here; `steps/_populations.pxi` says where that lies.
 */
#ifndef LAVA_ACTOR_STATE_SPACE_H
#define LAVA_ACTOR_STATE_SPACE_H

#include "catalogue.h"
#include "sigma_delta.h"

typedef void (*la_numpy_loop)(char **arrays, const intptr_t *n, const intptr_t *strides, void *data);

static la_numpy_loop la_complex_product;
static void *la_complex_product_data;

static void la_set_complex_product(la_numpy_loop loop, void *data) {
    la_complex_product = loop;
    la_complex_product_data = data;
}

/* Complex numbers are pairs; `step` is 0 for a first factor that is one number. */
static void la_multiply_c128(ptrdiff_t n, const double *a, ptrdiff_t step, const double *b,
                             double *to) {
    char *arrays[3] = {(char *)a, (char *)b, (char *)to};
    const ptrdiff_t size = 2 * sizeof(double), strides[3] = {step * size, size, size};
    la_complex_product(arrays, &n, strides, la_complex_product_data);
}

/* x = a x + b given; out = Re(2 c x): for a block of neurons, from the first one on. */
static void la_state_space(ptrdiff_t n, const double *given, void *const *x_a_b_c, ptrdiff_t first,
                           double *out) {
    static const double two[2] = {2, 0};
    double kept[2 * LA_NEURON_BLOCK], fed[2 * LA_NEURON_BLOCK], wide[2 * LA_NEURON_BLOCK];
    double *x = (double *)x_a_b_c[0] + 2 * first;
    for (ptrdiff_t k = 0; k < n; k++) {
        wide[2 * k] = given[k];
        wide[2 * k + 1] = 0;
    }
    la_multiply_c128(n, x, 1, (double *)x_a_b_c[1] + 2 * first, kept);
    la_multiply_c128(n, (double *)x_a_b_c[2] + 2 * first, 1, wide, fed);
    for (ptrdiff_t k = 0; k < 2 * n; k++) {
        x[k] = kept[k] + fed[k];
    }
    la_multiply_c128(n, two, 0, (double *)x_a_b_c[3] + 2 * first, kept);
    la_multiply_c128(n, kept, 1, x, fed);
    for (ptrdiff_t k = 0; k < n; k++) {
        out[k] = fed[2 * k];
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
