/* A rule on many agents at once whose neighbours' values are already gathered. */
#ifndef QUELEA_COLUMNS_H
#define QUELEA_COLUMNS_H

#include "plan.h"
#include "team.h"

struct columns {
    const struct plan *plan;
    int width;                          /* bytes of a value: 4 or 2 */
    const void *values, *own;           /* own: NULL if the plan has none */
    void *out;                          /* as wide as the values */
    ptrdiff_t row_stride, lane_stride;  /* in values; of own and out it is one */
    size_t lanes;
};

/* Returns the number of threads it ran on, or -1 without memory. */
int columns_run(const struct columns *columns, int threads);

#endif
