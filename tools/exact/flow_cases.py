"""flows.jsonl: what happens to nodes of small networks, and what each is left with.

Rows, in order within a case:

    new    node, neighbours, input_q            a node begins (or reboots with nothing)
    hear   node, slot, count, value_q, flow_q, turn, residue
    move   node, slot, took
    input  node, input_q
    drop   node, slot
    sum    estimates_q, under_way_q, inputs_q   all nodes; estimates + under way = inputs

Every row but `sum` carries `estimate_q` of the node and, if it has a slot, `after`: the flow,
turn and residue of that edge.
"""

from collections.abc import Iterator

from exact.draw import draw
from exact.flows import Node, under_way

Row = dict[str, object]
Edges = tuple[tuple[int, int], ...]


class Script:
    """A network whose every event becomes a row."""

    def __init__(self, case: str, why: str) -> None:
        self.case, self.why = case, why
        self.nodes: dict[int, Node] = {}
        self.rows: list[Row] = []

    def _row(
        self, op: str, number: int, why: str, slot: int | None = None, **more: object
    ) -> None:
        node = self.nodes[number]
        row: Row = {"case": self.case, "op": op, "node": number}
        if slot is not None:
            end = node.ends[slot]
            row["slot"] = slot
            row["after"] = [end.given_q, end.turn, end.residue]
        self.rows.append({**row, **more, "estimate_q": node.estimate_q, "why": why})

    def new(self, number: int, peers: tuple[int, ...], input_q: int) -> None:
        why = "reboots with nothing" if number in self.nodes else self.why
        self.nodes[number] = Node(number, peers, input_q)
        self._row("new", number, why, neighbours=list(peers), input_q=input_q)

    def shown(self, sender: int, receiver: int) -> tuple[int, ...]:
        """Return what the sender's frame would say to the receiver now."""
        node = self.nodes[sender]
        end = node.ends[node.peers.index(receiver)]
        return len(node.peers), node.estimate_q, end.given_q, end.turn, end.residue

    def hear(self, number: int, sender: int, entry: tuple[int, ...], why: str) -> None:
        node = self.nodes[number]
        slot = node.peers.index(sender)
        count, value_q, flow_q, turn, residue = entry
        node.hear(slot, count, value_q, flow_q, turn, residue)
        self._row("hear", number, why, slot, count=count, value_q=value_q, flow_q=flow_q,
                  turn=turn, residue=residue)  # fmt: skip

    def move(self, number: int, peer: int, why: str) -> bool:
        slot = self.nodes[number].peers.index(peer)
        took = self.nodes[number].move(slot)
        self._row("move", number, why, slot, took=took)
        return took

    def input(self, number: int, input_q: int, why: str) -> None:
        self.nodes[number].set_input(input_q)
        self._row("input", number, why, input_q=input_q)

    def drop(self, number: int, peer: int, why: str) -> None:
        slot = self.nodes[number].peers.index(peer)
        self.nodes[number].drop(slot)
        self._row("drop", number, why, slot)

    def total(self, why: str) -> None:
        estimates = [node.estimate_q for node in self.nodes.values()]
        moving = under_way(self.nodes)
        inputs = sum(node.input_q for node in self.nodes.values())
        assert sum(estimates) + moving == inputs, self.case
        self.rows.append({"case": self.case, "op": "sum", "estimates_q": estimates,
                          "under_way_q": moving, "inputs_q": inputs, "why": why})  # fmt: skip


def edge(case: str, inputs: tuple[int, int], turns: int, why: str) -> list[Row]:
    """Nodes 1 and 2, frames in both directions, one move after each."""
    script = Script(case, why)
    script.new(1, (2,), inputs[0])
    script.new(2, (1,), inputs[1])
    for turn in range(turns):
        receiver, sender = (1, 2) if turn % 2 == 0 else (2, 1)
        script.hear(receiver, sender, script.shown(sender, receiver), f"frame {turn + 1}")
        script.move(receiver, sender, f"after frame {turn + 1}")
    script.total("the sum has not changed by a unit")
    return script.rows


def faults() -> list[Row]:
    """One edge under repetition, delay, reboot and entries out of range."""
    script = Script("edge-faults", "loss, repetition, delay, reboot, bad entries on one edge")
    script.new(3, (7,), 1000)
    script.new(7, (3,), 0)
    script.move(3, 7, "nothing heard yet: no move")
    script.hear(3, 7, script.shown(7, 3), "both new: in step at turn 1")
    script.move(3, 7, "the lower number moves first")
    old = script.shown(3, 7)
    script.hear(7, 3, old, "first sight of the move")
    script.hear(7, 3, old, "the same frame once more: nothing changes")
    script.move(7, 3, "turn 2 belongs to the higher number")
    script.move(7, 3, "not twice in one turn")
    script.hear(7, 3, old, "a delayed frame from before the move: ignored")
    script.hear(3, 7, script.shown(7, 3), "the answer")
    script.total("in step")
    bad = ((1, 0, 0, 7, 0), (1, 0, -(2**28), 3, 0), (1, 0, 0, 3, -128))
    for entry in bad:
        script.hear(3, 7, entry, "an entry out of range: ignored")
    script.move(3, 7, "after the bad entries")
    script.new(7, (3,), 0)
    script.hear(7, 3, script.shown(3, 7), "takes its flow back from the neighbour")
    script.hear(3, 7, (1, 0, 0, 0, 0), "the rebooted node's first frame, late: turn 0")
    script.total("nothing was lost by the reboot")
    script.input(7, 50, "an input changes without a restart")
    script.total("the sum of inputs moved by as much")
    script.hear(7, 3, (1, 0, 2**28 - 1, 5, 0), "adopted: the estimate stays in range")
    script.hear(7, 3, (1, 0, -(2**28 - 1), 6, 0), "and back to the other end: would leave it?")
    script.drop(7, 3, "the neighbour left for good")
    return script.rows


def weights() -> list[Row]:
    """One edge whose neighbour has more and more neighbours: divisors 2 to 127."""
    script = Script("edge-divisors", "small gaps at divisors 2 to 127: the residue carries them")
    for count in (1, 2, 7, 14, 15, 16, 20, 41, 42, 62, 63, 126):
        script.new(1, (2,), 1000)
        script.hear(1, 2, (count, 1000, 0, 1, 0), f"{count} neighbours over there, no gap")
        for gap in (0, 1, 2, -1, count, count + 1, -count - 1, count - 1, -count):
            end = script.nodes[1].ends[0]
            turn = end.turn if end.turn % 2 else end.turn % 6 + 1  # the next of node 1's turns
            value_q = script.nodes[1].estimate_q - gap
            entry = (count, value_q, -end.given_q, turn, end.residue)
            script.hear(1, 2, entry, f"its frame shows turn {turn}")
            script.move(1, 2, f"a gap of {gap}")
    return script.rows


def turns() -> list[Row]:
    """Every own turn against every turn shown, at the lower and at the higher end."""
    script = Script("edge-turns", "whose view of the edge counts: all pairs of turns, both ends")
    for node, peer in ((4, 9), (9, 4)):
        for own in range(7):
            for shown in range(7):
                script.new(node, (peer,), 500)
                script.hear(node, peer, (1, 500, -20, own, 3), f"sets the own turn to {own}")
                script.hear(node, peer, (1, 490, -30, shown, 5), f"and then turn {shown}")
    return script.rows


def network(case: str, edges: Edges, inputs: tuple[int, ...], rounds: int, loss: int) -> list[Row]:
    """Nodes 1..n in turn: take the frames that got through, move every edge, send.

    loss: percent of frames lost; a tenth of the others arrives twice, a fifth a round late.
    """
    numbers = range(1, len(inputs) + 1)
    script = Script(case, f"{len(inputs)} nodes, {len(edges)} edges, {loss} % of frames lost")
    for number in numbers:
        peers = sorted({b for a, b in edges if a == number} | {a for a, b in edges if b == number})
        script.new(number, tuple(peers), inputs[number - 1])
    late: dict[tuple[int, int], tuple[int, ...]] = {}
    for turn in range(1, rounds + 1):
        for number in numbers:
            for peer in script.nodes[number].peers:
                _deliver(script, peer, number, turn, loss, late)
            for peer in script.nodes[number].peers:
                script.move(number, peer, f"round {turn}")
        script.total(f"after round {turn}")
    return script.rows


def _deliver(
    script: Script, sender: int, receiver: int, turn: int, loss: int,
    late: dict[tuple[int, int], tuple[int, ...]],
) -> None:  # fmt: skip
    label = f"{script.case}/{turn}/{sender}/{receiver}"
    entry = script.shown(sender, receiver)
    old = late.pop((sender, receiver), None)
    if old is not None:
        script.hear(receiver, sender, old, f"round {turn}, a round late")
    if draw(f"{label}/lost", 0, 99) < loss:
        return
    if loss and draw(f"{label}/late", 0, 4) == 0:
        late[sender, receiver] = entry
        return
    script.hear(receiver, sender, entry, f"round {turn}")
    if loss and draw(f"{label}/twice", 0, 9) == 0:
        script.hear(receiver, sender, entry, f"round {turn}, again")


RING4 = ((1, 2), (2, 3), (3, 4), (1, 4))
STAR4 = ((1, 4), (2, 4), (3, 4))
PATH3 = ((1, 2), (2, 3))
TOP = 2**23 - 1


def rows() -> Iterator[Row]:
    """Yield the rows of flows.jsonl."""
    yield from edge("edge-100-0", (100, 0), 14, "100 and 0: to 50 each")
    yield from edge("edge-0-101", (0, 101), 14, "0 and 101: an odd sum")
    yield from edge("edge-7-8", (7, 8), 14, "one unit apart: the residue decides")
    yield from edge("edge-ends", (-TOP, TOP), 10, "both ends of the range")
    yield from faults()
    yield from weights()
    yield from turns()
    yield from network("path-3", PATH3, (0, 0, 999), 12, 0)
    yield from network("ring-4", RING4, (0, 100, 0, 100), 12, 0)
    yield from network("star-4-lossy", STAR4, (-500, 77, TOP, 12), 16, 30)
    yield from network("ring-4-lossy", RING4, (5, 1000, -3, 4), 16, 30)
