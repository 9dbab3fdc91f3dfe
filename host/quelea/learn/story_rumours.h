/* What an agent believes: rumours.py's load_q(), for all servers at once. */
#ifndef QUELEA_STORY_RUMOURS_H
#define QUELEA_STORY_RUMOURS_H

#include "story_world.h"

enum {
    HORIZON_ROUNDS = 200,
    OWN_ROUNDS = 3,
    TRUSTED_MAX = 4,
    UNKNOWN = -1,
    NEVER = 255,
    TOP = 255,
};

static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int trusts(const world *w, const agent *me, int slot)
{
    return !w->checked || me->suspicion[slot] < TRUSTED_MAX;
}

/* Set the believed loads, UNKNOWN for none, and the rounds of which they are. */
static inline void believed(const world *w, const agent *me, int32_t *load_q, int32_t *found)
{
    int32_t open[SERVERS];
    for (int s = 0; s < SERVERS; s++) {
        found[s] = me->stamp[SLOTS][s];
        load_q[s] = me->load_q[SLOTS][s];
        open[s] = -(!w->checked | (w->rounds - found[s] > OWN_ROUNDS));
    }
    for (int slot = 0; slot < SLOTS; slot++) {
        if (!trusts(w, me, slot))
            continue;
        for (int s = 0; s < SERVERS; s++) {
            int32_t take = open[s] & -(me->stamp[slot][s] > found[s]);
            found[s] = (me->stamp[slot][s] & take) | (found[s] & ~take);
            load_q[s] = (me->load_q[slot][s] & take) | (load_q[s] & ~take);
        }
    }
    for (int s = 0; s < SERVERS; s++)
        load_q[s] = w->rounds - found[s] <= me->expiry ? load_q[s] : UNKNOWN;
}

#endif
