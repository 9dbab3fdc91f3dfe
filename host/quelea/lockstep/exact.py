"""Exact rounds on arrays: the edge flows of quelea_proto.flows, all nodes at once.

A round: every node hears all its neighbours, in ascending order, then evens out every edge whose
turn is here. What a slot does depends on the slots before it, so slots are taken one after the
other, and all nodes together.
"""

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import DAMP, ESTIMATE_MAX, FLOW_MAX, RESIDUE_MAX, TURN_MAX

from quelea.lockstep.graph import Ints, Rows
from quelea.lockstep.halo import Edges
from quelea.lockstep.team import Team

Columns = NDArray[np.int32]

VALUE, COUNT, FLOW, TURN, RESIDUE = range(5)  # columns of what an end says of an edge


class Exact:
    """values_q: the inputs of this rank's nodes. Columns have an entry for each edge end here."""

    def __init__(self, rows: Rows, nodes: int, team: Team, values_q: Columns) -> None:
        self.rows, self.team = rows, team
        self.input_q = values_q.astype(np.int32)
        self.values_q = values_q.astype(np.int32)
        ends = len(rows.others)
        self.flow_q = np.zeros(ends, np.int32)
        self.turn = np.zeros(ends, np.int32)
        self.residue = np.zeros(ends, np.int32)
        self.lower = rows.nodes < rows.others
        self.count = np.repeat(rows.degrees, rows.degrees).astype(np.int32)
        self.halo = Edges(rows, nodes, team)
        self.slots = [
            (here, rows.starts[here] + slot)
            for slot in range(int(rows.degrees.max(initial=0)))
            for here in [np.flatnonzero(rows.degrees > slot)]
        ]
        self.waits = 0
        self.met = 0

    def exchange(self) -> Columns:
        """Return what the other end of every edge says: rows of VALUE .. RESIDUE."""
        value_q = self.values_q[self.rows.nodes - self.rows.first]
        said = np.column_stack([value_q, self.count, self.flow_q, self.turn, self.residue])
        return self.halo.spread(said)

    def move(self, heard: Columns) -> None:
        """Hear every edge, then move every edge whose turn is here."""
        for here, at in self.slots:
            self._hear(here, at, heard[at])
        for here, at in self.slots:
            self._move(here, at, heard[at])

    def _hear(self, here: Ints, at: Ints, said: Columns) -> None:
        flow_q, turn = -said[:, FLOW], said[:, TURN]
        own, higher = self.turn[at], ~self.lower[at]
        ahead = (turn - own) % TURN_MAX
        newer = (ahead == 1) | (ahead == 2) | ((ahead == 3) & higher)
        newer |= (ahead == 0) & higher & (self.flow_q[at] != flow_q)
        newer = np.where(own == 0, turn > 0, newer & (turn > 0))
        begins = (turn == 0) & (own == 0)
        value_q = self.values_q[here] - (flow_q - self.flow_q[at])
        fits = np.abs(value_q) <= ESTIMATE_MAX
        self.waits += int((newer & ~fits).sum())
        taken = newer & fits
        self.values_q[here[taken]] = value_q[taken]
        into = at[taken]
        self.flow_q[into] = flow_q[taken]
        self.turn[into] = turn[taken]
        self.residue[into] = said[taken, RESIDUE]
        self.turn[at[begins]] = 1

    def _move(self, here: Ints, at: Ints, said: Columns) -> None:
        turn, lower = self.turn[at], self.lower[at]
        due = (turn > 0) & (turn == said[:, TURN]) & ((turn & 1 == 1) == lower)
        here, at, said, turn, lower = here[due], at[due], said[due], turn[due], lower[due]
        sign = np.where(lower, 1, -1).astype(np.int32)
        gap_q = sign * (self.values_q[here] - said[:, VALUE])
        part = 1 + np.maximum(self.count[at], said[:, COUNT])
        weight = np.minimum(RESIDUE_MAX // part, DAMP)
        wide = np.abs(gap_q) >= part
        owed = self.residue[at] + np.where(np.abs(gap_q) <= 1, gap_q, gap_q * weight)
        given = np.where(wide, gap_q, owed)
        share = np.where(wide, part, part * weight)
        step_q = np.sign(given) * (np.abs(given) // share)
        residue = np.where(wide, 0, owed - step_q * share)
        step_q = step_q * sign
        value_q, flow_q = self.values_q[here] - step_q, self.flow_q[at] + step_q
        fits = (np.abs(flow_q) <= FLOW_MAX) & (np.abs(value_q) <= ESTIMATE_MAX)
        self.waits += int((~fits).sum())
        self.values_q[here[fits]] = value_q[fits]
        into = at[fits]
        self.flow_q[into] = flow_q[fits]
        self.residue[into] = residue[fits]
        self.turn[into] = turn[fits] % TURN_MAX + 1

    @property
    def given_q(self) -> int:
        """Return the sum of all flows of this rank's ends: inputs less values, to the unit."""
        return int(self.flow_q.sum(dtype=np.int64))

    @property
    def state(self) -> tuple[bytes, ...]:
        """All that a digest is to see, a column each: values, then the edges, little endian."""
        parts = (self.values_q, self.flow_q, self.turn, self.residue)
        return tuple(part.astype("<i4").tobytes() for part in parts)
