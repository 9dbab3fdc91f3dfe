/* What agents see and are paid, and the truth, as quelea.learn.env_world says column by column. */
#include "story_rumours.h"

enum {
    LOAD_Q_MAX = 524287,
    RATIO_MAX = 1048576,
    WHOLE = 1024,
    MOVE_POINTS = 20,
};

static inline int32_t ratio(int32_t load_q, int32_t capacity_q)
{
    return least(RATIO_MAX, (least(load_q, LOAD_Q_MAX) << 10) / capacity_q);
}

static inline uint8_t byte(int32_t number)
{
    return (uint8_t)(number < 0 ? 0 : number > TOP ? TOP : number);
}

static uint8_t room(const world *w, const int32_t *load_q)
{
    int32_t room_q = 0, excess_q = 0;
    for (int s = 0; s < SERVERS; s++) {
        int32_t spare_q = w->capacities_q[s] - most(0, load_q[s]);
        room_q += most(0, spare_q);
        excess_q += most(0, -spare_q);
    }
    if (excess_q == 0)
        return TOP;
    return (uint8_t)(TOP * room_q / (room_q + excess_q));
}

static uint8_t *observe(const world *w, const agent *me, uint8_t *out)
{
    const int32_t *load_q = me->known_q, *found = me->known;
    int32_t here = ratio(me->load_seen_q, w->capacities_q[me->server]);
    for (int index = 0; index < ALLOWED; index++) {
        int s = me->allowed[index];
        int mine = index == me->at;
        int32_t there = here;
        if (!mine)
            there = ratio(most(0, load_q[s]) + me->demand_q, w->capacities_q[s]);
        out[0] = byte(here >> 3);
        out[1] = byte(here - WHOLE + 128);
        out[2] = (uint8_t)(here > WHOLE ? ((here - WHOLE) << 8) / here : 0);
        out[3] = (uint8_t)(me->rest << 3);
        out[4] = (uint8_t)me->moves;
        out[5] = mine ? TOP : 0;
        out[6] = byte(there >> 3);
        out[7] = byte(there - WHOLE + 128);
        out[8] = byte(((here - there) >> 2) + 128);
        out[9] = byte(ratio(me->demand_q, w->capacities_q[s]) >> 2);
        int32_t age = least(TOP, w->rounds - found[s]) << 3;
        out[10] = mine ? 0 : load_q[s] == UNKNOWN ? TOP : byte(age);
        out += FEATURES;
    }
    out[0] = byte(TOP * me->demand_q / w->largest_q);
    out[1] = byte(TOP * me->held_q / me->demand_q);
    out[2] = room(w, load_q);
    return out + 3;
}

void world_observe(const world *w, uint8_t *out)
{
    for (int i = 0; i < w->count; i++)
        out = observe(w, &w->agents[i], out);
}

void world_state(const world *w, uint8_t *out)
{
    for (int s = 0; s < SERVERS; s++) {
        int32_t full = ratio(w->asked_q[s], w->capacities_q[s]);
        *out++ = (uint8_t)(TOP * w->capacities_q[s] / w->largest_q);
        *out++ = byte(full >> 3);
        *out++ = byte(full - WHOLE + 128);
    }
    for (int i = 0; i < w->count; i++) {
        const agent *me = &w->agents[i];
        *out++ = byte(TOP * me->demand_q / w->largest_q);
        *out++ = (uint8_t)(TOP * me->served_q / me->demand_q);
        for (int s = 0; s < SERVERS; s++)
            *out++ = me->server == s ? TOP : 0;
    }
}

void world_points(const world *w, int32_t *out)
{
    for (int i = 0; i < w->count; i++) {
        const agent *me = &w->agents[i];
        out[i] = me->served_q * WHOLE / me->demand_q - (me->moved ? MOVE_POINTS : 0);
    }
}
