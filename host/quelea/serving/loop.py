"""The simulator: nodes of the firmware, rounds, and a network that loses rows. Integers only.

In a round every node acts once, at its own phase: it thinks, publishes its state to its
neighbours, and asks some of them for leases, who answer at once. Each row is lost by chance.
"""

from quelea_agent.placing import Member
from quelea_agent.serving import Plan, Serving
from quelea_proto.draws import Draws

LOSS_OF_32768 = 3277  # a tenth
WORLD_LANE = 65535


class Loop:
    """nodes: firmware machines, number - 1. messages, moves: of the last round, of all nodes."""

    def __init__(self, instance, loss_of_32768: int = LOSS_OF_32768) -> None:  # type: ignore[no-untyped-def]
        self.instance = instance
        self.loss = loss_of_32768
        self.draws = Draws(instance.seed, WORLD_LANE)
        self.nodes = []
        for i in range(len(instance.memories)):
            self.nodes.append(Serving(plan_of(instance, i), 1))
            for m in range(len(instance.sizes)):
                self.nodes[i].want_ms[m] = instance.demands_ms[i][m]
        self.order = list(range(len(self.nodes)))
        self.draws.shuffle(self.order)  # phases: every node has its own clock, and keeps it
        self.messages = self.lost = 0
        self.moves = 0
        self.dead = [False] * len(self.nodes)

    def round(self, think: bool = True) -> None:
        """Let every node act once."""
        self.messages = self.lost = 0
        before = sum([node.loads for node in self.nodes])
        for i in self.order:
            if not self.dead[i]:
                self._act(i, think)
        self.moves = sum([node.loads for node in self.nodes]) - before

    def _act(self, i: int, think: bool) -> None:
        node = self.nodes[i]
        node.turn(think)
        row = bytes(node.row[: node.length])
        self.messages += 1  # one publish, whoever hears it
        for member in node.plan.members[1:]:
            if self._arrives(member.number - 1):
                self.nodes[member.number - 1].hear(i + 1, row)
        for slot in range(node.slots):
            length = node.ask(slot)
            if length:
                self._ask(i, node.numbers[slot] - 1, bytes(node.lease_row[:length]))

    def _ask(self, i: int, other: int, row: bytes) -> None:
        self.messages += 1
        if not self._arrives(other):
            return
        length = self.nodes[other].hear(i + 1, row)
        if length:
            self.messages += 1
            if self._arrives(i):
                self.nodes[i].hear(other + 1, bytes(self.nodes[other].lease_row[:length]))

    def _arrives(self, receiver: int) -> bool:
        if self.draws.next() >= self.loss:
            return not self.dead[receiver]
        self.lost += 1
        return False

    # -- what came of it -----------------------------------------------------------------------
    def held(self) -> list[list[bool]]:
        """Return which node holds which model, as bools by (node, model)."""
        return [
            [bool(on) and not dead for on in node.held]
            for node, dead in zip(self.nodes, self.dead)
        ]

    def worth_percent_ms(self) -> int:
        """Return what is answered by the leases as they are, in percent of a ms at home."""
        total = 0
        for node, dead in zip(self.nodes, self.dead):
            if dead:
                continue
            for m in range(node.models):  # a lease beyond the need answers nothing
                away_ms = min(node.taken_total_ms(m), node.want_ms[m] - node.local_ms[m])
                total += 100 * node.local_ms[m] + node.plan.worth_percent * away_ms
        return total


def ball_of(neighbours, i: int):  # type: ignore[no-untyped-def]
    """Return the indices of all within two steps of node i, itself first, then ascending."""
    found = {i}
    for j in neighbours[i]:
        found.add(j)
        found.update(neighbours[j])
    found.remove(i)
    return [i, *sorted(found)]


def plan_of(instance, i: int) -> Plan:  # type: ignore[no-untyped-def]
    """Return what the configuration says of node i."""
    ball = ball_of(instance.neighbours, i)
    members = []
    for k in ball:
        near = [
            (ball.index(j), instance.links_kb[k, j]) for j in instance.neighbours[k] if j in ball
        ]
        members.append(Member(k + 1, tuple(near)))
    return Plan(
        tuple(members), instance.sizes, instance.work_ms, instance.link_kb, instance.memories[i],
        instance.times_ms[i], instance.worth_percent, instance.seed,
    )  # fmt: skip
