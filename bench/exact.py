"""Rows on exact mode: as many rounds as it takes, and not a unit lost."""

import time

import numpy as np
from quelea import kernels
from quelea.kernels import _core

from bench.gathered import must_equal
from bench.measure import Row, cpu

AGENTS, RANGE = 1_000_000, 65_536
LOG = 20
DRIFT_AGENT_ROUNDS = 1_000_000_000


def sum_rows() -> list[Row]:
    """2^20 agents, 20 one-peer exponential rounds, the exact sum at each."""
    values = np.random.default_rng(21).integers(-(1 << 22), 1 << 22, 1 << LOG)
    must_equal(kernels.exponential_sums(values), np.full(1 << LOG, values.sum()), "sums")
    want = values + np.roll(values, -1)
    must_equal(kernels.exponential_sums(values, 2), want + np.roll(want, -2), "two rounds")
    state = values.astype(np.int64)
    half = np.ones(2 << LOG, np.int64)
    copy = np.empty_like(half)

    def in_numpy() -> None:
        now = values.astype(np.int64)
        for log in range(LOG):
            now = now + np.roll(now, -(1 << log))

    ours_s, copy_s = cpu(
        [lambda: _core.exponential(state, LOG, LOG, 1), lambda: np.copyto(copy, half)], 15
    )
    numpy_s = cpu([in_numpy], 3)[0]
    name = "2^20 agents, exact sum in 20 rounds"
    return [
        Row(name, ours_s, "10 ms", 10e-3, ours_s * 1e3, "ms", 10, True),
        Row(name, ours_s, "numpy roll + add", numpy_s, numpy_s / ours_s),
        Row(name, ours_s, "memcpy of two states", copy_s, ours_s / copy_s, "x its time"),
    ]


def average_rows(table: kernels.Table) -> list[Row]:
    """A million agents from a 16-bit range to 1 q, along the edges of a random 8-regular graph."""
    made_s = time.perf_counter()
    matchings = kernels.Matchings(table.edges(), AGENTS)
    made_s = time.perf_counter() - made_s
    rows = []
    for guard_bits in (4, 0):
        values = np.random.default_rng(22).integers(0, RANGE, AGENTS)
        took: list[float] = []
        for _ in range(3):
            run = kernels.Averaging(matchings, values, guard_bits)
            total, start = run.total, time.thread_time()
            done = run.run_until(1 if guard_bits == 0 else 1 << (guard_bits - 1), 4000)
            took.append(time.thread_time() - start)
        estimates = run.estimates_q
        apart = int(estimates.max()) - int(estimates.min())
        assert done and run.total == total == int(values.sum()) << guard_bits and apart <= 1
        name = f"1e6 agents to <= 1 q, {guard_bits} guard bits, {run.rounds} matchings"
        rows.append(
            Row(
                name,
                min(took),
                "0.5 s",
                0.5,
                min(took),
                "s",
                0.5,
                True,
                f"sum exact; matchings made in {made_s:.2f} s, once",
            )
        )
    run = kernels.Averaging(matchings, values, 0)
    total, done_rounds = run.total, 0
    sweep = 2 * matchings.pairs.shape[0]
    start = time.thread_time()
    while done_rounds < DRIFT_AGENT_ROUNDS:
        run.run(len(matchings))
        done_rounds += sweep
    drift_s = time.thread_time() - start
    drift = abs(run.total - total)
    rows.append(
        Row(f"drift over {done_rounds:.3g} agent-rounds", drift_s, "", 0, drift, "q", 0, True)
    )
    return rows


def momentum_rows() -> list[Row]:
    """Where news travels slowly, momentum saves rounds; first order is followed for as long."""
    graph = kernels.Circulant.ring(2000, 4)
    values = np.random.default_rng(23).integers(0, RANGE, 2000)
    rounds: list[int] = []
    seconds: list[float] = []
    for momentum in (None, 0.0):
        run = kernels.Momentum(graph, values, guard_bits=8, momentum=momentum)
        total, start = run.total, time.thread_time()
        while run.spread_units > 1 << 8 and run.rounds < 500_000:
            run.run(250)
        seconds.append(time.thread_time() - start)
        assert run.total == total
        rounds.append(run.rounds)
    name = f"ring of 2000, momentum: {rounds[0]} rounds to 1 q"
    peer = f"first order, {rounds[1]} rounds"
    return [Row(name, seconds[0], peer, seconds[1], rounds[1] / rounds[0], "x fewer rounds")]
