/* What a node does in a round: power, frames in, then the resilient or the exact mode, frame out. */
#ifndef QUELEA_ENGINE_ROUND_H
#define QUELEA_ENGINE_ROUND_H

#include "rules.h"
#include "take.h"

#define NODE(column) node[column]
#define EDGE(column) edge[column]
/* rounds that a clogged node's frames are late; every so many rounds a flapping cut opens */
enum { CLOG = 4, FLAP = 4 };
#define SPOIL 0x5bd1e995u /* another draw from the same hash */

/* Power, pauses and boots of node i; return which lanes do a round. */
INLINE v powered(const struct fleet *f, int round, vu draws, v *node, int i)
{
    vu h = mixed(draws + (uint32_t)(f->edges + i) * 0x9e3779b9u);
    v low = (v)(h & 65535), was_down = NODE(N_DOWN) > 0, was_still = NODE(N_PAUSED) > 0;
    NODE(N_DOWN) += was_down;
    NODE(N_PAUSED) += was_still;
    v boot = was_down & (NODE(N_DOWN) == 0), wake = was_still & (NODE(N_PAUSED) == 0);
    v up = ~was_down & ~was_still;
    v crash = up & (low < f->draw[D_CRASH]);
    v pause = up & ~crash & (low < f->draw[D_CRASH] + f->draw[D_PAUSE]);
    NODE(N_DOWN) = pick(crash, 1 + (v)((h >> 16) & 15), NODE(N_DOWN));
    NODE(N_PAUSED) = pick(pause, 1 + (v)((h >> 20) & 7), NODE(N_PAUSED));
    NODE(N_LATE) -= wake;
    f->seen[S_CRASH] -= crash;
    f->seen[S_PAUSE] -= pause;
    f->seen[S_BOOT] -= boot;
    if (any(boot)) {
        v session = pick(NODE(N_SESSION) >= 65535, all(1), NODE(N_SESSION) + 1);
        if (PLANTED(P_SESSION_KEPT) && round > 0)
            session = most(NODE(N_SESSION), all(1));
        for (int c = 0; c < NODE_COLUMNS; c++)
            if (c != N_DEMAND && c != N_LIE && c != N_DOWN && c != N_PAUSED && c != N_SESSION
                && c != N_AWAY)
                NODE(c) &= ~boot;
        NODE(N_SESSION) = pick(boot, session, NODE(N_SESSION));
        if (round == 0) /* a fleet that has been up for long; whoever boots later begins at 0 */
            NODE(N_EPOCH) = pick(boot, f->draw[D_EPOCH], NODE(N_EPOCH));
        NODE(N_LOST) |= boot;
        v *edge = f->edge + (size_t)f->starts[i] * EDGE_COLUMNS;
        for (int c = 0; c < (f->starts[i + 1] - f->starts[i]) * EDGE_COLUMNS; c++)
            edge[c] &= ~boot;
    }
    return boot | wake | (up & ~crash & ~pause);
}

INLINE void heard(const struct fleet *f, int round, int i, v active, vu draws, v *estimate)
{
    v both_ways = f->cuts[0], open = f->cuts[2] & all(round & FLAP ? -1 : 0);
    v sides = (f->cuts[0] | f->cuts[1]) & ~open;
    for (int e = f->starts[i]; e < f->starts[i + 1]; e++) {
        int other = f->others[e];
        struct link link = {i, other, e, i < other, f->starts[other + 1] - f->starts[other]};
        vu h = mixed(draws + (uint32_t)e * 0x9e3779b9u);
        v cut = sides & (f->side[i] ^ f->side[other]) & (both_ways | f->side[other]);
        v lost = (v)(h & 255) < f->draw[D_LOSS], late = (v)(h >> 8 & 255) < f->draw[D_LATE];
        v extra = active & ~cut & ((v)(h >> 16 & 255) < f->draw[D_EXTRA]);
        v main = active & ~cut & ~lost, clog = f->clog[other];
        vu g = mixed(h ^ SPOIL);
        v bad = main & ((v)(g & 255) < f->draw[D_DAMAGE]);
        f->seen[S_CUT] -= active & cut;
        f->seen[S_LOSS] -= active & ~cut & lost;
        f->seen[S_LATE] -= main & late;
        f->seen[S_EXTRA] -= extra;
        f->seen[S_CLOG] -= main & clog;
        v age = 1 + (late & (1 + (v)(h >> 8 & 3))) + (clog & CLOG);
        if (any(main))
            delivered(f, round, &link, main, age, bad, (v)(g >> 8 & 7), estimate);
        if (any(extra))
            delivered(f, round, &link, extra, 1 + (v)(h >> 24 & 7), all(0), all(0), estimate);
    }
}

/* How far the (F + 1)-th furthest live neighbour is, as Machine.ahead(). */
INLINE v ahead(const struct fleet *f, int i, v epoch, v lost)
{
    v leads[SLOTS_MAX], live = all(0), other = all(0);
    int count = f->starts[i + 1] - f->starts[i];
    for (int s = 0; s < count; s++) {
        v *edge = f->edge + (size_t)(f->starts[i] + s) * EDGE_COLUMNS;
        v lead = ring(EDGE(E_EPOCH), epoch);
        live -= EDGE(E_LIVE);
        other |= EDGE(E_LIVE) & lead;
        leads[s] = pick(EDGE(E_LIVE), -lead, all(NONE)); /* ascending: the furthest first */
    }
    if (!any(other))
        return all(0);
    sorted(f, leads, count);
    v best = -at(leads, count, all(PLANTED(P_EPOCH_BY_ONE) ? 0 : f->faults));
    v enough = live > f->faults, back = lost & (live > 2 * f->faults);
    return enough & ((best > 0) | back) & best;
}

INLINE void restarted(v *node, v mask, v steps)
{
    NODE(N_SETTLED) = pick(mask, pick(NODE(N_BEGUN), NODE(N_VALUE), NODE(N_DEMAND)), NODE(N_SETTLED));
    NODE(N_BEGUN) |= mask;
    NODE(N_EPOCH) = pick(mask, (NODE(N_EPOCH) + steps) & 65535, NODE(N_EPOCH));
    NODE(N_ROUNDS) &= ~mask;
    NODE(N_INPUT) = pick(mask, NODE(N_DEMAND), NODE(N_INPUT));
    NODE(N_VALUE) = pick(mask, NODE(N_DEMAND), NODE(N_VALUE));
    NODE(N_HELD) &= ~mask;
    NODE(N_IN_STEP) &= ~mask;
    NODE(N_RESTARTED) |= mask;
}

/* Apply the rule to the values of the own epoch, or hold. Checked beside it: what is used is fresh,
 * a node that moves has 2F + 1 values, and it stays between its own and the honest ones it used. */
INLINE void followed(const struct fleet *f, int round, int i, v *node, v mask)
{
    v values[SLOTS_MAX + 1], found = all(0), before = NODE(N_VALUE), low = before, high = before;
    int count = f->starts[i + 1] - f->starts[i];
    for (int s = 0; s < count; s++) {
        v *edge = f->edge + (size_t)(f->starts[i] + s) * EDGE_COLUMNS;
        v use = mask & EDGE(E_LIVE);
        if (!PLANTED(P_OTHER_EPOCHS))
            use &= EDGE(E_EPOCH) == NODE(N_EPOCH);
        v value = most(all(f->lo), least(all(f->hi), EDGE(E_VALUE)));
        v sound = use & (f->node[f->others[f->starts[i] + s] * NODE_COLUMNS + N_LIE] == 0);
        low = pick(sound, least(low, value), low);
        high = pick(sound, most(high, value), high);
        broken(f, use & (round - EDGE(E_HEARD) > f->fresh_rounds), BROKEN_AGE, round, i);
        if (PLANTED(P_NO_CLAMP))
            value = EDGE(E_VALUE);
        NODE(N_CLAMPED) -= use & (value != EDGE(E_VALUE));
        values[s] = pick(use, value, all(NONE));
        found -= use;
    }
    v held = mask & (found < (PLANTED(P_TRIM_BY_RECEIVED) ? 1 : 2 * f->faults + 1));
    NODE(N_HELD) = pick(mask, held, NODE(N_HELD));
    NODE(N_HELD_DONE) -= held;
    f->seen[S_HELD] -= held;
    v moves = mask & ~held;
    NODE(N_LOST) &= ~moves;
    NODE(N_ROUNDS) = pick(moves & ~NODE(N_IN_STEP), all(1), NODE(N_ROUNDS));
    NODE(N_IN_STEP) |= moves;
    if (any(moves))
        NODE(N_VALUE) = pick(moves, combined(f, before, values, count, found), before);
    v honest = mask & (NODE(N_LIE) == 0), value = NODE(N_VALUE);
    broken(f, honest & (value != before) & (found < 2 * f->faults + 1), BROKEN_FEW, round, i);
    broken(f, honest & ((value < low) | (value > high)), BROKEN_NARROWING, round, i);
}

/* Every honest value lies between the honest inputs of its epoch; and nobody was led to an epoch,
 * by a jump, that no honest node had come to. */
INLINE void hull(const struct fleet *f, int round, int i, v *node, v mask, v jump)
{
    v since = (NODE(N_EPOCH) - f->draw[D_EPOCH]) & 65535, honest = mask & (NODE(N_LIE) == 0);
    v led = jump & (since > f->spread[1]);
    broken(f, honest & ((since >= EPOCHS) | led), BROKEN_EPOCH, round, i);
    f->spread[1] = pick(honest, most(f->spread[1], since), f->spread[1]);
    v row = since & (EPOCHS - 1), begins = honest & NODE(N_RESTARTED);
    EACH(l)
    {
        if (begins[l]) {
            int32_t *low = (int32_t *)(f->hull_low + row[l]) + l;
            int32_t *high = (int32_t *)(f->hull_high + row[l]) + l;
            int32_t input = NODE(N_INPUT)[l];
            *low = input < *low ? input : *low;
            *high = input > *high ? input : *high;
        }
    }
    v low = gather(f->hull_low, row), high = gather(f->hull_high, row);
    broken(f, honest & ((NODE(N_VALUE) < low) | (NODE(N_VALUE) > high)), BROKEN_HULL, round, i);
}

INLINE void resilient(const struct fleet *f, int round, int i, v *node, v active)
{
    v steps = active & ahead(f, i, NODE(N_EPOCH), NODE(N_LOST)), jump = steps != 0;
    v first = active & ~jump & ~NODE(N_BEGUN);
    v due = active & ~jump & NODE(N_BEGUN) & all(f->epoch_rounds > 0 ? -1 : 0)
        & (NODE(N_ROUNDS) + 1 >= f->epoch_rounds);
    v goes = active & ~jump & ~first & ~due;
    NODE(N_EPOCH_JUMPS) -= jump;
    f->seen[S_JUMP] -= jump;
    NODE(N_LOST) = (NODE(N_LOST) & ~jump & ~due) | (due & ~NODE(N_IN_STEP));
    v begin = jump | first | due;
    if (any(begin))
        restarted(node, begin, steps + (due & 1));
    NODE(N_ROUNDS) -= goes;
    NODE(N_RESTARTED) &= ~goes;
    followed(f, round, i, node, goes);
    if (PLANTED(P_INPUT_DRIFTS))
        NODE(N_VALUE) += goes & (NODE(N_DEMAND) != NODE(N_INPUT)) & (NODE(N_DEMAND) - NODE(N_INPUT));
    hull(f, round, i, node, active, jump);
}

INLINE void exact(const struct fleet *f, int round, int i, v *node, v active, v *estimate)
{
    NODE(N_ROUNDS) -= active;
    v change = active & (NODE(N_DEMAND) != NODE(N_INPUT));
    v now = *estimate + (NODE(N_DEMAND) - NODE(N_INPUT));
    v wide = change & (size(now) > ESTIMATE_MAX);
    NODE(N_WAITS) -= wide;
    change &= ~wide;
    if (!PLANTED(P_INPUT_IGNORED))
        *estimate = pick(change, now, *estimate);
    NODE(N_INPUT) = pick(change, NODE(N_DEMAND), NODE(N_INPUT));
    v moved = all(0), given = all(0);
    wide = all(0);
    int mine = f->starts[i + 1] - f->starts[i];
    for (int e = f->starts[i]; e < f->starts[i + 1]; e++) {
        int other = f->others[e], theirs = f->starts[other + 1] - f->starts[other];
        int part = 1 + (mine > theirs ? mine : theirs);
        v *edge = f->edge + (size_t)e * EDGE_COLUMNS;
        moved |= move(f, active & EDGE(E_LIVE), edge, i < other, part, estimate,
            &NODE(N_WAITS), &wide);
        given += EDGE(E_FLOW);
    }
    NODE(N_HELD) = pick(active, ~moved, NODE(N_HELD));
    NODE(N_VALUE) = pick(active, *estimate, NODE(N_VALUE));
    NODE(N_SETTLED) = NODE(N_VALUE);
    broken(f, active & (*estimate != NODE(N_INPUT) - given), BROKEN_SUM, round, i);
    broken(f, wide, BROKEN_WIDE, round, i);
}

/* Keep what the node says in this round, and what a liar on it would have heard. */
INLINE void spoken(const struct fleet *f, int round, int i, v *node, v active)
{
    v *head = f->head + ((size_t)(round & (DEPTH - 1)) * f->nodes + i) * HEAD_COLUMNS;
    v away = active & (NODE(N_AWAY) != 0);
    NODE(N_SEQ) -= active;
    f->seen[S_UNSENT] -= away;
    head[H_VALID] = active & ~away;
    head[H_SESSION] = NODE(N_SESSION);
    head[H_EPOCH] = NODE(N_EPOCH);
    head[H_SEQ] = NODE(N_SEQ);
    head[H_VALUE] = NODE(N_VALUE);
    v low = NODE(N_VALUE), high = NODE(N_VALUE);
    v *flow = f->flow + (size_t)(round & (DEPTH - 1)) * f->edges * FLOW_COLUMNS;
    int lies = any(NODE(N_LIE));
    for (int e = f->starts[i]; e < f->starts[i + 1] && (lies || f->exact); e++) {
        v *edge = f->edge + (size_t)e * EDGE_COLUMNS;
        v use = EDGE(E_LIVE) & (EDGE(E_EPOCH) == NODE(N_EPOCH));
        low = pick(use, least(low, EDGE(E_VALUE)), low);
        high = pick(use, most(high, EDGE(E_VALUE)), high);
        if (f->exact) {
            flow[e * FLOW_COLUMNS + F_FLOW] = EDGE(E_FLOW);
            flow[e * FLOW_COLUMNS + F_TURN] = EDGE(E_TURN);
            flow[e * FLOW_COLUMNS + F_RESIDUE] = EDGE(E_RESIDUE);
        }
    }
    head[H_LOW] = low;
    head[H_HIGH] = high;
}

#endif
