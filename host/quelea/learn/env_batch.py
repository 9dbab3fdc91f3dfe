"""StoryBatch: many worlds of the story, stepped at once; bit for bit what env_world.World does.

    batch = StoryBatch(seeds=range(64), rho=0.97)
    obs = batch.reset()                           # uint8 (64, 50, 47)
    obs, rewards, served = batch.step(actions)    # actions: (64, 50), 0 .. 3
    board = obs[..., :SEEN].reshape(64, 50, ALLOWED, FEATURES)   # what the board's network takes

What the columns mean is said once, in env_world.py. There is no end: reset() when it is enough.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.learn.env_world import ALLOWED, TERMS, Bytes, Floats, Terms, World, rewards
from quelea.story import setting

INSTANCES_KEPT = 4096

drawn = lru_cache(INSTANCES_KEPT)(setting.draw)


class StoryBatch:
    """seeds: of the instances, any number. rho: one for all, or one each.

    After reset() and step(), arrays by world: goodput_q, overloaded, overasked, messages, moves
    (B,); served_q, demands_q, points (B, agents); loads_q (B, servers): as World has them.
    """

    def __init__(
        self, seeds: Iterable[int], rho: float | Iterable[float] = 0.97, terms: Terms = TERMS
    ) -> None:
        self.terms = terms
        self._take(seeds, rho)

    def _take(self, seeds: Iterable[int], rho: float | Iterable[float]) -> None:
        self.seeds = tuple(int(seed) for seed in seeds)
        if not self.seeds:
            raise UserError("there are no seeds", "seeds", remedy="give at least one")
        count = len(self.seeds)
        self.rho = (float(rho),) * count if isinstance(rho, float | int) else tuple(rho)
        if len(self.rho) != count:
            raise UserError(f"{len(self.rho)} loads for {count} seeds", "rho")
        self.instances = [
            drawn(seed, one, self.terms.agents)
            for seed, one in zip(self.seeds, self.rho, strict=True)
        ]

    def reset(
        self, seeds: Iterable[int] | None = None, rho: float | Iterable[float] | None = None
    ) -> Bytes:
        """Begin anew, with the same instances or with others; return (B, agents, COLUMNS)."""
        if seeds is not None or rho is not None:
            self._take(self.seeds if seeds is None else seeds, self.rho if rho is None else rho)
        self._worlds = [World(instance, self.terms) for instance in self.instances]
        self.demands_q = np.array(
            [[agent.demand_q for agent in world.agents] for world in self._worlds], np.int32
        )
        self._read()
        return self._seen()

    def step(self, actions: NDArray[np.integer]) -> tuple[Bytes, Floats, NDArray[np.float64]]:
        """Do a round. actions: shape (B, agents), 0 .. ALLOWED - 1; UserError for others.

        Return observations (B, agents, COLUMNS), rewards (B, agents), and what was served, as a
        share of all demand (B,).
        """
        actions = np.asarray(actions)
        if actions.shape != self.demands_q.shape:
            raise UserError(f"actions of shape {actions.shape}", "", f"{self.demands_q.shape}")
        if actions.min() < 0 or actions.max() >= ALLOWED:
            raise UserError("an action is out of range", "actions", f"0 to {ALLOWED - 1}")
        for world, row in zip(self._worlds, actions, strict=True):
            world.act(row.tolist())
        self._read()
        served = self.goodput_q / self.demands_q.sum(axis=1)
        return self._seen(), rewards(self.points, self.terms.shared), served

    def state(self) -> Bytes:
        """Return the whole truth, shape (B, state_columns(agents))."""
        return np.stack([world.state() for world in self._worlds])

    def optima(self) -> NDArray[np.float64]:
        """Return the largest goodput of each instance in q; 0.1 s each, then remembered."""
        from quelea.story.loop import UNIT_Q

        return np.array([UNIT_Q * best(one) for one in self.instances])

    def _seen(self) -> Bytes:
        return np.stack([world.observations() for world in self._worlds])

    def _read(self) -> None:
        worlds = self._worlds
        self.goodput_q = np.array([world.goodput_q for world in worlds], np.int32)
        self.overloaded = np.array([world.overloaded for world in worlds], np.int32)
        self.overasked = np.array([world.overasked for world in worlds], np.int32)
        self.messages = np.array([world.messages for world in worlds], np.int32)
        self.moves = np.array([world.moves for world in worlds], np.int32)
        self.served_q = np.array([world.served_q for world in worlds], np.int32)
        self.loads_q = np.array([world.loads_q for world in worlds], np.int32)
        self.points = np.array([world.points for world in worlds], np.int32)


@lru_cache(INSTANCES_KEPT)
def best(instance: setting.Instance) -> float:
    """Return the optimum of an instance in units."""
    return setting.optimum(instance.demands, instance.allowed, setting.CAPACITIES)
