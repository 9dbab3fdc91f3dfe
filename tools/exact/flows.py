"""Exact averaging by edge flows, defined once more: estimates are computed, never kept.

A node is its input and, for each edge, what it has given. Its estimate is input minus the sum of
what it has given, always summed afresh; divisions are exact fractions cut toward zero. Turns:
1..6 round and round, odd ones belong to the lower node number; 0 says "not in step yet".
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import trunc

FLOW_MAX = ESTIMATE_MAX = 2**28 - 1


@dataclass
class End:
    """One end of an edge: what this node gave, and what its neighbour showed last."""

    given_q: int = 0
    turn: int = 0
    residue: int = 0
    shown_turn: int = 0
    shown_q: int = 0
    shown_count: int = 0


@dataclass
class Node:
    """One node of a network of edge flows."""

    number: int
    peers: tuple[int, ...]
    input_q: int
    ends: list[End] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ends = [End() for _ in self.peers]

    @property
    def estimate_q(self) -> int:
        return self.input_q - sum(end.given_q for end in self.ends)

    def _adopt(self, slot: int, given_q: int, turn: int, residue: int) -> None:
        end = self.ends[slot]
        if abs(self.estimate_q + end.given_q - given_q) <= ESTIMATE_MAX:
            end.given_q, end.turn, end.residue = given_q, turn, residue

    def hear(self, slot: int, count: int, value_q: int, flow_q: int, turn: int, res: int) -> None:
        """Take a neighbour's view of the edge: its degree, estimate, flow, turn and residue."""
        if turn > 6 or abs(flow_q) > FLOW_MAX or abs(res) > 127:
            return
        end = self.ends[slot]
        higher = self.number > self.peers[slot]
        if turn == 0:
            end.turn = end.turn or 1  # both new: in step at turn 1; else the neighbour will adopt
        elif end.turn == 0:
            self._adopt(slot, -flow_q, turn, res)
        else:
            ahead = (turn - end.turn) % 6
            newer = ahead in (1, 2) or (higher and ahead == 3)
            corrected = higher and ahead == 0 and end.given_q != -flow_q
            if newer or corrected:
                self._adopt(slot, -flow_q, turn, res)
        end.shown_turn, end.shown_q, end.shown_count = turn, value_q, count

    def move(self, slot: int) -> bool:
        """Even out the edge when the turn is this node's and the neighbour has shown it too."""
        end = self.ends[slot]
        lower = self.number < self.peers[slot]
        if end.turn == 0 or end.turn != end.shown_turn or (end.turn % 2 == 1) != lower:
            return False
        sign = 1 if lower else -1  # lower to higher is the edge's own direction
        gap_q = sign * (self.estimate_q - end.shown_q)
        divisor = 1 + max(len(self.peers), end.shown_count)
        step_q, residue = self._share(gap_q, end.residue, divisor)
        given_q = end.given_q + sign * step_q
        if abs(given_q) > FLOW_MAX or abs(self.estimate_q - sign * step_q) > ESTIMATE_MAX:
            return False
        end.given_q, end.residue, end.turn = given_q, residue, end.turn % 6 + 1
        return True

    @staticmethod
    def _share(gap_q: int, residue: int, divisor: int) -> tuple[int, int]:
        """Return what crosses the edge, and the residue left, in units of 1 / (weight * divisor).

        A gap of a divisor or more: gap / divisor, cut toward zero; nothing is carried. A smaller
        gap: what was carried and gap / divisor, of a single unit only 1 / weight of that.
        """
        if abs(gap_q) >= divisor:
            return trunc(Fraction(gap_q, divisor)), 0
        weight = min(8, 127 // divisor)
        share = Fraction(gap_q, divisor)
        if abs(gap_q) == 1:
            share /= weight
        total = Fraction(residue, weight * divisor) + share
        step_q = trunc(total)
        left = (total - step_q) * weight * divisor
        assert left.denominator == 1
        return step_q, left.numerator

    def set_input(self, input_q: int) -> None:
        """Follow the sensor, unless the estimate would leave its range."""
        if abs(self.estimate_q + input_q - self.input_q) <= ESTIMATE_MAX:
            self.input_q = input_q

    def drop(self, slot: int) -> None:
        """Take back what was given to a neighbour that is gone for good."""
        end = self.ends[slot]
        if abs(self.estimate_q + end.given_q) <= ESTIMATE_MAX:
            end.given_q = end.turn = end.residue = end.shown_turn = 0


def under_way(nodes: dict[int, Node]) -> int:
    """Return the units that one end of an edge has given and the other not yet taken."""
    total = 0
    for node in nodes.values():
        for end in node.ends:
            total += end.given_q
    return total
