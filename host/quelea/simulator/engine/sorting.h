/* Sorting whole lanes: the same comparators for all of them. */
#ifndef QUELEA_ENGINE_SORTING_H
#define QUELEA_ENGINE_SORTING_H

#include "engine.h"

#define NONE 0x7fffffff /* stands behind every value */

/* Sort values[:count] ascending by the comparators of this count (Batcher's merge exchange). */
INLINE void sorted(const struct fleet *f, v *values, int count)
{
    const int32_t *pair = f->pairs + 2 * f->pair_starts[count];
    const int32_t *end = f->pairs + 2 * f->pair_starts[count + 1];
    for (; pair < end; pair += 2) {
        v a = values[pair[0]], b = values[pair[1]];
        v swap = a > b;
        values[pair[0]] = pick(swap, b, a);
        values[pair[1]] = pick(swap, a, b);
    }
}

/* Sum of values[i] for first <= i < last, both by lane. */
INLINE v window(const v *values, int count, v first, v last)
{
    v total = all(0);
    for (int i = 0; i < count; i++)
        total += (first <= i) & (last > i) & values[i];
    return total;
}

/* values[index], by lane. */
INLINE v at(const v *values, int count, v index) { return window(values, count, index, index + 1); }

#endif
