"""Flow steps: every change of an edge in a frame follows from the frames it names, to the unit.

Between two frames of a node an edge may take over what its neighbour said meanwhile, and then, if
the turn is here and both ends show it, move by what evens it out. Both are computed again by the
reference: from the frame before, from what the neighbour said in between, and from the named
frame's value and degree. What a loss kept from the node is not known, so any part of what was said
may have been heard.
"""

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from quelea_proto.frames import Frame, unpack
from quelea_proto.limits import TURN_MAX

from quelea.checkers.facts import Facts
from quelea.checkers.moves import Move, moves
from quelea.checkers.record import FLOW, Record, Violation
from quelea.reference.twin.flows import Flows  # the compiled one keeps its state to itself

KEPT_MAX = 20
STATES_MAX = 64  # of an edge that may be; beyond it nothing is claimed


class Edge(NamedTuple):
    """What one end shows of an edge: flow_q as given by that end."""

    flow_q: int
    turn: int
    residue: int


class Said(NamedTuple):
    """A flow frame as a neighbour reads it. edges: by the sender's slot."""

    degree: int
    value_q: int
    edges: tuple[Edge, ...]


FRESH = Edge(0, 0, 0)


class Steps:
    """Judges the frames of a run one after the other."""

    def __init__(self, record: Record, facts: Facts) -> None:
        self.record = record
        self.facts = facts
        self.said: dict[int, Said] = {}
        self.by_source: dict[int, list[int]] = {}
        self.heard: dict[tuple[int, int], int] = {}  # newest frame known to be heard, by edge
        frame = Frame()
        for at in range(len(record)):
            if record.kind[at] == FLOW and unpack(record.payloads[at], frame) is not None:
                self.said[at] = _said(frame, int(record.value_q[at]))
                self.by_source.setdefault(int(record.source[at]), []).append(at)
        numbers = facts.numbers
        self.left = {numbers.get(event.source, 0) for event in record.events
                     if event.name == "left"}  # fmt: skip

    def wrong(self, move: Move) -> str:
        """Return what is wrong with a frame, "" for nothing that can be told."""
        record, facts = self.record, self.facts
        at = move.at
        source = int(record.source[at])
        near = facts.neighbours.get(source, ())
        now = self.said.get(at)
        if now is None or len(now.edges) != len(near):
            return ""
        if move.before is None:  # another life may have begun, with an empty table
            for other in near:
                self.heard.pop((source, other), None)
        first = move.before is None and record.seq[at] == 1 and not facts.circulation_q
        before = self.said[move.before].edges if move.before is not None else (FRESH,) * len(near)
        named = {one.source: one.found for one in move.inputs}
        known = move.before is not None or first
        moved: list[tuple[Edge, ...]] = []
        for slot, other in enumerate(near):
            heard = named.get(other, [])
            if not known or other in facts.reused or source in facts.reused or len(heard) > 1:
                moved.append(())
                continue
            what, may_be = self._edge(at, source, other, before[slot], now.edges[slot], heard)
            if what:
                return f"edge to node {other}: {what}"
            moved.append(may_be)
        for other in near:
            if named.get(other):
                self.heard[source, other] = named[other][-1]
        count = prod(map(len, moved))  # 0 where an edge is open
        if not 0 < count <= STATES_MAX:
            return ""
        found = [self._step(at, source, edges, named) for edges in product(*moved)]
        return found[0] if all(found) else ""

    def _edge(
        self, at: int, source: int, other: int, before: Edge, now: Edge, heard: Sequence[int]
    ) -> tuple[str, tuple[Edge, ...]]:
        """Return (what is wrong, what the edge may have been before it was moved; () where open).

        It may be what it is now, not moved, and also have been moved to that: an edge that was
        dropped and heard of again repeats the move it had made.
        """
        states = self._states(at, source, other, before, heard)
        if states is None:
            return "", ()
        still = (now,) if now in states else ()
        if not heard:
            what = f"turn {now.turn} gives {now.flow_q}, and nothing was heard on it"
            return ("" if still else what), still
        shown = self._shown(heard[-1], source)
        mine = 1 if source < other else 0
        open_ = sorted(
            state
            for state in states
            if state.turn and state.turn % TURN_MAX + 1 == now.turn
            if state.turn % 2 == mine and shown is not None and shown.turn == state.turn
        )
        if not still and not open_:
            text = (
                f"turn {now.turn} gives {now.flow_q} (rest {now.residue}), which nobody has said"
            )
            return text, ()
        return "", (*still, *open_)

    def _shown(self, at: int, to: int) -> Edge | None:
        """Return what a neighbour's frame shows of its edge to node `to`."""
        said = self.said.get(at)
        near = self.facts.neighbours.get(int(self.record.source[at]), ())
        if said is None or to not in near or len(said.edges) != len(near):
            return None
        return said.edges[near.index(to)]

    def _states(
        self, at: int, source: int, other: int, before: Edge, heard: Sequence[int]
    ) -> set[Edge] | None:
        """Return what the edge may be once frames were heard, None for too many."""
        dropped = {FRESH} if other in self.left else set()
        states = {before} | dropped
        since = self.heard.get((source, other), -1)
        until = heard[-1] if heard else at
        for spoken in self.by_source.get(other, ()):
            if spoken <= since or not self._young(spoken, at):
                continue
            if spoken > until or spoken >= at:
                break
            shown = self._shown(spoken, source)
            if shown is not None:
                after = {_heard(state, shown, source, other) for state in states}
                states = after | dropped if spoken == until and heard else states | after
            if len(states) > STATES_MAX:
                return None
        return states

    def _young(self, spoken: int, at: int) -> bool:
        age_us = self.record.t_us[at] - self.record.t_us[spoken]
        return not self.facts.age_max_ms or bool(age_us <= self.facts.age_max_ms * 1000)

    def _step(
        self, at: int, source: int, edges: Sequence[Edge], named: dict[int, list[int]]
    ) -> str:
        """Let the reference move the edges; return where it comes to something else."""
        near = self.facts.neighbours[source]
        flows = Flows(source, near, int(self.record.input_q[at]))
        flows.estimate_q -= sum(edge.flow_q for edge in edges)
        now = self.said[at].edges
        for slot, edge in enumerate(edges):
            mine = flows.edges[slot]
            mine.flow_q, mine.turn, mine.residue = edge
        for slot, other in enumerate(near):
            mine = flows.edges[slot]
            heard = named.get(other)
            if heard:
                said = self.said[heard[-1]]
                shown = self._shown(heard[-1], source)
                mine.peer_turn = shown.turn if shown is not None else 0
                mine.peer_q, mine.peer_count = said.value_q, said.degree
                flows.move(slot)
            made = Edge(mine.flow_q, mine.turn, mine.residue)
            if made != now[slot]:
                is_, due = ((e.flow_q, e.turn, e.residue) for e in (now[slot], made))
                return f"edge to node {other}: flow, turn, rest are {is_}, {due} is due"
        return ""


def _said(frame: Frame, value_q: int) -> Said:
    edges = tuple(
        Edge(frame.flow_at(slot), frame.turn_at(slot), frame.residue_at(slot))
        for slot in range(frame.count)
    )
    return Said(frame.count, value_q, edges)


def _heard(state: Edge, shown: Edge, source: int, other: int) -> Edge:
    """Return the edge of node `source` after it has heard what node `other` shows of it."""
    flows = Flows(source, (other,), 0)
    mine = flows.edges[0]
    mine.flow_q, mine.turn, mine.residue = state
    flows.hear(0, 1, 0, shown.flow_q, shown.turn, shown.residue)
    return Edge(mine.flow_q, mine.turn, mine.residue)


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each honest frame with an edge that does not follow, at most 20."""
    if facts.mode != "exact" or not facts.whole:
        return []
    steps = Steps(record, facts)
    found: list[str] = []
    for move in moves(record, facts):
        what = steps.wrong(move)
        if what and len(found) < KEPT_MAX:
            source = int(record.source[move.at])
            text = f"node {source} seq {record.seq[move.at]}, {what}"
            found.append(Violation(text, int(record.t_us[move.at]), source))
    return found
