/* The rules on lanes; values[:count] with NONE where a value is missing, found: how many. */
#ifndef QUELEA_ENGINE_RULES_H
#define QUELEA_ENGINE_RULES_H

#include "sorting.h"

INLINE v rounded(const struct fleet *f, v total, v count)
{
    return PLANTED(P_FLOOR) ? floored(total, count) : half_up(total, count);
}

INLINE v wmsr(const struct fleet *f, v own, v *values, int count, v found)
{
    v below = all(0), above = all(0), faults = all(f->faults);
    if (PLANTED(P_TRIM_BY_RECEIVED))
        faults = least(faults, (found - 1) >> 1);
    for (int i = 0; i < count; i++) {
        below -= values[i] < own;
        above -= (values[i] > own) & (values[i] != NONE);
    }
    sorted(f, values, count);
    v first = least(below, faults), last = found - least(above, faults);
    if (PLANTED(P_TRIM_ONE_SIDE))
        first = all(0);
    v total = window(values, count, first, last);
    if (PLANTED(P_OWN_LEFT_OUT))
        return rounded(f, total, most(last - first, all(1)));
    return rounded(f, own + total, last - first + 1);
}

/* The distance from own at rank `kept` of the values that are there. */
INLINE v reach(const struct fleet *f, v own, const v *values, int count, v kept)
{
    v near[SLOTS_MAX + 1];
    for (int i = 0; i < count; i++)
        near[i] = pick(values[i] == NONE, values[i], size(values[i] - own));
    sorted(f, near, count);
    return at(near, count, kept - 1);
}

INLINE v clipped_wmsr(const struct fleet *f, v own, v *values, int count, v found)
{
    v below = all(0), above = all(0), faults = all(f->faults), total = all(0);
    v longest = reach(f, own, values, count, most(found, 2 * faults + 1) - 2 * faults);
    for (int i = 0; i < count; i++) {
        below -= values[i] < own;
        above -= (values[i] > own) & (values[i] != NONE);
    }
    sorted(f, values, count);
    v first = least(below, faults), last = found - least(above, faults);
    for (int i = 0; i < count; i++) {
        v moved = most(-longest, least(longest, values[i] - own));
        total += (first <= i) & (last > i) & moved;
    }
    return own + rounded(f, total, last - first + 1);
}

INLINE v trim_and_clip(const struct fleet *f, v own, v *values, int count, v found)
{
    v kept = found - 2 * f->faults, longest = reach(f, own, values, count, kept);
    sorted(f, values, count);
    v total = all(0);
    for (int i = 0; i < count; i++) {
        v moved = most(-longest, least(longest, values[i] - own));
        total += (all(i) >= f->faults) & (all(i) < f->faults + kept) & moved;
    }
    return own + rounded(f, total, kept + 1);
}

/* What the fleet's rule makes of own and values; meaningful where found >= 2F + 1. */
INLINE v combined(const struct fleet *f, v own, v *values, int count, v found)
{
    if (f->rule == MEAN) {
        v total = own;
        for (int i = 0; i < count; i++)
            total += (values[i] != NONE) & values[i];
        return rounded(f, total, found + 1);
    }
    if (f->rule == WMSR)
        return wmsr(f, own, values, count, found);
    if (f->rule == CLIPPED_WMSR)
        return clipped_wmsr(f, own, values, count, found);
    if (f->rule == TRIM_AND_CLIP)
        return trim_and_clip(f, own, values, count, most(found, all(2 * f->faults + 1)));
    values[count] = own;
    sorted(f, values, count + 1);
    v faults = all(f->faults), top = found - f->faults;
    if (f->rule == TRIMMED_MEAN) {
        v width = most(top - faults + 1, all(1));
        return rounded(f, window(values, count + 1, faults, top + 1), width);
    }
    if (f->rule == MIDPOINT)
        return rounded(f, at(values, count + 1, faults) + at(values, count + 1, top), all(2));
    v low = found >> 1, high = (found + 1) >> 1;
    return rounded(f, at(values, count + 1, low) + at(values, count + 1, high), all(2));
}

#endif
