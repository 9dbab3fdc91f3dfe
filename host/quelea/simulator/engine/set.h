/* One round of sixteen fleets, compiled for one instruction set; ENGINE_ROUND is its name. */
#include "round.h"

/* Frames take a round at least, so no node sees what another does in the same round. */
void ENGINE_ROUND(struct fleet *fleet, int round)
{
    const struct fleet *f = fleet;
    vu draws = mixed((vu)f->draw[D_KEY] ^ ((uint32_t)round * 0xc2b2ae3du));
    v low = all(NONE), high = all(-NONE), epoch = all(-1), apart = all(0);
    for (int i = 0; i < f->nodes; i++) {
        v *node = f->node + (size_t)i * NODE_COLUMNS;
        v active = powered(f, round, draws, node, i);
        NODE(N_DEMAND) = f->demand[i];
        v estimate = NODE(N_VALUE);
        heard(f, round, i, active & (NODE(N_AWAY) == 0), draws, &estimate);
        for (int e = f->starts[i]; e < f->starts[i + 1]; e++) {
            v *edge = f->edge + (size_t)e * EDGE_COLUMNS;
            v old = active & (round - EDGE(E_HEARD) > f->fresh_rounds);
            if (!PLANTED(P_NEVER_OLD))
                EDGE(E_LIVE) &= ~old;
        }
        NODE(N_ROUNDS_DONE) -= active;
        f->seen[S_NODE_ROUNDS] -= active;
        if (f->exact)
            exact(f, round, i, node, active, &estimate);
        else
            resilient(f, round, i, node, active);
        spoken(f, round, i, node, active);
        NODE(N_AWAY) += NODE(N_AWAY) > 0;
        v honest = NODE(N_LIE) == 0;
        low = pick(honest, least(low, NODE(N_VALUE)), low);
        high = pick(honest, most(high, NODE(N_VALUE)), high);
        apart |= honest & ((epoch != -1) & (epoch != NODE(N_EPOCH)));
        apart |= honest & ~active;
        epoch = pick(honest, NODE(N_EPOCH), epoch);
    }
    *f->spread = pick(apart, *f->spread, least(*f->spread, high - low));
}
