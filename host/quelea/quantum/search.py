"""Finding one of many: Grover's rounds on a state vector, and the minimum by Durr and Hoyer.

A query is one use of the oracle "is this cost below the threshold?", in superposition or for one
item. The oracle here looks every cost up, so a query is no saving of time on any computer of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.quantum.state import QUBITS_MAX
from quelea.quantum.theory import GROWTH, minimum_bound

ITEMS_MAX = 1 << QUBITS_MAX
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """What a minimum search came to. held: queries when the answer was first the threshold."""

    item: int
    held: int
    queries: int


def after(marked: Bools, rounds: int) -> NDArray[np.float64]:
    """Return the amplitudes, all real, of an equal superposition after Grover rounds."""
    size = len(marked)
    if not 2 <= size <= ITEMS_MAX:
        raise UserError(f"{size} items", "", f"2 to {ITEMS_MAX}, which {QUBITS_MAX} qubits hold")
    amplitudes = np.full(size, size**-0.5)
    for _ in range(rounds):
        np.negative(amplitudes, where=marked, out=amplitudes)
        np.subtract(2 * amplitudes.mean(), amplitudes, out=amplitudes)
    return amplitudes


def sample(
    amplitudes: NDArray[np.float64], random: np.random.Generator, shots: int = 1
) -> NDArray[np.int64]:
    """Measure; return item numbers."""
    cumulated = np.cumsum(amplitudes**2)
    drawn = np.searchsorted(cumulated, random.random(shots) * cumulated[-1], side="right")
    items: NDArray[np.int64] = np.minimum(drawn, len(amplitudes) - 1)
    return items


def grover(
    marked: Bools, rounds: int, upset: float, shots: int, random: np.random.Generator
) -> Bools:
    """Return for each shot whether a marked item was measured.

    upset: the chance a round that the whole register becomes mixed, as it then stays.
    """
    items = sample(after(marked, rounds), random, shots)
    mixed = random.random(shots) >= (1 - upset) ** rounds
    items = np.where(mixed, random.integers(len(marked), size=shots), items)
    hits: Bools = marked[items]
    return hits


def minimum(
    costs: NDArray[np.int64], random: np.random.Generator, until_held: bool = False
) -> Found:
    """Find the cheapest item; of equal ones, the first.

    It cannot know that it has found it, so it spends Durr and Hoyer's budget; until_held: stop as
    soon as the true minimum is held, for measuring.
    """
    ranks = np.empty(len(costs), np.int64)
    ranks[np.argsort(costs, kind="stable")] = np.arange(len(costs))
    budget = minimum_bound(len(costs))
    best = int(random.integers(len(costs)))
    queries = held = 1
    width = 1.0
    while queries < budget and not (until_held and ranks[best] == 0):
        rounds = int(random.integers(int(np.ceil(width))))
        item = int(sample(after(ranks < ranks[best], rounds), random)[0])
        queries += rounds + 1
        if ranks[item] < ranks[best]:
            best, held, width = item, queries, 1.0
        else:
            width = min(GROWTH * width, len(costs) ** 0.5)
    return Found(best, held, queries)
