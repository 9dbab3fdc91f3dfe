"""Rows on whole rounds: a million agents that hear eight others each."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea import kernels

from bench.gathered import half_up, must_equal
from bench.measure import Row, cpu, wall

AGENTS, DEGREE, FAULTS = 1_000_000, 8, 2
LANES_AGENTS, LANES = 65_536, 16
Ints = NDArray[np.int32]
Graph = kernels.Table | kernels.Circulant


def numpy_round(neighbours: NDArray[np.uint32], now: Ints) -> Ints:
    """One trimmed-mean round as numpy users write it."""
    heard = np.sort(np.vstack([now[None], now[neighbours.T]]), axis=0)
    kept = heard[FAULTS : DEGREE + 1 - FAULTS]
    total = kept.sum(axis=0, dtype=np.int32) + len(kept) // 2
    return np.asarray(total // np.int32(len(kept)), np.int32)


def start_values(agents: int = AGENTS) -> Ints:
    return np.random.default_rng(11).integers(-32768, 32768, agents, dtype=np.int32)


def _runner(fleet: kernels.Fleet, rounds: int) -> Callable[[], None]:
    return lambda: fleet.run(rounds)


def _row(
    name: str, seconds: float, agents: int, least: float | None, peer: str, peer_s: float
) -> Row:
    speed = agents / seconds / 1e6
    return Row(name, seconds, peer, peer_s, speed, "M agent-rounds/s", least)


def random_rows(table: kernels.Table) -> list[Row]:
    """A random 8-regular graph: gathering is all, so it is what the rule is compared with."""
    start = start_values()
    halves = start.astype(np.int16)
    far, held = start * np.int32(128), np.array([0, 1])  # held: the spread stays what it is
    far[held] = -(1 << 22), 1 << 22
    wants = [numpy_round(table.neighbours, values) for values in (start, far)]
    wants[1][held] = far[held]

    def pair(values: NDArray[Any], want: Ints, keep: Ints, what: str) -> list[kernels.Fleet]:
        fleet = kernels.Fleet(table, values, "trimmed-mean", FAULTS, held=keep)
        fleet.run(1)
        must_equal(fleet.values_q, want, what)
        return [fleet, kernels.Fleet(table, values, "mean", held=keep)]

    none = held[:0]
    name = "random 8-regular, 1e6 agents"
    fleets = [
        *pair(halves, wants[0], none, name),
        *pair(start, wants[0], none, f"{name}, 32 bits"),
        *pair(far, wants[1], held, f"{name}, 32 bits, wide"),
        kernels.Fleet(kernels.Table(table.neighbours, is_tiled=False), halves, "mean"),
    ]
    took = [seconds / 2 for seconds in cpu([_runner(one, 2) for one in fleets], 40)]
    ours_s, sum_s, near_s, near_sum_s, far_s, far_sum_s, direct_s = took
    numpy_s = cpu([lambda: numpy_round(table.neighbours, start)], 2)[0]
    same = "gather and sum, same tiles"
    near, wide = f"{name}, 32-bit state", f"{name}, 32-bit state, spread 2^23"
    peer = "numpy gather + sort"
    return [
        _row(name, ours_s, AGENTS, 140, peer, numpy_s),
        Row(name, ours_s, same, sum_s, ours_s / sum_s, "x its time", 1.15, True),
        Row(name, ours_s, "gather and sum, no tiles", direct_s, ours_s / direct_s, "x its time"),
        _row(near, near_s, AGENTS, 140, peer, numpy_s),
        Row(near, near_s, same, near_sum_s, near_s / near_sum_s, "x its time", 1.15, True),
        _row(wide, far_s, AGENTS, None, peer, numpy_s),
        Row(wide, far_s, same, far_sum_s, far_s / far_sum_s, "x its time", 1.15, True),
    ]


def implicit_rows(table: kernels.Table) -> list[Row]:
    """Graphs without a table: a circulant of random offsets, and the ring lattice."""
    del table
    draw = np.random.default_rng(12)
    half = draw.choice(AGENTS // 2 - 1, DEGREE // 2, replace=False) + 1
    cases: tuple[tuple[str, Graph, float, int], ...] = (
        ("circulant, 4 random offsets +-", kernels.Circulant(AGENTS, [*half, *-half]), 1000, 4),
        ("ring lattice of degree 8", kernels.Circulant.ring(AGENTS, DEGREE // 2), 2000, 16),
    )
    rows = []
    for name, graph, least, rounds in cases:
        assert isinstance(graph, kernels.Circulant)
        start = start_values()
        kinds = (np.int32, np.int16) if rounds == 4 else (np.int32,)
        fleets = [
            kernels.Fleet(graph, start.astype(kind), "trimmed-mean", FAULTS) for kind in kinds
        ]
        want = numpy_round(graph.table().neighbours, start)
        for fleet in fleets:
            fleet.run(1)
            must_equal(fleet.values_q, want, name)
        plain = kernels.Fleet(graph, start, "mean")
        works = [*(_runner(fleet, rounds) for fleet in fleets), _runner(plain, rounds)]
        *ours_s, sum_s = (took / rounds for took in cpu(works, 12))
        rows.append(_row(name, min(ours_s), AGENTS, least, "plain sum, the same way", sum_s))
    return rows


def lane_rows(table: kernels.Table) -> list[Row]:
    """Sixteen seeds of a fleet side by side."""
    del table
    small = kernels.random_regular(LANES_AGENTS, DEGREE, 13)
    draw = np.random.default_rng(14)
    starts = draw.integers(-32768, 32768, (LANES_AGENTS, LANES), dtype=np.int32)
    fleet = kernels.Fleet(small, starts, "trimmed-mean", FAULTS)
    fleet.run(1)
    must_equal(fleet.values_q[:, 5], numpy_round(small.neighbours, starts[:, 5]), "lanes")
    one = kernels.Fleet(small, starts[:, 5].copy(), "trimmed-mean", FAULTS)
    ours_s, one_s = (took / 8 for took in cpu([_runner(fleet, 8), _runner(one, 8)], 12))
    size = LANES_AGENTS * LANES
    name = "16 seeds as lanes, 65,536 agents"
    return [_row(name, ours_s, size, 600, "16 runs one by one", one_s * LANES)]


def thread_rows(table: kernels.Table) -> list[Row]:
    """What a second thread brings, by the clock on the wall; nothing is promised."""
    start = start_values()
    ring = kernels.Circulant.ring(AGENTS, DEGREE // 2)
    values = np.random.default_rng(15).integers(-(1 << 22), 1 << 22, (16, AGENTS), np.int32)
    out = np.empty(AGENTS, np.int32)
    cases: list[tuple[str, Callable[[int], Callable[[], None]]]] = []

    def fleet_case(graph: Graph, kind: type, rounds: int) -> Callable[[int], Callable[[], None]]:
        return lambda threads: _runner(
            kernels.Fleet(graph, start.astype(kind), "trimmed-mean", FAULTS, threads=threads),
            rounds,
        )

    def columns_case(threads: int) -> Callable[[], None]:
        def work() -> None:
            kernels.columns("trimmed-mean", None, values, 4, out=out, threads=threads)

        return work

    cases.append(("columns 1e6 x 16", columns_case))
    cases.append(("random 8-regular", fleet_case(table, np.int16, 2)))
    cases.append(("ring lattice", fleet_case(ring, np.int32, 16)))
    rows = []
    for name, make in cases:
        one_s, two_s = wall([make(1), make(2)], 12)
        rows.append(Row(f"{name} on 2 threads", two_s, "1 thread", one_s, one_s / two_s))
    return rows


def check_half_up() -> None:
    """The rounding of the numpy round is the protocol's."""
    must_equal(half_up(np.array([-1.5, -0.5, 0.5])), np.array([-1, 0, 1]), "half up")
