"""Seeded readings: what the sensors of a simulated fleet show, and how it changes."""

import random
from collections.abc import Callable

SHAPES: dict[str, str] = {
    "uniform": "anything in the range",
    "edges": "the two ends of the range only",
    "one-hot": "one node at the top, all others at the bottom",
    "bimodal": "two groups, each within a 20th of the range",
    "equal": "the same everywhere",
    "neighbouring": "two values, 1 q apart",
    "outside": "often beyond the range: the node has to clamp it",
}


def draw(shape: str, nodes: int, lo_q: int, hi_q: int, rng: random.Random) -> list[int]:
    """Return a reading for each of `nodes` nodes; shape: a key of SHAPES."""
    span_q = hi_q - lo_q
    uniform: Callable[[], int] = lambda: rng.randint(lo_q, hi_q)  # noqa: E731
    if shape == "edges":
        return [rng.choice((lo_q, hi_q)) for _ in range(nodes)]
    if shape == "one-hot":
        hot = rng.randrange(nodes)
        return [hi_q if node == hot else lo_q for node in range(nodes)]
    if shape == "bimodal":
        groups = lo_q + span_q // 5, hi_q - span_q // 5
        return [rng.choice(groups) + rng.randint(0, span_q // 20) for _ in range(nodes)]
    if shape == "equal":
        return [uniform()] * nodes
    if shape == "neighbouring":
        base_q = rng.randint(lo_q, hi_q - 1)
        return [base_q + rng.randrange(2) for _ in range(nodes)]
    if shape == "outside":
        return [rng.randint(lo_q - span_q, hi_q + span_q) for _ in range(nodes)]
    return [uniform() for _ in range(nodes)]
