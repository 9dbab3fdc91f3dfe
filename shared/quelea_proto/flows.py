"""Exact averaging by edge flows with residual carry and turns.

Each node keeps, for every neighbour, the flow it has given to it. Its estimate is its own input
less all its flows. A frame carries whole flows, never changes of them, so a lost, repeated or
reordered frame costs time and never a unit (Flow Updating: Jesus, Baquero and Almeida, JPDC 2015).

What is added here:

* Turns. At any time one end of an edge may change its flow; the other repeats what it knows.
  The turn goes over with the frame that shows the change. So both ends never move at once, and
  at most one change is under way on an edge: sum of estimates + what is under way = sum of
  inputs, to the unit, at every step.
* Residual carry. An edge moves gap / divisor, with divisor 1 + max degree. Of a gap below one
  divisor the remainder stays with the edge, is sent along and is added to the next gap, so no gap
  is too small to move in the end (Muthukrishnan, Ghosh and Schultz 1998 keep such remainders on
  edges). Remainders have a sign and are cut toward zero, so an edge never moves to and fro.
* Damping. A gap of one unit counts for 1/DAMP of its size: the last units move rarely enough
  that they seldom meet on one node, and the final spread stays at 2 q or less.

A node that lost its state (turn 0) takes its flows back from what its neighbours repeat.
Directions are canonical: the residue counts from the lower to the higher node number.
"""

from quelea_proto.fixed import toward_zero
from quelea_proto.limits import (
    DAMP,
    ESTIMATE_MAX,
    FLOW_MAX,
    RESIDUE_MAX,
    TURN_MAX,
)


def divisor(own_count: int, peer_count: int) -> int:
    """Return an edge's divisor, 1 + the larger degree: 2..127."""
    if own_count > peer_count:
        return 1 + own_count
    return 1 + peer_count


class Flows:
    """The flows of one node; columns by slot (ascending node number of the neighbours)."""

    def __init__(self, node: int, neighbours: tuple[int, ...], input_q: int) -> None:
        count = len(neighbours)
        self.node = node
        self.neighbours = neighbours
        self.input_q = input_q
        self.estimate_q = input_q
        self.flow_q = [0] * count
        self.turn = [0] * count  # 0: not in step with this neighbour yet
        self.residue = [0] * count
        self.peer_turn = [0] * count  # what the neighbour's newest frame showed
        self.peer_q = [0] * count
        self.peer_count = [0] * count
        self.waits = 0  # changes put off since they would have left the number range

    def set_input(self, input_q: int) -> None:
        """Change the node's own input at any time; the estimate moves by as much."""
        estimate_q = self.estimate_q + (input_q - self.input_q)
        if -ESTIMATE_MAX <= estimate_q <= ESTIMATE_MAX:
            self.estimate_q = estimate_q
            self.input_q = input_q
        else:
            self.waits += 1

    def drop(self, slot: int) -> None:
        """Take back what was given to a neighbour that left the fleet for good."""
        estimate_q = self.estimate_q + self.flow_q[slot]
        if -ESTIMATE_MAX <= estimate_q <= ESTIMATE_MAX:
            self.estimate_q = estimate_q
            self.flow_q[slot] = 0
            self.turn[slot] = 0
            self.residue[slot] = 0
            self.peer_turn[slot] = 0
        else:
            self.waits += 1

    def _adopt(self, slot: int, flow_q: int, turn: int, residue: int) -> None:
        """Take over the neighbour's view of the edge; flow_q in this node's direction."""
        estimate_q = self.estimate_q - (flow_q - self.flow_q[slot])
        if estimate_q < -ESTIMATE_MAX or estimate_q > ESTIMATE_MAX:
            self.waits += 1
            return
        self.estimate_q = estimate_q
        self.flow_q[slot] = flow_q
        self.turn[slot] = turn
        self.residue[slot] = residue

    def hear(
        self, slot: int, count: int, value_q: int, flow_q: int, turn: int, residue: int
    ) -> None:
        """Take in what a neighbour's fresh frame says of the common edge.

        count: the neighbour's degree; value_q: its estimate; flow_q, turn, residue: the entry
        of its columns for this node. Out-of-range entries are ignored and counted as waits.
        """
        if turn > TURN_MAX or flow_q < -FLOW_MAX or residue < -RESIDUE_MAX:
            self.waits += 1
            return
        own_turn = self.turn[slot]
        if turn == 0:
            if own_turn == 0:
                self.turn[slot] = 1  # both new: no flow, and the lower number moves first
        elif own_turn == 0:
            self._adopt(slot, -flow_q, turn, residue)
        else:
            ahead = (turn - own_turn) % TURN_MAX
            higher = self.node > self.neighbours[slot]
            if ahead == 1 or ahead == 2 or (ahead == 3 and higher):
                self._adopt(slot, -flow_q, turn, residue)
            elif ahead == 0 and higher and self.flow_q[slot] != -flow_q:
                self._adopt(slot, -flow_q, turn, residue)  # after a reboot the lower end is right
        self.peer_turn[slot] = turn
        self.peer_q[slot] = value_q
        self.peer_count[slot] = count

    def move(self, slot: int) -> bool:
        """Even out the edge if it is this node's turn; return whether the turn was taken."""
        turn = self.turn[slot]
        if turn == 0 or turn != self.peer_turn[slot]:
            return False
        lower = self.node < self.neighbours[slot]
        if (turn & 1) != (1 if lower else 0):
            return False
        gap_q = self.estimate_q - self.peer_q[slot]
        if not lower:
            gap_q = -gap_q
        part = divisor(len(self.neighbours), self.peer_count[slot])
        if gap_q >= part or gap_q <= -part:
            step_q = toward_zero(gap_q, part)
            residue = 0
        else:
            weight = RESIDUE_MAX // part
            if weight > DAMP:
                weight = DAMP
            total_q = self.residue[slot] + (gap_q if -1 <= gap_q <= 1 else gap_q * weight)
            step_q = toward_zero(total_q, part * weight)
            residue = total_q - step_q * part * weight
        if not lower:
            step_q = -step_q
        estimate_q = self.estimate_q - step_q
        flow_q = self.flow_q[slot] + step_q
        if abs(flow_q) > FLOW_MAX or abs(estimate_q) > ESTIMATE_MAX:
            self.waits += 1
            return False
        self.estimate_q = estimate_q
        self.flow_q[slot] = flow_q
        self.residue[slot] = residue
        self.turn[slot] = turn % TURN_MAX + 1
        return True
