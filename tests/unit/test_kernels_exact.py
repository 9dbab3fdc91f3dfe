"""Exact averages and sums: not a unit lost, and as many rounds as promised."""

import numpy as np
import pytest
from quelea import kernels
from quelea.errors import UserError
from quelea_proto.limits import Q_MAX


def test_one_peer_exponential_round_by_round() -> None:
    values = np.array([3, 1, 4, 1, 5, 9, 2, 6])
    assert kernels.exponential_sums(values, 0).tolist() == values.tolist()
    assert kernels.exponential_sums(values, 1).tolist() == [4, 5, 5, 6, 14, 11, 8, 9]
    assert kernels.exponential_sums(values, 2).tolist() == [9, 11, 19, 17, 22, 20, 12, 14]
    assert kernels.exponential_sums(values).tolist() == [31] * 8


@pytest.mark.parametrize("log", [0, 1, 4, 8, 9, 10, 11, 13])
def test_exponential_equals_its_definition(log: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(-Q_MAX, Q_MAX + 1, 1 << log)
    want = values.astype(np.int64)
    for rounds in range(log + 1):
        for threads in (1, 2):
            found = kernels.exponential_sums(values, rounds, threads=threads)
            assert (found == want).all(), (rounds, threads)
        want = want + np.roll(want, -(1 << rounds))


def test_a_million_agents_hold_the_exact_sum() -> None:
    values = np.full(1 << 20, Q_MAX)
    assert (kernels.exponential_sums(values) == Q_MAX << 20).all()


def test_exponential_refuses() -> None:
    for values, rounds in (
        (np.zeros(6, int), None),
        (np.zeros((2, 2), int), None),
        (np.zeros(8, int), 4),
        (np.zeros(8, int), -1),
    ):
        with pytest.raises(UserError):
            kernels.exponential_sums(values, rounds)


def test_matchings_are_matchings_and_hold_every_edge_once(seed: int) -> None:
    table = kernels.random_regular(3000, 8, seed)
    edges = table.edges()
    made = kernels.Matchings(edges, 3000)
    assert 8 <= len(made) <= 15
    for first, last in zip(made.first[:-1], made.first[1:]):
        ends = made.pairs[first:last].ravel()
        assert np.unique(ends).size == ends.size
    assert sorted(map(tuple, made.pairs.tolist())) == sorted(map(tuple, edges.tolist()))


def test_exchange_is_a_shared_sum(seed: int) -> None:
    """One round moves every pair of one matching to the two halves of its sum, and no one else."""
    table = kernels.random_regular(2000, 6, seed)
    made = kernels.Matchings(table.edges(), 2000)
    values = np.random.default_rng(seed).integers(-Q_MAX, Q_MAX + 1, 2000)
    averaging = kernels.Averaging(made, values, seed=seed)
    for number in range(2 * len(made)):
        before = averaging.state.astype(np.int64)
        averaging.run(1)
        after = averaging.state.astype(np.int64)
        one = number % len(made)
        pairs = made.pairs[made.first[one] : made.first[one + 1]]
        a, b = pairs[:, 0], pairs[:, 1]
        assert (after[a] + after[b] == before[a] + before[b]).all()
        assert (np.abs(after[a] - after[b]) <= 1).all()
        others = np.setdiff1d(np.arange(2000), pairs.ravel())
        assert (after[others] == before[others]).all()


def test_the_spare_unit_goes_either_way(seed: int) -> None:
    edges = np.arange(20_000).reshape(-1, 2)
    averaging = kernels.Averaging(
        kernels.Matchings(edges, 20_000), np.arange(20_000) % 2, seed=seed
    )
    averaging.run(1)
    given = int(averaging.state[0::2].sum())
    assert 4500 < given < 5500  # of 10,000 coins


@pytest.mark.parametrize("guard_bits", [0, 8])
def test_averaging_ends_within_one_unit_and_loses_none(guard_bits: int, seed: int) -> None:
    agents = 20_000
    made = kernels.Matchings(kernels.random_regular(agents, 8, seed).edges(), agents)
    values = np.random.default_rng(seed).integers(0, 65536, agents)
    values[0] += (agents // 2 - int(values.sum())) % agents  # a mean of n + 1/2: neither end rare
    results = []
    for threads in (1, 2):
        averaging = kernels.Averaging(made, values, guard_bits, seed, threads)
        total = averaging.total
        assert total == int(values.sum()) << guard_bits
        assert averaging.run_until(1 << guard_bits, 3000)
        assert averaging.total == total
        estimates = averaging.estimates_q
        assert int(estimates.max()) - int(estimates.min()) <= 1
        assert np.abs(estimates - values.mean()).max() <= 1
        results.append(averaging.state)
    assert (results[0] == results[1]).all()


def test_averaging_refuses() -> None:
    made = kernels.Matchings(np.array([[0, 1], [1, 2]]), 3)
    for values, guard_bits in (
        (np.zeros(4, int), 0),
        (np.full(3, Q_MAX + 1), 0),
        (np.full(3, Q_MAX), 8),
        (np.zeros(3, int), -1),
    ):
        with pytest.raises(UserError):
            kernels.Averaging(made, values, guard_bits)
    for edges in (np.zeros((0, 2), int), np.array([[0, 3]]), np.array([[1, 1]]), np.zeros(2, int)):
        with pytest.raises(UserError):
            kernels.Matchings(edges, 3)


def test_momentum_needs_far_fewer_rounds_and_loses_no_unit(seed: int) -> None:
    graph = kernels.Circulant.ring(1000, 4)
    values = np.random.default_rng(seed).integers(0, 65536, 1000)
    rounds = []
    for momentum in (None, 0.0):
        run = kernels.Momentum(graph, values, guard_bits=12, momentum=momentum)
        total = run.total
        assert total == int(values.sum()) << 12
        while run.spread_units > 1 << 12 and run.rounds < 20_000:
            run.run(100)
        assert run.total == total
        rounds.append(run.rounds)
    assert rounds[0] <= 1500 and rounds[1] == 20_000


def test_momentum_refuses() -> None:
    for graph, options in (
        (kernels.Circulant(10, [1, 2]), {}),
        (kernels.Circulant(10, [5]), {}),
        (kernels.Circulant.ring(10, 1), {"momentum": 1.0}),
        (kernels.Circulant.ring(10, 1), {"guard_bits": 30}),
    ):
        with pytest.raises(UserError):
            kernels.Momentum(graph, np.ones(10, int), **options)  # type: ignore[arg-type]
