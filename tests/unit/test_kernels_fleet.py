"""Whole rounds of fleets against the rules applied agent by agent, by every way in the code."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from quelea import kernels
from quelea.errors import UserError
from quelea.kernels import _core
from quelea_proto.limits import Q_MAX
from quelea_proto.rules import RULES, find

NAMES = tuple(row[0] for row in RULES)
HERE = tuple(name for name in kernels.ISAS if _core.available(name))
Ints = NDArray[np.int64]


@pytest.fixture(params=HERE)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    _core.use(request.param)
    yield request.param
    _core.use(kernels.ISA)


def moved(table: NDArray[np.uint32], values: Ints, name: str, faults: int, rounds: int) -> Ints:
    apply, degree = find(name)[1], table.shape[1]
    heard = table.tolist()
    now = values.tolist()
    for _ in range(rounds):
        now = [
            apply(q, [*(now[j] for j in heard[i]), 0], degree, faults) for i, q in enumerate(now)
        ]
    return np.array(now)


def halves(draw: np.random.Generator, agents: int) -> NDArray[np.int32]:
    return draw.integers(-32768, 32768, agents, dtype=np.int32)


@pytest.mark.parametrize("is_tiled", [False, True])
def test_tables(isa: str, is_tiled: bool, seed: int) -> None:
    draw = np.random.default_rng(seed)
    for agents, degree, name in ((40, 8, "wmsr"), (300, 4, "midpoint"), (1200, 8, "trimmed-mean")):
        table = kernels.Table(kernels.random_regular(agents, degree, seed).neighbours, is_tiled)
        start = halves(draw, agents)
        want = moved(table.neighbours, start, name, (degree - 1) // 3, 3)
        for kind in (np.int32, np.int16):
            for threads in (1, 2):
                fleet = kernels.Fleet(
                    table, start.astype(kind), name, (degree - 1) // 3, threads=threads
                )
                fleet.run(1)
                fleet.run(2)
                assert fleet.rounds == 3 and fleet.values_q.dtype == kind
                assert (fleet.values_q == want).all(), (agents, kind, threads)


@pytest.mark.parametrize("name", NAMES)
def test_a_state_kept_in_16_bits_is_the_same_state(isa: str, name: str, seed: int) -> None:
    """Too wide at first, narrow after some rounds, wide again by what an adversary says."""
    draw = np.random.default_rng(seed)
    agents, faults = 600, 2
    neighbours = kernels.random_regular(agents, 8, seed).neighbours
    start = draw.integers(-48_000, 48_000, agents, dtype=np.int32) + 5_000_000
    held = np.array([3, 77])
    ours, plain = (
        kernels.Fleet(kernels.Table(neighbours, is_tiled), start, name, faults, held=held)
        for is_tiled in (True, False)
    )
    widths = []
    for rounds in (1, 30, 1, 5):
        for fleet in (ours, plain):
            fleet.run(rounds)
        widths.append(ours._now.itemsize)
        assert (ours.values_q == plain.values_q).all(), (rounds, widths)
        if rounds == 30:
            for fleet in (ours, plain):
                fleet.set(held, [Q_MAX, -Q_MAX])
    assert widths[0] == 4 and plain._now.itemsize == 4
    for value in (0, 65_535, 65_536):
        ours.values_q = np.where(start > 5_000_000, value, 0).astype(np.int32)
        ours.run(1)
        assert ours._now.itemsize == (2 if value < 65_536 else 4)


def test_tiles_of_a_large_fleet_equal_direct_gathering(seed: int) -> None:
    """Several zones, tiles and blocks, the last of each not full."""
    draw = np.random.default_rng(seed)
    for agents, degree in ((300_001, 8), (70_000, 30)):
        neighbours = draw.integers(0, agents, (agents, degree))
        start = halves(draw, agents)
        found = []
        for kind in (np.int16, np.int32):
            for is_tiled in (True, False):
                table = kernels.Table(neighbours, is_tiled)
                fleet = kernels.Fleet(table, start.astype(kind), "trimmed-mean", 2, threads=2)
                fleet.run(2)
                found.append(fleet.values_q.astype(np.int32))
        assert all((other == found[0]).all() for other in found[1:])
        some = draw.integers(0, agents, 50)
        apply = find("trimmed-mean")[1]
        fleet = kernels.Fleet(kernels.Table(neighbours), start, "trimmed-mean", 2)
        fleet.run(1)
        after = fleet.values_q
        for i in some.tolist():
            heard = [int(start[j]) for j in neighbours[i]]
            assert after[i] == apply(int(start[i]), [*heard, 0], degree, 2)


def test_circulants(isa: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    for agents in (11, 40, 333, 2304):
        half = draw.permutation(np.arange(1, (agents - 1) // 2 + 1))[:3].tolist()
        graph = kernels.Circulant(agents, [*half, *(-offset for offset in half)])
        start = halves(draw, agents)
        for name in NAMES:
            want = moved(graph.table().neighbours, start, name, 1, 2)
            for kind in (np.int32, np.int16):
                fleet = kernels.Fleet(graph, start.astype(kind), name, 1, threads=2)
                fleet.run(2)
                assert (fleet.values_q == want).all(), (agents, half, name, kind)


def test_rings_many_rounds_at_once(isa: str, seed: int) -> None:
    """Stripes and several rounds at a time give what single rounds on a table give."""
    draw = np.random.default_rng(seed)
    agents = 16 * 1100  # more than a tile of rows, and not a multiple of it
    for reach in range(1, 9):
        graph = kernels.Circulant.ring(agents, reach)
        table = graph.table()
        start = draw.integers(-Q_MAX, Q_MAX + 1, agents, dtype=np.int32)
        for name in ("trimmed-mean", "wmsr"):
            faults = int(draw.integers(0, reach + 1))
            ring = kernels.Fleet(graph, start, name, faults)
            plain = kernels.Fleet(table, start, name, faults)
            for rounds in (1, 37):
                ring.run(rounds)
                plain.run(rounds)
                assert (ring.values_q == plain.values_q).all(), (reach, name, faults)


def test_seeds_as_lanes(isa: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    table = kernels.random_regular(500, 8, seed)
    starts = draw.integers(-Q_MAX, Q_MAX + 1, (500, 32), dtype=np.int32)
    fleet = kernels.Fleet(table, starts, "wmsr", 2, threads=2)
    fleet.run(5)
    for lane in (0, 17, 31):
        single = kernels.Fleet(table, starts[:, lane].copy(), "wmsr", 2)
        single.run(5)
        assert (fleet.values_q[:, lane] == single.values_q).all()


def test_the_held_keep_their_value_and_others_hear_it(seed: int) -> None:
    draw = np.random.default_rng(seed)
    agents = 16 * 256
    ring = kernels.Circulant.ring(agents, 4)
    held = draw.choice(agents, 9, replace=False)
    start = halves(draw, agents)
    start[held] = 32767
    now = start.astype(np.int64)
    for _ in range(4):
        after = moved(ring.table().neighbours, now, "trimmed-mean", 2, 1)
        after[held] = start[held]
        now = after
    for graph, kind in ((ring, np.int32), (ring, np.int16), (ring.table(), np.int32)):
        fleet = kernels.Fleet(graph, start.astype(kind), "trimmed-mean", 2, held=held, threads=2)
        fleet.run(4)
        assert (fleet.values_q == now).all()
        fleet.set(held[:2], np.array([5, -6]))
        assert fleet.values_q[held[:2]].tolist() == [5, -6]


def test_liars_within_f_leave_everyone_in_the_honest_hull(seed: int) -> None:
    """And the ring agrees; with plain averaging the liars take all with them."""
    draw = np.random.default_rng(seed)
    agents = 16 * 512
    graph = kernels.Circulant.ring(agents, 4)
    liars = np.arange(0, agents - 5, 5)  # two at most among any eight neighbours, also at the seam
    start = draw.integers(1000, 2001, agents, dtype=np.int32)
    start[liars] = Q_MAX
    honest = np.setdiff1d(np.arange(agents), liars)
    fleet = kernels.Fleet(graph, start, "trimmed-mean", 2, held=liars)
    fleet.run(200)
    low, high = start[honest].min(), start[honest].max()
    assert low <= fleet.values_q[honest].min() and fleet.values_q[honest].max() <= high
    naive = kernels.Fleet(graph, start, "mean", 0, held=liars)
    naive.run(200)
    assert naive.values_q[honest].min() > high


def test_too_few_neighbours_hold() -> None:
    start = np.arange(40, dtype=np.int32)
    fleet = kernels.Fleet(kernels.Circulant.ring(40, 1), start, "trimmed-mean", 1)
    fleet.run(10)
    assert (fleet.values_q == start).all() and fleet.rounds == 10


def test_random_regular_is_simple_and_mutual(seed: int) -> None:
    for agents, degree in ((30, 8), (5000, 6)):
        table = kernels.random_regular(agents, degree, seed).neighbours.astype(np.int64)
        ordered = np.sort(table, axis=1)
        assert (ordered[:, 1:] != ordered[:, :-1]).all()
        assert (table != np.arange(agents)[:, None]).all()
        ends = np.repeat(np.arange(agents), degree)
        there = np.sort(ends * agents + table.ravel())
        back = np.sort(table.ravel() * agents + ends)
        assert (there == back).all()


@pytest.mark.parametrize(
    "graph, values, options",
    [
        ("ring", np.zeros(41, np.int32), {}),
        ("ring", np.zeros(40, np.int64), {}),
        ("ring", np.zeros((40, 16), np.int32), {}),
        ("table", np.zeros((40, 15), np.int32), {}),
        ("table", np.zeros((40, 16), np.int16), {}),
        ("ring", np.full(40, Q_MAX + 1, np.int32), {}),
        ("ring", np.zeros(40, np.int32), {"held": [40]}),
        ("ring", np.zeros(40, np.int32), {"threads": 0}),
        ("ring", np.zeros(40, np.int32), {"faults_max": -1}),
        ("ring", np.zeros(40, np.int32), {"rule": "krum"}),
    ],
)
def test_fleets_refuse(graph: str, values: NDArray[np.int32], options: dict[str, object]) -> None:
    ring = kernels.Circulant.ring(40, 4)
    with pytest.raises(UserError):
        kernels.Fleet(ring if graph == "ring" else ring.table(), values, **options)  # type: ignore


def test_graphs_refuse() -> None:
    for neighbours in (np.zeros(4, int), np.full((4, 2), 4), np.full((4, 2), -1)):
        with pytest.raises(UserError):
            kernels.Table(neighbours)
    for agents, offsets in ((10, [0]), (10, [3, 13]), (1, [1]), (10, [])):
        with pytest.raises(UserError):
            kernels.Circulant(agents, offsets)
    for agents, degree in ((40, 3), (40, 20), (40, 0)):
        with pytest.raises(UserError):
            kernels.random_regular(agents, degree, 1)
    with pytest.raises(UserError):
        kernels.Fleet(kernels.Circulant.ring(40, 2), np.zeros(40, np.int32)).run(-1)
