/* How a header of this folder adds a step to the catalogue: it defines `la_step_NAME`, and lists
 * LA_STEP(NAME) in a macro of its own that steps.h names. */
#ifndef LAVA_ACTOR_CATALOGUE_H
#define LAVA_ACTOR_CATALOGUE_H

#include "step.h"
#include "wide.h"

typedef struct {
    const char *name;
    la_step step;
} la_entry;

#define LA_STEP(NAME) {#NAME, la_step_##NAME},

/* A step that is a template with certain arguments. */
#define LA_STEP_BY(NAME, TEMPLATE, ...)                                                            \
    LA_WIDE static int la_step_##NAME(const la_pack *p) {                                          \
        TEMPLATE(p, __VA_ARGS__);                                                                  \
        return 0;                                                                                  \
    }

#endif
