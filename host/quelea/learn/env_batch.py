"""StoryBatch: many worlds of the story, stepped at once; bit for bit what env_world.World does.

    batch = StoryBatch(seeds=range(64), rho=0.97)
    obs = batch.reset()                           # uint8 (64, 50, 47)
    obs, rewards, served = batch.step(actions)    # actions: (64, 50), 0 .. 3
    board = obs[..., :SEEN].reshape(64, 50, ALLOWED, FEATURES)   # what the board's network takes

What the columns mean is said once, in env_world.py. There is no end: reset() when it is enough.
The rounds are story_world.c, in the integers of the board.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.learn import env_world
from quelea.learn._story import FIGURES, SHAPE, Worlds
from quelea.learn.env_world import ALLOWED, COLUMNS, SERVERS, TERMS, Bytes, Floats, Terms
from quelea.story import lies, setting
from quelea.story.course import liars
from quelea.story.loop import CLAIM_Q_MAX, LOSS_OF_32768, UNIT_Q, WORLD_LANE

INSTANCES_KEPT = 4096
THREADS_MAX = 256
Ints = NDArray[np.int32]

assert (*SHAPE[:3], *SHAPE[4:]) == (
    SERVERS, ALLOWED, setting.DEGREE, COLUMNS, env_world.SERVER_COLUMNS, env_world.AGENT_COLUMNS,
)  # fmt: skip
drawn = lru_cache(INSTANCES_KEPT)(setting.draw)


@lru_cache(INSTANCES_KEPT)
def best(instance: setting.Instance) -> float:
    """Return the optimum of an instance in units."""
    return setting.optimum(instance.demands, instance.allowed, setting.CAPACITIES)


@lru_cache(INSTANCES_KEPT)
def columns(instance: setting.Instance) -> tuple[Ints, Bytes, Bytes]:
    """Return demands in q, servers allowed, and neighbours by index, of each agent."""
    return (
        np.array(instance.demands, np.int32) * UNIT_Q,
        np.array(instance.allowed, np.uint8),
        np.array(instance.neighbours, np.uint8) - 1,
    )


class StoryBatch:
    """seeds: of the instances, any number. rho: one for all, or one each. threads: at once.

    After reset() and step(), arrays by world: goodput_q, overloaded, overasked, messages, moves
    (B,); served_q, demands_q, points (B, agents); loads_q (B, servers): as World has them. All but
    demands_q are overwritten by the next round; what the methods return is not.
    """

    goodput_q: Ints
    overloaded: Ints
    overasked: Ints
    messages: Ints
    moves: Ints

    def __init__(
        self, seeds: Iterable[int], rho: float | Iterable[float] = 0.97, terms: Terms = TERMS,
        threads: int = 1,
    ) -> None:  # fmt: skip
        if not 1 <= threads <= THREADS_MAX:
            raise UserError(f"{threads} is out of range", "threads", f"1 to {THREADS_MAX}")
        self.terms = terms
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._worlds: Worlds | None = None
        self._take(seeds, rho)

    def _take(self, seeds: Iterable[int], rho: float | Iterable[float]) -> None:
        self.seeds = tuple(int(seed) for seed in seeds)
        if not self.seeds:
            raise UserError("there are no seeds", "seeds", remedy="give at least one")
        count, agents = len(self.seeds), self.terms.agents
        self.rho = (float(rho),) * count if isinstance(rho, float | int) else tuple(rho)
        if len(self.rho) != count:
            raise UserError(f"{len(self.rho)} loads for {count} seeds", "rho")
        self.instances = [
            drawn(seed, one, agents) for seed, one in zip(self.seeds, self.rho, strict=True)
        ]
        self.demands_q = np.stack([columns(instance)[0] for instance in self.instances])
        self._all_q = self.demands_q.sum(axis=1)
        self._figures = np.zeros((count, len(FIGURES)), np.int32)
        for k, name in enumerate(FIGURES):
            setattr(self, name, self._figures[:, k])
        self.points = np.zeros((count, agents), np.int32)
        self.served_q = np.zeros((count, agents), np.int32)
        self.loads_q = np.zeros((count, SERVERS), np.int32)
        step = -(-count // self.threads)
        self._parts = [(k, min(count, k + step)) for k in range(0, count, step)]

    def reset(
        self, seeds: Iterable[int] | None = None, rho: float | Iterable[float] | None = None
    ) -> Bytes:
        """Begin anew, with the same instances or with others; return (B, agents, COLUMNS)."""
        if seeds is not None or rho is not None:
            self._take(self.seeds if seeds is None else seeds, self.rho if rho is None else rho)
        terms = self.terms
        numbers = np.array(
            [
                terms.throttled, terms.checked, terms.adaptive,
                [row[0] for row in lies.LIES].index(terms.lie), terms.kappa_percent,
                CLAIM_Q_MAX, LOSS_OF_32768,
            ], np.int32,
        )  # fmt: skip
        capacities_q = np.array(setting.CAPACITIES, np.int32) * UNIT_Q
        self._worlds = Worlds(len(self.seeds), terms.agents)
        for k, instance in enumerate(self.instances):
            lying = np.zeros(terms.agents, np.uint8)
            lying[np.array(liars(instance.seed, terms.agents, terms.liars), int) - 1] = 1
            self._worlds.begin(
                k, instance.seed, WORLD_LANE, numbers, capacities_q, *columns(instance), lying
            )
        return self._round(None)

    def step(self, actions: NDArray[np.integer]) -> tuple[Bytes, Floats, NDArray[np.float64]]:
        """Do a round. actions: shape (B, agents), 0 .. ALLOWED - 1; UserError for others.

        Return observations (B, agents, COLUMNS), rewards (B, agents), and what was served, as a
        share of all demand (B,).
        """
        actions = np.asarray(actions)
        if actions.shape != self.points.shape:
            raise UserError(f"actions of shape {actions.shape}", "", f"{self.points.shape}")
        if actions.min() < 0 or actions.max() >= ALLOWED:
            raise UserError("an action is out of range", "actions", f"0 to {ALLOWED - 1}")
        seen = self._round(np.ascontiguousarray(actions, np.uint8))
        paid = env_world.rewards(self.points, self.terms.shared)
        return seen, paid, self.goodput_q / self._all_q

    def _round(self, actions: Bytes | None) -> Bytes:
        """Do a round, if there are actions; return what is seen then."""
        worlds = self._begun()
        seen = np.empty((*self.points.shape, COLUMNS), np.uint8)

        def part(first: int, last: int) -> None:
            if actions is not None:
                worlds.step(actions, first, last)
            figures, points = self._figures, self.points
            worlds.read(seen, figures, points, self.served_q, self.loads_q, first, last)

        if self._pool is None:
            part(0, len(self.seeds))
        else:
            list(self._pool.map(part, *zip(*self._parts, strict=True)))
        return seen

    def _begun(self) -> Worlds:
        if self._worlds is None:
            raise UserError("the worlds have not begun", "StoryBatch", remedy="call reset() first")
        return self._worlds

    def state(self) -> Bytes:
        """Return the whole truth, shape (B, state_columns(agents))."""
        found = np.empty((len(self.seeds), env_world.state_columns(self.terms.agents)), np.uint8)
        self._begun().state(found)
        return found

    def optima(self) -> NDArray[np.float64]:
        """Return the largest goodput of each instance in q; 0.1 s each, then remembered."""
        return np.array([UNIT_Q * best(one) for one in self.instances])
