"""Averages and sums that lose no unit: one-peer exponential rounds, and matchings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import Q_MAX

from quelea.errors import UserError
from quelea.kernels import _core
from quelea.kernels.columns import check_threads

SUM_AGENTS_LOG_MAX = 30  # 2^30 agents of 2^23 stay far below 2^63
MATCHINGS_MAX = 256
STATE_BITS = 30  # a pair's sum fits 32 bits signed


def exponential_sums(
    values_q: NDArray[np.integer], rounds: int | None = None, *, threads: int = 1
) -> NDArray[np.int64]:
    """Return what each of 2^m agents holds after some one-peer exponential rounds (all: m).

    In round t = 0, 1, ... agent i adds what agent i + 2^t, modulo 2^m, held before the round.
    After m rounds every agent holds the sum of all values, exactly.
    """
    check_threads(threads)
    count = values_q.size
    log = max(count.bit_length() - 1, 0)
    if values_q.ndim != 1 or count != 1 << log or log > SUM_AGENTS_LOG_MAX:
        raise UserError(
            f"values_q of shape {values_q.shape}", "values_q", "one dimension of 2^m agents"
        )
    rounds = log if rounds is None else rounds
    if not 0 <= rounds <= log:
        raise UserError(f"{rounds} rounds", "rounds", f"0..{log} for {count} agents")
    sums = np.array(values_q, np.int64)
    _core.exponential(sums, log, rounds, threads)
    return sums


class Matchings:
    """The edges of a graph in groups that touch no agent twice, so that pairs can meet at once.

    edges: (count, 2) numbers 0..agents-1, no loops, each edge once. Greedy: at most twice the
    largest degree less one groups; 10 or 11 for random 8-regular graphs.
    """

    def __init__(self, edges: NDArray[np.integer], agents: int) -> None:
        if edges.ndim != 2 or edges.shape[1] != 2 or not edges.size:
            raise UserError(f"edges of shape {edges.shape}", "edges", "(1 or more, 2)")
        if int(edges.min()) < 0 or int(edges.max()) >= agents:
            raise UserError(f"edges to agent {edges.max()}", "edges", f"0..{agents - 1}")
        if bool((edges[:, 0] == edges[:, 1]).any()):
            raise UserError("an edge from an agent to itself", "edges", "two different ends")
        self.agents = agents
        self.pairs: NDArray[np.uint32] = np.empty(edges.shape, np.uint32)
        first = np.zeros(MATCHINGS_MAX + 1, np.int64)
        ends = np.ascontiguousarray(edges, dtype=np.uint32)
        count = _core.make_matchings(ends, agents, self.pairs, first)
        if not count:
            raise UserError("more than 256 matchings", "edges", "degrees of at most 128")
        self.first: NDArray[np.int64] = first[: count + 1].copy()

    def __len__(self) -> int:
        return self.first.size - 1


@dataclass
class Averaging:
    """Exact averaging: in each round the pairs of one matching share their sum in two halves.

    values_q: |q| < 2^23. guard_bits g: agents hold units of 2^-g q, the fraction being part of the
    state; with enough of them the values end within a fraction of 1 q of the mean whatever its
    own fraction, while without (g = 0) the last odd units must meet by chance. `total` never
    changes. |q| * 2^g < 2^30.
    """

    matchings: Matchings
    values_q: NDArray[np.integer]
    guard_bits: int = 0
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        check_threads(self.threads)
        if self.values_q.shape != (self.matchings.agents,):
            raise UserError(
                f"values_q of shape {self.values_q.shape}",
                "values_q",
                f"({self.matchings.agents},)",
            )
        largest = max(abs(int(self.values_q.max())), abs(int(self.values_q.min())))
        if largest > Q_MAX or not 0 <= self.guard_bits < STATE_BITS:
            raise UserError(f"a value of {largest}", "values_q", f"|q| <= {Q_MAX}")
        if largest << self.guard_bits >= 1 << STATE_BITS:
            raise UserError(
                f"{self.guard_bits} guard bits for values up to {largest}",
                "guard_bits",
                "|q| * 2^g < 2^30",
            )
        self.state: NDArray[np.int32] = self.values_q.astype(np.int32) << np.int32(self.guard_bits)
        self.rounds = 0

    def run(self, rounds: int) -> None:
        """Go through so many matchings, from where the last run ended."""
        _core.run_matchings(
            self.matchings.pairs,
            self.matchings.first,
            self.state,
            self.rounds,
            rounds,
            self.seed,
            self.threads,
        )
        self.rounds += rounds

    def run_until(self, spread_units: int, rounds_max: int) -> bool:
        """Run whole sweeps of all matchings until the spread is small; False at rounds_max."""
        while self.spread_units > spread_units:
            if self.rounds >= rounds_max:
                return False
            self.run(min(len(self.matchings), rounds_max - self.rounds))
        return True

    @property
    def spread_units(self) -> int:
        """Largest less smallest state, in units of 2^-g q."""
        return int(self.state.max()) - int(self.state.min())

    @property
    def total(self) -> int:
        """The exact sum of all states, in units of 2^-g q: 2^g times that of the inputs."""
        return int(self.state.sum(dtype=np.int64))

    @property
    def estimates_q(self) -> NDArray[np.int32]:
        """The states rounded half up to whole q."""
        if not self.guard_bits:
            return self.state.copy()
        half = np.int32(1 << (self.guard_bits - 1))
        return np.asarray((self.state + half) >> np.int32(self.guard_bits), np.int32)
