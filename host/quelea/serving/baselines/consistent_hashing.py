"""Consistent hashing with bounded load (Mirrokni and others 2018): the first on the model's ring.

Every model has its own order of the nodes. A demand goes to the first in reach that can take it
and is not above BOUND times the mean load; if all are, to the first that can.
"""

import hashlib

from quelea.serving.baselines import arrivals
from quelea.serving.baselines.arrivals import World
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws

BOUND = 1.25


def _rank(node: int, model: int) -> bytes:
    return hashlib.sha256(f"{model}/{node}".encode()).digest()


def _choose(world: World, node: int, model: int, able: list[int]) -> int:
    ring = sorted(able, key=lambda j: _rank(j, model))
    times_ms = world.instance.times_ms
    shares = [1 - left / all_ms for left, all_ms in zip(world.time_left_ms, times_ms, strict=True)]
    most = BOUND * sum(shares) / len(shares)
    return next((j for j in ring if shares[j] <= most), ring[0])


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    return arrivals.place(instance, draws, _choose)


ROW = ("consistent hashing", place, "the first of the model's ring, load bounded")
