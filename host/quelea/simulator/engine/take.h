/* What comes in: which frame each link delivers, what liars make of it, and the neighbour table. */
#ifndef QUELEA_ENGINE_TAKE_H
#define QUELEA_ENGINE_TAKE_H

#include "flows.h"

/* Lies, by the column N_LIE of the sender; told to each receiver as a frame is delivered. */
enum {
    HONEST, LIE_TOP, LIE_BOTTOM, LIE_SWING, LIE_BY_RECEIVER, LIE_NOISE, LIE_BEYOND, LIE_IN_HULL,
    LIE_DRIFT, LIE_TWO_FACED, LIE_EPOCH, LIE_SILENT, LIES
};

struct frame {
    v session, epoch, seq, value, flow, turn, residue;
};

struct link {
    int me, other, edge, lower, degree; /* degree: of the other */
};

INLINE v noise(const struct fleet *f, vu key, v seq, int me)
{
    vu h = mixed(key ^ mixed((vu)seq + (uint32_t)me * 0x27d4eb2fu));
    int32_t coarse = (f->hi - f->lo) >> 12;
    return f->lo + (v)(h >> 20) * coarse;
}

/* Change value and epoch of the frames whose sender lies; return which of them are not said. */
INLINE v lied(const struct fleet *f, const struct link *link, v lie, v age, const v *low,
    const v *high, v row, struct frame *frame)
{
    v top = all(f->hi), bottom = all(f->lo), odd = (frame->seq & 1) == 1;
    v side = all(link->me & 1 ? -1 : 0);
    int32_t range = f->hi - f->lo, step = range >> 6 ? range >> 6 : 1;
    v claim = frame->value;
    claim = pick(lie == LIE_TOP, top, claim);
    claim = pick(lie == LIE_BOTTOM, bottom, claim);
    claim = pick(lie == LIE_SWING, pick(odd, top, bottom), claim);
    claim = pick(lie == LIE_BY_RECEIVER, pick(side, top, bottom), claim);
    claim = pick(lie == LIE_NOISE, noise(f, (vu)f->draw[D_KEY], frame->seq, link->me), claim);
    claim = pick(lie == LIE_BEYOND, pick(side, all(8388607), all(-8388607)), claim);
    v ends = pick(side, gather(high, row), gather(low, row));
    claim = pick(lie == LIE_IN_HULL, ends, claim);
    claim = pick(lie == LIE_DRIFT, least(top, gather(high, row) + step), claim);
    claim = pick(lie == LIE_TWO_FACED, pick((age & 1) == 1, top, bottom), claim);
    claim = pick(lie == LIE_EPOCH, top, claim);
    v ahead = frame->epoch + 1 + (frame->seq & 3);
    frame->epoch = pick(lie == LIE_EPOCH, ahead & 65535, frame->epoch);
    claim = pick(lie == LIE_SILENT, top, claim);
    frame->value = claim;
    return (lie == LIE_SILENT) & ((frame->seq & 16) == 0);
}

INLINE void broken(const struct fleet *f, v mask, int what, int round, int i)
{
    if (!any(mask))
        return;
    v first = mask & (f->broken[0] == 0);
    f->broken[1] = pick(first, all(round), f->broken[1]);
    f->broken[2] = pick(first, all(i + 1), f->broken[2]);
    f->broken[0] |= mask & what;
}

/* Where mask: a frame that is cut short, has a bit flipped, is of a later version or, from a liar,
 * names another sender; the receiver counts it and that is all. how: 0 .. 7. */
INLINE void spoiled(const struct fleet *f, v mask, v how, v lie, v *node)
{
    how = pick((how > 5) & (lie == 0), all(3), how);
    v brief = mask & (how < 2), length = mask & (how == 2), crc = mask & (how > 2) & (how < 5);
    v version = mask & (how == 5), sender = mask & (how > 5);
    node[N_FRAMES_IN] -= mask;
    node[N_BAD_SHORT] -= brief;
    node[N_BAD_LENGTH] -= length;
    node[N_BAD_CRC] -= crc;
    node[N_BAD_VERSION] -= version;
    node[N_BAD_SENDER] -= sender;
    f->seen[S_DAMAGE] -= brief | length | crc;
    f->seen[S_FUTURE] -= version;
    f->seen[S_FORGED] -= sender;
}

/* Where mask: enter the frame into the table or count why not; node: column 0 of the receiver. */
INLINE v entered(const struct fleet *f, v mask, int round, const struct link *link,
    const struct frame *frame, v *edge, v *node)
{
    node[N_FRAMES_IN] -= mask;
    v known = mask & (edge[E_SESSION] != 0);
    v boots = ring(frame->session, edge[E_SESSION]);
    v newer = (boots > 0) | ((boots == 0) & (frame->seq > edge[E_SEQ]));
    if (PLANTED(P_WRAP_IGNORED))
        boots = frame->session - edge[E_SESSION];
    v same = known & (boots == 0), last = edge[E_SEQ];
    v old = known & (boots < 0), stale = same & (frame->seq < last);
    v again = same & (frame->seq == last);
    v equal = again & (frame->value == edge[E_VALUE]);
    v contrary = again & ~equal;
    node[N_SESSION_OLD] -= old;
    node[N_STALE] -= stale;
    node[N_DUPLICATE] -= equal;
    node[N_EQUIVOCATION] -= contrary;
    edge[E_SUSPICION] -= contrary;
    v take = mask & ~(old | stale | again);
    if (PLANTED(P_STALE_TAKEN))
        take |= stale;
    broken(f, take & known & ~newer, BROKEN_ORDER, round, link->me);
    node[N_ACCEPTED] -= take;
    edge[E_SESSION] = pick(take, frame->session, edge[E_SESSION]);
    edge[E_SEQ] = pick(take, frame->seq, edge[E_SEQ]);
    edge[E_EPOCH] = pick(take, frame->epoch, edge[E_EPOCH]);
    edge[E_VALUE] = pick(take, frame->value, edge[E_VALUE]);
    edge[E_HEARD] = pick(take, all(round), edge[E_HEARD]);
    edge[E_LIVE] |= take;
    return take;
}

/* Where mask: one delivery on a link, of the frame sent `age` rounds ago, if there was one; it is
 * spoiled where bad, in the way that how says. */
INLINE void delivered(const struct fleet *f, int round, const struct link *link, v mask, v age,
    v bad, v how, v *estimate)
{
    v when = (round - age) & (DEPTH - 1);
    v row = (when * f->nodes + link->other) * HEAD_COLUMNS;
    v *edge = f->edge + (size_t)link->edge * EDGE_COLUMNS;
    v *node = f->node + (size_t)link->me * NODE_COLUMNS;
    mask &= gather(f->head + H_VALID, row) & (age <= round);
    if (!any(mask))
        return;
    struct frame frame = {
        .session = gather(f->head + H_SESSION, row),
        .epoch = gather(f->head + H_EPOCH, row),
        .seq = gather(f->head + H_SEQ, row),
        .value = gather(f->head + H_VALUE, row),
    };
    v lie = f->node[link->other * NODE_COLUMNS + N_LIE];
    if (any(lie)) {
        v honest = frame.value;
        mask &= ~lied(f, link, lie, age, f->head + H_LOW, f->head + H_HIGH, row,
            &frame);
        f->seen[S_LIE] -= mask & (frame.value != honest);
    }
    bad &= mask;
    if (any(bad)) {
        spoiled(f, bad, how, lie, node);
        mask &= ~bad;
    }
    v take = entered(f, mask, round, link, &frame, edge, node);
    f->seen[S_REFUSED] -= mask & ~take;
    if (f->exact && any(take)) {
        v from = (when * f->edges + f->back[link->edge]) * FLOW_COLUMNS;
        frame.flow = gather(f->flow + F_FLOW, from);
        frame.turn = gather(f->flow + F_TURN, from);
        frame.residue = gather(f->flow + F_RESIDUE, from);
        hear(f, take, edge, link->lower, estimate, node + N_WAITS, frame.value, frame.flow, frame.turn,
            frame.residue);
    }
}

#endif
