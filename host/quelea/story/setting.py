"""S50: the instance of a seed, drawn as it is defined, and the best that anybody could do.

50 agents, 8 servers of 900 units in all; demands lognormal (median 14, sigma 0.5), clipped to
2 .. 60, scaled to rho * 900 and rounded to whole units, which cannot be split; each agent may use
4 servers, drawn without replacement in proportion to capacity; a random 4-regular graph.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from quelea.errors import UserError
from quelea.story.loop import UNIT_Q, Setup
from quelea.topology import regular
from quelea.topology.draws import Draws

AGENTS = 50
CAPACITIES = (40, 60, 80, 100, 120, 140, 160, 200)
ALLOWED = 4
DEGREE = 4
MEDIAN, SIGMA = 14.0, 0.5
DEMAND_MIN, DEMAND_MAX = 2.0, 60.0
RHO_MIN, RHO_MAX = 0.3, 1.5
SEED_MAX = (1 << 26) - 1
OPTIMUM_S = 20.0  # for one instance; it takes 0.05 to 0.3 s
_LANE = 50  # tells these draws from those of topologies


@dataclass(frozen=True)
class Instance:
    """demands, capacities: units. allowed: by agent, ascending indices of servers."""

    seed: int
    rho: float
    demands: tuple[int, ...]
    allowed: tuple[tuple[int, ...], ...]
    neighbours: tuple[tuple[int, ...], ...]

    def setup(self, kappa_percent: int = 100) -> Setup:
        """Return it in q, as the loop takes it."""
        return Setup(
            [demand * UNIT_Q for demand in self.demands],
            [list(row) for row in self.allowed],
            [list(row) for row in self.neighbours],
            [capacity * UNIT_Q for capacity in CAPACITIES],
            self.seed,
            kappa_percent,
        )


def draw(seed: int, rho: float, agents: int = AGENTS) -> Instance:
    """Return the instance of a seed. UserError for a seed or rho out of range."""
    if not 0 <= seed <= SEED_MAX:
        raise UserError(f"{seed} is out of range", "--seed", f"0 to {SEED_MAX}")
    if not RHO_MIN <= rho <= RHO_MAX:
        raise UserError(f"{rho} is out of range", "--rho", f"{RHO_MIN} to {RHO_MAX}")
    draws = Draws(seed, _LANE)
    total = round(rho * sum(CAPACITIES))
    demands = scaled(draws, agents, total)
    lots = draws.unit(ALLOWED * agents).reshape(agents, ALLOWED).tolist()
    allowed = tuple(_allowed(row) for row in lots)
    graph = regular.make(str(DEGREE), agents, seed)
    neighbours = tuple(tuple(graph.neighbours(number)) for number in graph.nodes)
    return Instance(seed, rho, demands, allowed, neighbours)


def scaled(draws: Draws, agents: int, total: int) -> tuple[int, ...]:
    """Return whole demands that add up to total, by largest remainders."""
    raw = np.clip(np.exp(np.log(MEDIAN) + SIGMA * _normal(draws, agents)), DEMAND_MIN, DEMAND_MAX)
    exact = raw * (total / raw.sum())
    whole = np.maximum(1, np.floor(exact)).astype(int)
    order = np.argsort(whole - exact, kind="stable")
    for i in order[: max(0, total - int(whole.sum()))]:
        whole[i] += 1
    return tuple(int(demand) for demand in whole)


def _normal(draws: Draws, count: int) -> np.ndarray:
    """Return standard normal numbers (Box and Muller), of draws that are the same everywhere."""
    radius = np.sqrt(-2.0 * np.log(1.0 - draws.unit(count)))
    return np.asarray(radius * np.cos(2.0 * np.pi * draws.unit(count)))


def _allowed(lots: Sequence[float]) -> tuple[int, ...]:
    """Return servers drawn without replacement in proportion to capacity, a lot for each."""
    left = list(range(len(CAPACITIES)))
    total = sum(CAPACITIES)
    chosen = []
    for lot in lots:
        point = lot * total
        at = 0
        while at < len(left) - 1 and point >= CAPACITIES[left[at]]:
            point -= CAPACITIES[left[at]]
            at += 1
        total -= CAPACITIES[left[at]]
        chosen.append(left.pop(at))
    return tuple(sorted(chosen))


@contextmanager
def silent() -> Iterator[None]:
    """Keep off standard output what HiGHS prints there past Python."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def optimum(
    demands: Sequence[int], allowed: Sequence[Sequence[int]], capacities: Sequence[int]
) -> float:
    """Return the largest goodput in units: each agent on one server, no server beyond itself.

    A mixed-integer program solved by HiGHS: maximise the sum over servers of min(load, capacity).
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    pairs = [(i, server) for i, row in enumerate(allowed) for server in row]
    agents, servers, count = len(demands), len(capacities), len(pairs)
    rows, columns, values = [], [], []
    for column, (i, server) in enumerate(pairs):
        rows += [i, agents + server]
        columns += [column, column]
        values += [1.0, -float(demands[i])]
    for server in range(servers):  # the goodput of a server is at most its load
        rows.append(agents + server)
        columns.append(count + server)
        values.append(1.0)
    matrix = coo_array((values, (rows, columns)), shape=(agents + servers, count + servers))
    high = np.concatenate([np.ones(agents), np.zeros(servers)])
    with silent():
        done = milp(
            np.concatenate([np.zeros(count), -np.ones(servers)]),
            constraints=LinearConstraint(matrix.tocsr(), -np.inf, high),
            bounds=Bounds(0, np.concatenate([np.ones(count), np.asarray(capacities, float)])),
            integrality=np.concatenate([np.ones(count), np.zeros(servers)]),
            options={"time_limit": OPTIMUM_S, "mip_rel_gap": 1e-4},
        )
    if done.x is None:
        raise UserError(f"no optimum within {OPTIMUM_S:.0f} s", why=str(done.message))
    return float(-done.fun)
