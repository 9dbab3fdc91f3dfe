"""What a neighbour's flow frame says of the common edge taken in."""

from quelea_proto.flows import Flows


class Part:
    """Every frame shows the neighbour one turn ahead, so that the flow is adopted."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.count = count
        self.slot = count >> 1
        self.flows = Flows(100, tuple(range(101, 101 + count)), 1500)

    def base(self) -> None:
        self.flows.turn[self.slot] = 1

    def call(self) -> None:
        flows = self.flows
        flows.turn[self.slot] = 1
        flows.hear(self.slot, self.count, 1600, 321, 2, -3)

    def digest(self) -> int:
        flows = self.flows
        return flows.estimate_q + flows.turn[self.slot] * 1000000 + flows.residue[self.slot]
