"""Run a group of sixteen seeds: the arrays, the rounds, and what came of each seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import TICKS_MASK, USED_MOD

from quelea.simulator.engine._engine import SIZES, Rounds
from quelea.simulator.engine.diary import PERIOD_MS, PHASE
from quelea.simulator.engine.plan import DRAWS, LANES, RULES, Group, Int32s, comparators
from quelea.topology import Topology

START_MS = TICKS_MASK - 200_000  # ticks go round within a run
WIDE = 1 << 30
LAST_ROUNDS = 24  # at the end, in which the flows of an edge must cancel once
# what bits of `broken` say, in the order of engine.h, and the one that is found here
BROKEN = (
    "hull: a value outside the honest inputs of its epoch",
    "sum: value is not input less flows",
    "small integers: a gap beyond 31 bits",
    "epochs: led to one that no honest node had come to",
    "narrowing: a value outside its own before and the honest ones it used",
    "faults-max: moved by fewer than 2F + 1 values",
    "freshness: a frame taken that was not newer",
    "freshness: a value used that was too old",
    "antisymmetry: two ends at one turn do not agree on their flow",
)
BROKEN_APART = 256
CHECKS = (*dict.fromkeys(what.split(":", 1)[0] for what in BROKEN), "convergence")
SEEN = (
    *("loss", "late", "clog", "extra", "damage", "future", "forged-sender", "cut", "unsent"),
    *("crash", "boot", "pause", "lie", "epoch-jump", "held", "refused", "node-rounds"),
)
# positions of the columns, in the order of engine.h
NODE = (
    *("value", "input", "settled", "epoch", "rounds", "held", "restarted", "begun", "lost"),
    *("in_step", "seq", "session", "demand", "down", "paused", "lie", "away", "waits"),
    *("frames_in", "bad_short", "bad_version", "bad_length", "bad_crc", "bad_sender"),
    *("session_old", "stale", "duplicate", "equivocation", "accepted", "clamped"),
    *("rounds_done", "held_done", "late", "epoch_jumps"),
)
EDGE = (
    *("live", "session", "seq", "epoch", "value", "heard", "suspicion", "flow", "turn"),
    *("residue", "peer_turn", "peer_q"),
)
assert len(NODE) == SIZES["NODE_COLUMNS"] and len(EDGE) == SIZES["EDGE_COLUMNS"]
assert len(SEEN) == SIZES["SEEN_COLUMNS"] and len(DRAWS) == SIZES["DRAW_COLUMNS"]


@dataclass(frozen=True)
class Result:
    """What came of a group, by lane. broken: bits of BROKEN; when, where: first round and node.

    seen: counts, shape (len(SEEN), LANES). spread_q: the least of honest values in one epoch
    towards the end. apart_q: the most of an edge's two flows that never cancelled towards the
    end. digest: 64 bits of the final state.
    """

    group: Group
    broken: Int32s
    when: Int32s
    where: Int32s
    seen: NDArray[np.int64]
    spread_q: Int32s
    apart_q: Int32s
    digest: NDArray[np.uint64]

    def violations(self, lane: int) -> list[str]:
        """Return a sentence for each promise that this lane broke."""
        found = [
            f"{what}; first of all in round {self.when[lane]} at node {self.where[lane]}"
            for bit, what in enumerate(BROKEN)
            if self.broken[lane] >> bit & 1
        ]
        bound_q = int(self.group.bound_q[lane])
        if bound_q and self.spread_q[lane] > bound_q:
            text = f"convergence: the spread ended at {self.spread_q[lane]} q, {bound_q} is due"
            found.append(text)
        if bound_q and self.apart_q[lane]:
            text = f"antisymmetry: {self.apart_q[lane]} q of an edge never cancelled at the end"
            found.append(text)
        return found


def aligned(*shape: int) -> Int32s:
    """Return zeros of this shape, aligned to 64 bytes, the last axis LANES long."""
    size = int(np.prod(shape))
    raw = np.zeros(size + 16, np.int32)
    first = -raw.ctypes.data % 64 // 4
    return raw[first : first + size].reshape(shape)


def graph_arrays(topology: Topology) -> tuple[Int32s, Int32s, Int32s]:
    """Return (starts, others, back): the graph's rows from node 0 on, each edge's other way."""
    starts = topology.starts.astype(np.int32)
    others = (topology.others - 1).astype(np.int32)
    ends = np.repeat(np.arange(topology.node_count), np.diff(topology.starts))
    place = {(a, b): at for at, (a, b) in enumerate(zip(ends.tolist(), others.tolist()))}
    back = [place[b, a] for a, b in zip(ends.tolist(), others.tolist())]
    return starts, others, np.array(back, np.int32)


class Lanes:
    """A group at work. node[node, column, lane], edge[edge, column, lane]: to be looked at.

    plant: an error to be planted, a position in plants.PLANTS; 0 for none.
    """

    def __init__(self, group: Group, plant: int = 0) -> None:
        self.group = group
        n = group.topology.node_count
        self.starts, self.others, self.back = graph_arrays(group.topology)
        e = len(self.others)
        exact = group.mode == "exact"
        self.node = aligned(n, len(NODE), LANES)
        self.edge = aligned(e, len(EDGE), LANES)
        self.head = aligned(SIZES["DEPTH"], n, SIZES["HEAD_COLUMNS"], LANES)
        self.flow = aligned(SIZES["DEPTH"], e if exact else 1, SIZES["FLOW_COLUMNS"], LANES)
        self.draw = aligned(SIZES["DRAW_COLUMNS"], LANES)
        self.demand, self.side = aligned(n, LANES), aligned(n, LANES)
        self.cuts, self.clog = aligned(3, LANES), aligned(n, LANES)
        self.hull = aligned(2, SIZES["EPOCHS"], LANES)
        self.seen = aligned(len(SEEN), LANES)
        self.broken, self.spread = aligned(3, LANES), aligned(2, LANES)
        self.apart_q = np.zeros(LANES, np.int32)
        self.hull[0], self.hull[1] = WIDE, -WIDE
        self.spread[0] = WIDE
        self.draw[:] = group.draws
        self.node[:, NODE.index("lie")] = group.lies
        self.node[:, NODE.index("session")] = group.session
        self.node[:, NODE.index("down")] = group.down
        pairs, pair_starts = comparators()
        numbers = (
            *(n, e, int(exact), RULES.index(group.rule), group.faults_max, group.epoch_rounds),
            *(group.fresh_rounds, plant, group.lo_q, group.hi_q),
        )
        rows = (
            *(self.node, self.edge, self.head, self.flow, self.draw, self.demand, self.side),
            *(self.cuts, self.clog, self.hull, self.seen, self.broken, self.spread),
        )
        graph = (self.starts, self.others, self.back, pairs.reshape(-1), pair_starts)
        self.machine = Rounds(numbers, graph, tuple(row.reshape(-1) for row in rows))

    def enter(self, segment: int) -> None:
        """Take over what holds from the beginning of a segment on."""
        group = self.group
        self.demand[:] = group.demand[segment]
        self.side[:] = group.side[segment]
        self.cuts[:] = group.cuts[segment]
        self.clog[:] = group.clog[segment]
        away = group.away[segment]
        lost = away.any(axis=0)
        self.head[:, :, 0, lost] = 0  # what was under way is lost with the broker
        self.node[:, NODE.index("away")] = np.maximum(self.node[:, NODE.index("away")], away)
        if group.segments[segment][1] >= group.calm_from:
            self.draw[1:7] = 0
            self.node[:, NODE.index("away")] = 0

    def run(self, widest: int = 2) -> Result:
        """Do all rounds and return what came of them; widest: instruction set, see Rounds.run."""
        group = self.group
        for segment, first, last in group.segments:
            self.enter(segment)
            if last < group.rounds:
                self.machine.run(first, last, widest)
                continue
            end = group.rounds - (group.epoch_rounds + 12 if group.epoch_rounds else 12)
            if group.mode == "exact":
                self._settle(first, end, widest)
            else:
                self.machine.run(first, end, widest)
            self.spread[0] = WIDE
            self.machine.run(end, last, widest)
        return self.result()

    def _settle(self, first: int, end: int, widest: int) -> None:
        """Do the rounds first .. end - 1; in the last of them hold the two ends of each edge
        together: at one turn their flows are opposite, and they cancel in some round or other."""
        begin = end - LAST_ROUNDS
        self.machine.run(first, begin, widest)
        least_q = np.full((len(self.others), LANES), WIDE, np.int32)
        for round_ in range(begin, end):
            self.machine.run(round_, round_ + 1, widest)
            least_q = np.minimum(least_q, self.apart(round_))
        self.apart_q[:] = least_q.max(axis=0)

    def apart(self, round_: int) -> Int32s:
        """Note where two ends at one turn do not agree on their flow; return what the two flows
        of each edge come to, by lane."""
        flow, turn = (self.edge[:, EDGE.index(name)] for name in ("flow", "turn"))
        gap_q: Int32s = np.abs(flow + flow[self.back])
        wrong = (gap_q != 0) & (turn == turn[self.back]) & (turn != 0)
        for lane in np.flatnonzero(wrong.any(axis=0) & (self.broken[0] == 0)):
            edge = int(np.flatnonzero(wrong[:, lane])[0])
            self.broken[1, lane] = round_
            self.broken[2, lane] = np.searchsorted(self.starts, edge, side="right")
        self.broken[0] |= np.where(wrong.any(axis=0), BROKEN_APART, 0).astype(np.int32)
        return gap_q

    def result(self) -> Result:
        """Return what has come of the group so far."""
        group = self.group
        return Result(
            group=group,
            broken=self.broken[0].copy(),
            when=self.broken[1].copy(),
            where=self.broken[2].copy(),
            seen=self.seen.astype(np.int64),
            spread_q=self.spread[0].copy(),
            apart_q=self.apart_q.copy(),
            digest=self.digest(),
        )

    def digest(self) -> NDArray[np.uint64]:
        """Return 64 bits for each lane, of all columns of nodes and edges."""
        out = np.full(LANES, 0xCBF29CE484222325, np.uint64)
        for table in (self.node, self.edge):
            flat = table.reshape(-1, LANES).astype(np.uint64)
            weights = np.arange(1, 2 * len(flat), 2, dtype=np.uint64)
            with np.errstate(over="ignore"):
                weights *= np.uint64(0x9E3779B97F4A7C15)
                out = (out ^ (flat * weights[:, None]).sum(axis=0)) * np.uint64(0x100000001B3)
        return out

    # -- one node of one lane, as the reference would list it -----------------------------------
    def ticks(self, node: int, round_: int) -> int:
        """Return the clock of node number `node` in a round."""
        return (START_MS + PHASE * node % PERIOD_MS + round_ * PERIOD_MS) & TICKS_MASK

    def state(self, node: int, lane: int, round_: int) -> tuple[Any, ...]:
        """Return Machine.state() of a node after a round; None for each neighbour's checksum."""
        row = dict(zip(NODE, self.node[node - 1, :, lane].tolist()))
        flags = [int(row[name] != 0) for name in ("held", "restarted")]
        out: list[Any] = [row[name] for name in ("value", "input", "settled", "epoch", "rounds")]
        out += [*flags, row["seq"], self.ticks(node, round_ + 1), row["demand"]]
        out += [1 + (257 * node + row["session"]) % 65536]
        out += [row["frames_in"], row["bad_short"], row["bad_version"], 0, row["bad_length"]]
        out += [row["bad_crc"], 0, row["bad_sender"], 0]
        out += [row[k] for k in ("session_old", "stale")]
        out += [row[k] for k in ("duplicate", "equivocation")] + [0]
        out += [row[k] for k in ("accepted", "clamped", "rounds_done", "held_done", "late")]
        out += [row["epoch_jumps"], 0]
        for at in range(self.starts[node - 1], self.starts[node]):
            out += self._neighbour(node, at, lane, row, not any(flags))
        exact = self.group.mode == "exact"
        out.append(row["waits"] if exact else (row["lost"] & 1) + (row["in_step"] & 2))
        return tuple(out)

    def _neighbour(
        self, node: int, at: int, lane: int, row: dict[str, int], used: bool
    ) -> list[Any]:
        edge = dict(zip(EDGE, self.edge[at, :, lane].tolist()))
        known, live = edge["session"] != 0, edge["live"] != 0
        exact = self.group.mode == "exact"
        named = live and (exact or (used and edge["epoch"] == row["epoch"]))
        out: list[Any] = [int(live), edge["session"], edge["seq"], None, edge["epoch"]]
        out += [edge["value"], self.ticks(node, edge["heard"]) if known else 0]
        out += [edge["suspicion"], 1 + edge["seq"] % USED_MOD if named else 0]
        if exact:
            other = int(self.others[at])
            degree = int(self.starts[other + 1] - self.starts[other])
            out += [edge[k] for k in ("flow", "turn", "residue", "peer_turn", "peer_q")]
            out.append(degree if known else 0)
        return out
