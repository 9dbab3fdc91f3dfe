"""Exact averaging of the reference: one Edge object a neighbour, all flows counted as given away.

An edge is seen from its lower-numbered end: `turn` is odd when the lower end may move, and a gap
is the lower end's estimate less the higher end's. Nothing here is taken from quelea_proto.flows
but what that file states.
"""

from collections.abc import Sequence

from quelea_proto import limits

COMPILED = {
    "DAMP": limits.DAMP,
    "ESTIMATE_MAX": limits.ESTIMATE_MAX,
    "FLOW_MAX": limits.FLOW_MAX,
    "RESIDUE_MAX": limits.RESIDUE_MAX,
    "TURN_MAX": limits.TURN_MAX,
}


def units(owed: int, part: int) -> int:
    """Return the whole parts in what is owed: both signs alike."""
    return owed // part if owed > 0 else -(-owed // part)


class Edge:
    """What one end keeps of an edge. lower: whether this node has the lower number.

    carried: the residue that the share worked out last would leave.
    """

    __slots__ = (
        "carried", "flow_q", "lower", "peer_count", "peer_q", "peer_turn", "residue", "turn",
    )  # fmt: skip

    def __init__(self, lower: bool) -> None:
        self.lower = lower
        self.flow_q = self.turn = self.residue = self.carried = 0
        self.peer_turn = self.peer_q = self.peer_count = 0

    def believes(self, flow_q: int, turn: int) -> bool:
        """Return whether the other end's (flow_q in this end's direction, turn) is the newer view.

        A turn that is one or two on is. Three on, half the ring, only the higher end gives way;
        and at the same turn it does so if the flows differ, which only a reboot can cause.
        """
        if self.turn == 0:
            return turn > 0
        if turn == 0:
            return False
        on = (turn - self.turn + limits.TURN_MAX) % limits.TURN_MAX
        if on == 0:
            return not self.lower and flow_q != self.flow_q
        return on < 3 or (on == 3 and not self.lower)

    def share(self, gap_q: int, degree: int) -> int:
        """Return the units that even out the edge, and carry the residue on; degree: own.

        A gap of a divisor or more is divided. Smaller ones are counted in shares of a unit, as
        many as a residue can hold and at most DAMP, and a gap of one unit as a single share.
        """
        part = 1 + max(degree, self.peer_count)
        if abs(gap_q) >= part:
            self.carried = 0
            return units(gap_q, part)
        weight = min(limits.DAMP, limits.RESIDUE_MAX // part)
        owed = self.residue + gap_q * (weight if abs(gap_q) > 1 else 1)
        whole_q = units(owed, part * weight)
        self.carried = owed - whole_q * part * weight
        return whole_q

    def row(self) -> tuple[int, int, int, int, int, int]:
        """Return (flow_q, turn, residue, peer_turn, peer_q, peer_count)."""
        return (
            self.flow_q,
            self.turn,
            self.residue,
            self.peer_turn,
            self.peer_q,
            self.peer_count,
        )


class Flows:
    """The flows of one node; edges[slot] in ascending order of the neighbours' numbers."""

    def __init__(self, node: int, neighbours: Sequence[int], input_q: int) -> None:
        self.edges = [Edge(node < number) for number in neighbours]
        self.degree = len(self.edges)
        self.input_q = input_q
        self.estimate_q = input_q
        self.waits = 0

    @property
    def flow_q(self) -> list[int]:
        """What was given to each neighbour, by slot."""
        return [edge.flow_q for edge in self.edges]

    @property
    def turn(self) -> list[int]:
        """Each edge's turn, 0..6, by slot."""
        return [edge.turn for edge in self.edges]

    @property
    def residue(self) -> list[int]:
        """What each edge carries on, by slot."""
        return [edge.residue for edge in self.edges]

    def reach(self, estimate_q: int) -> bool:
        """Take the estimate if it is in its range, else count a wait; return whether taken."""
        if abs(estimate_q) > limits.ESTIMATE_MAX:
            self.waits += 1
            return False
        self.estimate_q = estimate_q
        return True

    def set_input(self, input_q: int) -> None:
        """Follow a new input of the node: the estimate moves by as much."""
        if self.reach(self.estimate_q - self.input_q + input_q):
            self.input_q = input_q

    def drop(self, slot: int) -> None:
        """Take back what was given to a neighbour that has left for good."""
        edge = self.edges[slot]
        if self.reach(self.estimate_q + edge.flow_q):
            edge.flow_q = edge.turn = edge.residue = edge.peer_turn = 0

    def hear(
        self, slot: int, count: int, value_q: int, flow_q: int, turn: int, residue: int
    ) -> None:
        """Take in a neighbour's fresh frame: its degree, estimate and columns for this node."""
        edge = self.edges[slot]
        if turn > limits.TURN_MAX or -flow_q > limits.FLOW_MAX or -residue > limits.RESIDUE_MAX:
            self.waits += 1
            return
        if turn == 0 and edge.turn == 0:
            edge.turn = 1
        elif edge.believes(-flow_q, turn) and self.reach(self.estimate_q + edge.flow_q + flow_q):
            edge.flow_q = -flow_q
            edge.turn = turn
            edge.residue = residue
        edge.peer_turn = turn
        edge.peer_q = value_q
        edge.peer_count = count

    def move(self, slot: int) -> bool:
        """Even out the edge if its turn is here and known to both; return whether it was."""
        edge = self.edges[slot]
        if edge.turn == 0 or edge.peer_turn != edge.turn or (edge.turn % 2 == 1) != edge.lower:
            return False
        sign = 1 if edge.lower else -1
        given_q = sign * edge.share(sign * (self.estimate_q - edge.peer_q), self.degree)
        flow_q = edge.flow_q + given_q
        if abs(flow_q) > limits.FLOW_MAX:
            self.waits += 1
            return False
        if not self.reach(self.estimate_q - given_q):
            return False
        edge.flow_q = flow_q
        edge.residue = edge.carried
        edge.turn = 1 if edge.turn == limits.TURN_MAX else edge.turn + 1
        return True

    def state(self) -> tuple[int, ...]:
        """Return (estimate_q, input_q, waits) and each edge's row, as one flat tuple."""
        row = [self.estimate_q, self.input_q, self.waits]
        for edge in self.edges:
            row += edge.row()
        return tuple(row)
