"""One edge evened out, the turn being this node's; the gap is below the divisor."""

from quelea_proto.flows import Flows


class Part:
    """A small gap takes the longer way: the residue is carried."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.slot = count >> 1
        self.flows = Flows(100, tuple(range(101, 101 + count)), 1500)
        self.flows.peer_turn[self.slot] = 1
        self.flows.peer_q[self.slot] = 1498
        self.flows.peer_count[self.slot] = count

    def base(self) -> None:
        flows = self.flows
        flows.turn[self.slot] = 1
        flows.residue[self.slot] = 0

    def call(self) -> None:
        flows = self.flows
        flows.turn[self.slot] = 1
        flows.residue[self.slot] = 0
        flows.move(self.slot)

    def digest(self) -> int:
        flows = self.flows
        return flows.estimate_q + flows.residue[self.slot] * 10000 + flows.turn[self.slot]
