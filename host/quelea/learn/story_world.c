/* The world of the story, bit for bit as quelea.learn.env_world.World has it.
 *
 * There each agent is the firmware's own Chooser; here all that is left out which a run without
 * faulty bytes and without clocks cannot show: checksums, sessions, numbers of rows, leases that
 * run out (everybody asks in every round). tests/learn/test_env_batch.py holds the two together.
 * Names, order of draws and comments are those of the Python side.
 */
#include "story_world.h"

#include <string.h>

#include "story_rumours.h"

enum {
    BAD = 4,
    SUSPICION_MAX = 16,
    EXPIRY_ROUNDS = 16,
    EXPIRY_SHIFT = 3,
    FAR_SHIFT = 2,
    NEAR_SHIFT = 3,
    NEWS_SHIFT = 5,
    LONG_AGO = -1000000,
    QUIET_ROUNDS_MAX = 8,
    CROWD_ROUNDS = 10,
    REST_TOP = 31,
    MOVE = 64,
    WARM = 16,
};

/* -- draws -------------------------------------------------------------------------------- */
static inline uint32_t next(draws *d)
{
    d->a = 32760u * (d->a & 32767u) + (d->a >> 15);
    d->b = 32730u * (d->b & 32767u) + (d->b >> 15);
    return ((d->a & 32767u) + (d->b & 32767u)) & 32767u;
}

static inline uint32_t below(draws *d, uint32_t bound)
{
    if (bound <= 32768u)
        return next(d) * bound >> 15;
    uint32_t high = next(d) << 15;
    return (high | next(d)) % bound;
}

static void seeded(draws *d, uint32_t seed, uint32_t node)
{
    d->a = (1 + (seed & 8191u)) << 15 | (node & 32767u);
    d->b = (1 + (seed >> 13 & 8191u)) << 15 | (node >> 15) << 14 | seed >> 26 | 32u;
    for (int i = 0; i < WARM; i++)
        next(d);
}

static void shuffle(draws *d, uint8_t *items, int count)
{
    for (int i = count - 1; i > 0; i--) {
        uint32_t j = below(d, (uint32_t)i + 1);
        uint8_t kept = items[i];
        items[i] = items[j];
        items[j] = kept;
    }
}

/* -- rumours ------------------------------------------------------------------------------ */
static void suspect(agent *me, int slot)
{
    me->suspicion[slot] = least(SUSPICION_MAX, me->suspicion[slot] + BAD);
}

static inline void ordered(int32_t *low, int32_t *high)
{
    int32_t kept = least(*low, *high);
    *high = most(*low, *high);
    *low = kept;
}

/* The fifth smallest of eight: a network of Batcher's, less what only orders the others. */
static inline int32_t fifth(int32_t *a)
{
    ordered(&a[0], &a[1]), ordered(&a[2], &a[3]), ordered(&a[4], &a[5]), ordered(&a[6], &a[7]);
    ordered(&a[0], &a[2]), ordered(&a[1], &a[3]), ordered(&a[4], &a[6]), ordered(&a[5], &a[7]);
    ordered(&a[1], &a[2]), ordered(&a[5], &a[6]);
    ordered(&a[0], &a[4]), ordered(&a[1], &a[5]), ordered(&a[2], &a[6]), ordered(&a[3], &a[7]);
    ordered(&a[2], &a[4]), ordered(&a[3], &a[5]);
    return most(a[3], a[4]);
}

/* Rumours.begin() of a round whose number is in w->rounds; what is believed then is kept. */
static void begin(const world *w, agent *me)
{
    me->expiry = HORIZON_ROUNDS;
    believed(w, me, me->known_q, me->known);
    if (!w->checked)
        return;
    int32_t ages[SERVERS];
    for (int s = 0; s < SERVERS; s++)
        ages[s] = least(HORIZON_ROUNDS, w->rounds - me->known[s]);
    me->expiry = least(HORIZON_ROUNDS, EXPIRY_ROUNDS + (fifth(ages) << EXPIRY_SHIFT));
    for (int s = 0; s < SERVERS; s++)
        me->known_q[s] = w->rounds - me->known[s] <= me->expiry ? me->known_q[s] : UNKNOWN;
}

static void see(const world *w, agent *me, int32_t load_q)
{
    int server = me->server;
    if (server != me->sight) {
        int32_t far_q = w->capacities_q[server] >> FAR_SHIFT;
        int32_t others_q = load_q - me->demand_q;
        for (int slot = 0; slot < SLOTS; slot++)
            if (me->stamp[slot][server] >= w->rounds - 2 &&
                others_q > me->load_q[slot][server] + far_q)
                suspect(me, slot);
        me->sight = server;
        me->since = w->rounds;
    }
    me->seen_q[w->rounds % SEEN_ROUNDS] = load_q;
    me->stamp[SLOTS][server] = w->rounds;
    me->load_q[SLOTS][server] = load_q;
}

static void check(const world *w, agent *me, int slot, const row *in)
{
    if (me->sight < 0 || in->age[me->sight] == NEVER)
        return;
    int32_t age = in->age[me->sight];
    int32_t slack = 1 + (age >> 1);
    int32_t then = w->rounds - age;
    int32_t first = most(most(then - slack, me->since), w->rounds - SEEN_ROUNDS + 1);
    int32_t last = least(then + slack, w->rounds);
    if (first > last)
        return;
    int32_t lo_q = me->seen_q[first % SEEN_ROUNDS];
    int32_t hi_q = lo_q;
    for (int32_t stamp = first + 1; stamp <= last; stamp++) {
        lo_q = least(lo_q, me->seen_q[stamp % SEEN_ROUNDS]);
        hi_q = most(hi_q, me->seen_q[stamp % SEEN_ROUNDS]);
    }
    int32_t near_q = w->capacities_q[me->sight] >> NEAR_SHIFT;
    int32_t said_q = in->load_q[me->sight];
    if (said_q < lo_q - near_q || said_q > hi_q + near_q)
        suspect(me, slot);
    else if (me->suspicion[slot])
        me->suspicion[slot]--;
}

static void news(agent *me)
{
    me->quiet = 1;
    me->wait = 0;
}

/* Whether a row has news, _is_news() of any server; it matters to who speaks by news alone. */
static int tells(const world *w, const agent *me, int slot, const row *in)
{
    int32_t known_q[SERVERS], found[SERVERS];
    int told = 0;
    believed(w, me, known_q, found);
    for (int s = 0; s < SERVERS; s++) {
        int32_t stamp = w->rounds - in->age[s];
        int32_t change_q = in->load_q[s] - known_q[s];
        if (in->age[s] == NEVER || stamp <= me->stamp[slot][s] || found[s] >= stamp)
            continue;
        told |= known_q[s] == UNKNOWN ||
                (change_q < 0 ? -change_q : change_q) > w->capacities_q[s] >> NEWS_SHIFT;
    }
    return told;
}

static void hear(const world *w, agent *me, int slot, const row *in)
{
    check(w, me, slot, in);
    if (w->adaptive && trusts(w, me, slot) && tells(w, me, slot, in))
        news(me);
    for (int s = 0; s < SERVERS; s++) {
        int32_t stamp = in->age[s] == NEVER ? LONG_AGO : w->rounds - in->age[s];
        int32_t newer = -(stamp > me->stamp[slot][s]);
        me->stamp[slot][s] = (stamp & newer) | (me->stamp[slot][s] & ~newer);
        me->load_q[slot][s] = (in->load_q[s] & newer) | (me->load_q[slot][s] & ~newer);
    }
}

/* -- the round ---------------------------------------------------------------------------- */
static void go(world *w, agent *me, int at)
{
    me->moved = at != me->at;
    if (!me->moved)
        return;
    int server = me->server;
    if (w->checked) {
        me->load_q[SLOTS][server] = most(0, me->load_q[SLOTS][server] - me->demand_q);
        me->stamp[SLOTS][server] = w->rounds;
    }
    me->held_q = 0;
    me->at = at;
    me->server = me->allowed[at];
    news(me);
    w->asked_q[server] -= me->ask_q;
    w->reserved_q[server] -= me->reserve_q;
    me->ask_q = me->reserve_q = 0;
    w->moves++;
}

static void ask(world *w, agent *me)
{
    int server = me->server;
    int32_t capacity_q = w->capacities_q[server];
    int32_t ask_q = least(me->demand_q, w->claim_q_max);
    w->asked_q[server] += ask_q - me->ask_q;
    me->ask_q = ask_q;
    int32_t kept_q = least(me->held_q, me->reserve_q);
    int32_t others_q = w->reserved_q[server] - me->reserve_q;
    int32_t asked_q = w->asked_q[server];
    int32_t share_q = ask_q;
    if (asked_q > capacity_q)
        share_q = (int32_t)((uint32_t)capacity_q * (uint32_t)ask_q / (uint32_t)asked_q);
    me->granted_q = most(0, least(share_q, capacity_q - others_q));
    me->reserve_q = most(kept_q, me->granted_q);
    w->reserved_q[server] = others_q + me->reserve_q;
    me->sent_q = w->throttled ? me->granted_q : me->demand_q;
}

static int32_t done_q(int32_t load_q, int32_t capacity_q, int32_t kappa_percent)
{
    if (load_q <= capacity_q)
        return load_q;
    int64_t whole = 100 * (int64_t)capacity_q;
    int64_t total = whole + (int64_t)kappa_percent * (load_q - capacity_q);
    return (int32_t)(capacity_q * whole / total);
}

static void serve(world *w)
{
    int32_t all_done_q[SERVERS];
    memset(w->loads_q, 0, sizeof w->loads_q);
    for (int i = 0; i < w->count; i++)
        w->loads_q[w->agents[i].server] += w->agents[i].sent_q;
    w->goodput_q = w->overloaded = w->overasked = 0;
    for (int s = 0; s < SERVERS; s++) {
        all_done_q[s] = done_q(w->loads_q[s], w->capacities_q[s], w->kappa_percent);
        w->goodput_q += all_done_q[s];
        w->overloaded += w->loads_q[s] > w->capacities_q[s];
        w->overasked += w->asked_q[s] > w->capacities_q[s];
    }
    for (int i = 0; i < w->count; i++) {
        agent *me = &w->agents[i];
        int s = me->server;
        me->served_q = me->sent_q;
        if (w->loads_q[s] > all_done_q[s])
            me->served_q = (int32_t)((uint32_t)all_done_q[s] * (uint32_t)me->sent_q /
                                     (uint32_t)w->loads_q[s]);
    }
}

static void answered(world *w, agent *me)
{
    int32_t load_q = w->asked_q[me->server];
    me->held_q = me->granted_q;
    me->load_seen_q = load_q;
    see(w, me, load_q);
    int32_t change_q = load_q - me->said_q;
    if ((change_q < 0 ? -change_q : change_q) > w->capacities_q[me->server] >> NEWS_SHIFT) {
        me->said_q = load_q;
        news(me);
    }
}

/* -- the neighbours ----------------------------------------------------------------------- */
static void pack(const world *w, const agent *me, row *out)
{
    int32_t found[SERVERS];
    believed(w, me, out->load_q, found);
    for (int s = 0; s < SERVERS; s++) {
        int32_t age = w->rounds - found[s];
        out->load_q[s] = most(0, out->load_q[s]);
        out->age[s] = age <= HORIZON_ROUNDS ? age : NEVER;
    }
}

static int32_t lied(world *w, int s)
{
    int32_t twice_q = 2 * w->capacities_q[s];
    switch (w->lie) {
    case LIE_EMPTY:
        return 0;
    case LIE_FULL:
        return twice_q;
    case LIE_FLIP:
        return most(0, twice_q - w->asked_q[s]);
    case LIE_CROWD:
        return w->rounds / CROWD_ROUNDS % 8 == s ? 0 : twice_q;
    default:
        return (int32_t)below(&w->draws, (uint32_t)twice_q + 1);
    }
}

static void forge(world *w, const agent *liar, const agent *receiver, row *out)
{
    if (!w->lies || !liar->lying)
        return;
    int spared = w->lie == LIE_SLY ? receiver->server : -1;
    for (int s = 0; s < SERVERS; s++) {
        out->load_q[s] = s == spared ? w->asked_q[s] : lied(w, s);
        out->age[s] = 0;
    }
}

static int arrives(world *w)
{
    w->messages++;
    return (int32_t)next(&w->draws) >= w->loss_of_32768;
}

static void gossip(world *w, agent *me)
{
    if (me->wait > 0) {
        me->wait--;
        return;
    }
    if (w->adaptive) {
        me->wait = me->quiet - 1;
        me->quiet = least(QUIET_ROUNDS_MAX, 2 * me->quiet);
    }
    row said;
    pack(w, me, &said);
    int slot = (int)below(&me->draws, SLOTS);
    agent *other = &w->agents[me->neighbours[slot]];
    forge(w, me, other, &said);
    if (!arrives(w))
        return;
    hear(w, other, me->slot_there[slot], &said);
    pack(w, other, &said);
    forge(w, other, me, &said);
    if (arrives(w))
        hear(w, me, slot, &said);
}

/* -- a world ------------------------------------------------------------------------------ */
void world_begin(world *w, uint32_t seed, uint32_t world_lane)
{
    seeded(&w->draws, seed, world_lane);
    for (int s = 0; s < SERVERS; s++)
        w->largest_q = most(w->largest_q, w->capacities_q[s]);
    for (int i = 0; i < w->count; i++) {
        agent *me = &w->agents[i];
        w->order[i] = (uint8_t)i;
        seeded(&me->draws, seed, (uint32_t)i + 1);
        me->at = (int32_t)below(&me->draws, ALLOWED);
        me->server = me->allowed[me->at];
        me->sight = -1;
        me->quiet = 1;
        me->rest = REST_TOP;
        for (int slot = 0; slot <= SLOTS; slot++)
            for (int s = 0; s < SERVERS; s++)
                me->stamp[slot][s] = LONG_AGO;
        for (int slot = 0; slot < SLOTS; slot++) {
            const agent *other = &w->agents[me->neighbours[slot]];
            for (int there = 0; there < SLOTS; there++)
                if (other->neighbours[there] == i)
                    me->slot_there[slot] = (uint8_t)there;
        }
    }
    w->rounds = 1;
    for (int i = 0; i < w->count; i++)
        begin(w, &w->agents[i]);
}

void world_round(world *w, const uint8_t *actions)
{
    w->moves = w->messages = 0;
    for (int i = 0; i < w->count; i++) {
        agent *me = &w->agents[i];
        go(w, me, actions ? actions[i] : me->at);
        if (actions) { /* the first round is not remembered */
            me->rest = me->moved ? 0 : least(REST_TOP, me->rest + 1);
            me->moves -= (me->moves + 15) >> 4;
            if (me->moved)
                me->moves = least(TOP, me->moves + MOVE);
        }
    }
    shuffle(&w->draws, w->order, w->count);
    for (int i = 0; i < w->count; i++)
        ask(w, &w->agents[w->order[i]]);
    serve(w);
    for (int i = 0; i < w->count; i++)
        answered(w, &w->agents[i]);
    shuffle(&w->draws, w->order, w->count);
    for (int i = 0; i < w->count; i++)
        gossip(w, &w->agents[w->order[i]]);
    w->rounds++; /* what is seen is of the round to come */
    for (int i = 0; i < w->count; i++)
        begin(w, &w->agents[i]);
}
