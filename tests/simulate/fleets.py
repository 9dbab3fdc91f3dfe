"""Small fleets for the simulated tests: settings of every node of a graph."""

from collections.abc import Iterable
from typing import Any

from quelea.scenarios import Scenario, parse
from quelea_agent.settings import load

# the 8-node, 13-edge graph of CVX's small_example.m (Boyd, ICM 2006), nodes from 1
CVX = tuple(
    (a + 1, b + 1)
    for a, b in (
        (0, 1), (1, 2), (2, 3), (0, 4), (1, 7), (1, 3), (4, 5),
        (4, 6), (2, 6), (3, 7), (5, 6), (6, 7), (1, 6),
    )
)  # fmt: skip
CYCLE_32 = tuple((node, node % 32 + 1) for node in range(1, 33))
HI_Q = 70_000


def complete(nodes: int) -> tuple[tuple[int, int], ...]:
    """Return the edges of the complete graph on 1..nodes."""
    return tuple((a, b) for a in range(1, nodes + 1) for b in range(a + 1, nodes + 1))


def settings_of(edges: Iterable[tuple[int, int]], **given: Any) -> list[Any]:
    """Return a Settings for every node of the graph; given: keys of cfg.json."""
    near: dict[int, list[int]] = {}
    for a, b in edges:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    for others in near.values():
        others.sort()
    out = []
    for number in sorted(near):
        rows = [[other, f"n{other:02d}", near[other].index(number)] for other in near[number]]
        base = {"fleet": "t", "id": f"n{number:02d}", "node": number, "neighbours": rows}
        settings, problem = load({**base, "hi_q": HI_Q, **given})
        assert problem is None, problem
        out.append(settings)
    return out


def scenario_of(text: str) -> Scenario:
    """Return the scenario in a TOML text."""
    return parse(text, "test.toml", "test")
