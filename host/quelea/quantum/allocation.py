"""Figures of search: Grover's curve, and the least loaded of N nodes by Durr and Hoyer."""

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from quelea.fleet.demand import load
from quelea.quantum import figures, search, theory
from quelea.quantum.classical import OwnCoins
from quelea.quantum.figures import Figure
from quelea.quantum.setting import Setting

SIZE = 64  # of Grover's curve: allocations, one of them the best
ROUNDS = (0, 1, 2, 3, 4, 5, 6, 7, 8)
UPSET = 0.05  # chance a round that the register is lost
NODES = (8, 16, 64, 256, 1024)
GAIN_FROM, NO_GAIN_AT = 64, 8
SMALL_TIMES = 5  # as many runs where they are short
SECTION = "allocation"


@cache
def demand() -> NDArray[np.int64]:
    """Return the measured demands that ship with the package, in W, all homes and hours."""
    return np.array(load("homes"), np.int64).ravel()


def costs(nodes: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Return the load of each of `nodes` candidate nodes: homes and hours drawn without return."""
    return random.choice(demand(), size=nodes, replace=False)


def hits(
    rounds: int, upset: float, shots: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return 1 where Grover's search for the one best allocation found it."""
    marked = np.zeros(SIZE, np.bool_)
    marked[int(np.argmin(costs(SIZE, random)))] = True
    return search.grover(marked, rounds, upset, shots, random).astype(float)


def quantum_queries(nodes: int, runs: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return the queries until the least loaded node is held; infinite if the budget ends."""
    seen = []
    for _ in range(runs):
        loads = costs(nodes, random)
        found = search.minimum(loads, random, until_held=True)
        seen.append(found.held if found.item == int(np.argmin(loads)) else np.inf)
    return np.array(seen, float)


def classical_looks(nodes: int, runs: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return the looks until the least loaded node is seen, in a random order."""
    side = OwnCoins(random)
    return np.array([side.minimum(costs(nodes, random)).held for _ in range(runs)], float)


def minimum(setting: Setting, nodes: int) -> Iterator[Figure]:
    """Yield the queries of both searches among so many nodes, and which one needs fewer."""
    worst = []

    def draw(runs: int, random: np.random.Generator) -> NDArray[np.float64]:
        seen = quantum_queries(nodes, runs, random)
        worst.append(float(seen.max()))
        return seen

    ours = figures.mean(
        SECTION, f"Durr-Hoyer, queries until held, N={nodes}", theory.minimum_queries(nodes),
        draw, setting.runs * (SMALL_TIMES if nodes <= GAIN_FROM else 1), setting.seed, "queries",
    ).on("Durr-Hoyer", nodes)  # fmt: skip
    yield ours
    yield figures.exact(
        SECTION, f"most queries of a run, N={nodes}", max(worst), theory.minimum_bound(nodes),
        ours.count, "<=", "queries",
    ).on("most", nodes)  # fmt: skip
    looks = partial(classical_looks, nodes)
    yield figures.mean(
        SECTION, f"classical, looks until seen, N={nodes}", (nodes + 1) / 2, looks,
        5 * setting.runs, setting.seed, "queries",
    ).on("classical", nodes)  # fmt: skip
    if nodes >= GAIN_FROM:
        name = f"a gain at N={nodes}: Durr-Hoyer's upper limit below (N + 1) / 2"
        yield figures.exact(SECTION, name, ours.high, (nodes + 1) / 2, ours.count, "<=", "queries")
    elif nodes == NO_GAIN_AT:
        name = f"no gain at N={nodes}: Durr-Hoyer's lower limit above (N + 1) / 2"
        yield figures.exact(SECTION, name, ours.low, (nodes + 1) / 2, ours.count, ">=", "queries")


def allocation(setting: Setting) -> Iterator[Figure]:
    """Grover's curve without and with noise, then the minimum among 8 to 1024 nodes."""
    for upset in (0.0, UPSET):
        for rounds in ROUNDS:
            name = f"Grover, best of {SIZE}, rounds={rounds}, upset {upset:g}"
            yield figures.probability(
                SECTION, name, theory.grover(SIZE, 1, rounds, upset), partial(hits, rounds, upset),
                setting.shots, setting.seed,
            ).on(f"upset {upset:g}", rounds)  # fmt: skip
    for nodes in NODES:
        yield from minimum(setting, nodes)
