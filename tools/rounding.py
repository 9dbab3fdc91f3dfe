"""What rounding does to averaging: final spread and drift of the mean, by way of dividing.

Two graphs, three drawn sets of 16-bit inputs each; the table has the medians of the final spread
and of the drift of the mean, both in q. In the first rows every node adds its rounded share of the
gaps, 1 / (1 + the largest degree). The others move integers over the edges, 1 / (1 + the larger
degree) of each gap, which keeps the sum exactly. The last row is quelea_proto.flows itself.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "shared"))

from exact.draw import draws
from quelea_proto.fixed import toward_zero
from quelea_proto.flows import Flows

Edges = tuple[tuple[int, int], ...]
CVX8: Edges = (
    *((0, 1), (1, 2), (2, 3), (0, 4), (1, 7), (1, 3), (4, 5)),
    *((4, 6), (2, 6), (3, 7), (5, 6), (6, 7), (1, 6)),
)
CYCLE32: Edges = tuple((i, (i + 1) % 32) for i in range(32))
GRAPHS = (("8 nodes, 13 edges", CVX8, 8, 400), ("cycle of 32", CYCLE32, 32, 2000))
SETS = 3


def degrees(edges: Edges, nodes: int) -> list[int]:
    """Return the number of neighbours of each node."""
    return [sum(node in edge for edge in edges) for node in range(nodes)]


def at_nodes(divide: Callable[[int, int], int]) -> Callable[..., list[int]]:
    """Return a way to average in which every node rounds what it adds, over a common divisor."""

    def run(values: list[int], edges: Edges, rounds: int) -> list[int]:
        counts = degrees(edges, len(values))
        part = 1 + max(counts)
        for _ in range(rounds):
            gaps = [0] * len(values)
            for a, b in edges:
                gaps[a] += values[b] - values[a]
                gaps[b] += values[a] - values[b]
            values = [value + divide(gap, part) for value, gap in zip(values, gaps, strict=True)]
        return values

    return run


def truncated(values: list[int], edges: Edges, rounds: int) -> list[int]:
    """Edge flows cut toward zero, remainders thrown away."""
    counts = degrees(edges, len(values))
    for _ in range(rounds):
        moved = list(values)
        for a, b in edges:
            step = toward_zero(values[a] - values[b], 1 + max(counts[a], counts[b]))
            moved[a] -= step
            moved[b] += step
        values = moved
    return values


def ours(values: list[int], edges: Edges, rounds: int) -> list[int]:
    """The protocol's flows: in each round every node hears all its neighbours, then moves."""
    nodes = []
    for node in range(len(values)):
        peers = sorted({b for a, b in edges if a == node} | {a for a, b in edges if b == node})
        nodes.append(Flows(node + 1, tuple(peer + 1 for peer in peers), values[node]))
    for _ in range(rounds):
        for flows in nodes:
            for slot, number in enumerate(flows.neighbours):
                peer = nodes[number - 1]
                back = peer.neighbours.index(flows.node)
                edge = (peer.flow_q[back], peer.turn[back], peer.residue[back])
                flows.hear(slot, len(peer.neighbours), peer.estimate_q, *edge)
            for slot in range(len(flows.neighbours)):
                flows.move(slot)
    return [flows.estimate_q for flows in nodes]


WAYS: tuple[tuple[str, Callable[..., list[int]]], ...] = (
    ("node, floor", at_nodes(lambda gap, part: gap // part)),
    ("node, half up", at_nodes(lambda gap, part: (gap + part // 2) // part)),
    ("edge, toward zero", truncated),
    ("edge, residue and turns (ours)", ours),
)


def main() -> None:
    """Print the table."""
    print(f"{'':<31}" + "".join(f"{name:>24}" for name, *_ in GRAPHS))
    print(f"{'':<31}" + f"{'spread':>14}{'drift':>10}" * len(GRAPHS))
    for way, run in WAYS:
        line = f"{way:<31}"
        for name, edges, nodes, rounds in GRAPHS:
            spreads, drifts = [], []
            for i in range(SETS):
                inputs = draws(f"{name}/{i}", nodes, 0, 65535)
                ends = run(list(inputs), edges, rounds)
                spreads.append(max(ends) - min(ends))
                drifts.append((sum(ends) - sum(inputs)) / nodes)
            line += f"{median(spreads):>14}{median(drifts):>10.1f}"
        print(line)


if __name__ == "__main__":
    main()
