/* All native steps of the library, by name. */
#ifndef LAVA_ACTOR_STEPS_H
#define LAVA_ACTOR_STEPS_H

#include "atrlif.h"
#include "graded.h"
#include "lif.h"
#include "nir.h"
#include "places.h"
#include "poisson.h"
#include "resonators.h"
#include "sigma_delta.h"
#include "state_space.h"

static const la_entry LA_CATALOGUE[] = {LA_ATRLIF_STEPS LA_GRADED_STEPS LA_LIF_STEPS LA_NIR_STEPS LA_PLACES_STEPS
                                            LA_POISSON_STEPS LA_RESONATOR_STEPS LA_SIGMA_DELTA_STEPS
                                            LA_STATE_SPACE_STEPS{NULL, NULL}};

#endif
