/* Edge flows on lanes, as docs/protocol.md, "Exact mode", has them. */
#ifndef QUELEA_ENGINE_FLOWS_H
#define QUELEA_ENGINE_FLOWS_H

#include "engine.h"

enum { ESTIMATE_MAX = 268435455, TURN_MAX = 6, RESIDUE_MAX = 127, DAMP = 8 };

/* Where mask: take over (flow, turn, residue); put off and counted when the estimate would leave
 * its range. estimate, waits: of the node. */
INLINE void adopt(v mask, v *edge, v *estimate, v *waits, v flow, v turn, v residue)
{
    v now = *estimate - (flow - edge[E_FLOW]);
    v wide = mask & (size(now) > ESTIMATE_MAX);
    *waits -= wide;
    mask &= ~wide;
    *estimate = pick(mask, now, *estimate);
    edge[E_FLOW] = pick(mask, flow, edge[E_FLOW]);
    edge[E_TURN] = pick(mask, turn, edge[E_TURN]);
    edge[E_RESIDUE] = pick(mask, residue, edge[E_RESIDUE]);
}

/* Where mask: hear what a fresh frame says of this edge. */
INLINE void hear(const struct fleet *f, v mask, v *edge, int lower, v *estimate, v *waits, v value,
    v flow, v turn, v residue)
{
    v own = edge[E_TURN], higher = all(lower ? 0 : -1);
    v met = mask & (turn == 0) & (own == 0);
    v on = turn - own;
    on += (on < 0) & TURN_MAX;
    v known = (on == 1) | (on == 2) | ((on == 3) & higher)
        | ((on == 0) & higher & (edge[E_FLOW] != -flow));
    v take = mask & (turn != 0) & ((own == 0) | known);
    adopt(take, edge, estimate, waits, PLANTED(P_FLOW_SIGN) ? flow : -flow, turn, residue);
    edge[E_TURN] = pick(met, all(1), edge[E_TURN]);
    edge[E_PEER_TURN] = pick(mask, turn, edge[E_PEER_TURN]);
    edge[E_PEER_Q] = pick(mask, value, edge[E_PEER_Q]);
}

/* Where mask: even out the edge if it is this end's turn; return where it moved. */
INLINE v move(const struct fleet *f, v mask, v *edge, int lower, int part, v *estimate, v *waits,
    v *wide)
{
    v turn = edge[E_TURN];
    mask &= (turn != 0) & (turn == edge[E_PEER_TURN]);
    if (!PLANTED(P_OUT_OF_TURN))
        mask &= (turn & 1) == (lower ? 1 : 0);
    v sign = all(lower ? 1 : -1);
    v gap = (*estimate - edge[E_PEER_Q]) * sign;
    int weight = RESIDUE_MAX / part < DAMP ? RESIDUE_MAX / part : DAMP;
    v small = size(gap) < part;
    v owed = edge[E_RESIDUE] + pick(size(gap) <= 1, gap, gap * weight);
    v units = pick(small, cut(pick(small, owed, all(0)), all(part * weight)), cut(gap, all(part)));
    v residue = small & (owed - units * (part * weight));
    if (PLANTED(P_RESIDUE_DROPPED))
        residue = all(0);
    v given = units * sign;
    v now = *estimate - given, flow = edge[E_FLOW] + given;
    if (PLANTED(P_CREDIT_TWICE))
        now -= given;
    *wide |= mask & (size(gap) > 0x3fffffff);
    v out = mask & ((size(flow) > ESTIMATE_MAX) | (size(now) > ESTIMATE_MAX));
    *waits -= out;
    mask &= ~out;
    *estimate = pick(mask, now, *estimate);
    edge[E_FLOW] = pick(mask, flow, edge[E_FLOW]);
    edge[E_RESIDUE] = pick(mask, residue, edge[E_RESIDUE]);
    v next = turn + 1;
    next = pick(turn >= TURN_MAX, all(1), next);
    edge[E_TURN] = pick(mask, next, turn);
    return mask;
}

#endif
