"""The story as the learner of actors and critics takes it: 50 agents of one kind, in batches.

An observation is that of env_world.py in 0..1, so the first SEEN columns are what the board's
network takes, then what only the critic looks at: which servers the four are, and the demand.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.learn.env_batch import StoryBatch
from quelea.learn.env_world import ALLOWED, COLUMNS, SEEN, Terms
from quelea.learn.features import NAMES, TOP
from quelea.learn.maddpg.seam import Actions, Floats, Settings, Spec, Turn
from quelea.learn.quantised import Net
from quelea.story.loop import UNIT_Q
from quelea.story.setting import CAPACITIES

SERVERS_AT = COLUMNS  # four indices of servers
DEMAND_AT = SERVERS_AT + ALLOWED  # in units of the mean capacity
WIDTH = DEMAND_AT + 1
RHO = 0.97
UNIT = float(np.mean(CAPACITIES))
STEPS = 150  # the first thirty are for settling; what is left over then takes longer to fit
LEAST = 7000.0  # return: of 50 agents in 150 rounds at most 7500
BACK = 150.0
TRAINING_SEED = 200_000  # instances that nothing is reported on
INSTANCES = 200_000  # of them, drawn from by the seed of a batch
TERMS = Terms()
CROWDED = 0.2  # of a round's pay, for being on a server that is asked for more than it has
NEAR, FULL = NAMES.index("near"), 128
STEEP = ("near", "close", "gain")  # columns that the actor in training sees larger
STEEPNESS, MIDDLE = 8.0, 128 / TOP


SETTINGS = Settings(
    episodes=640, share=True, rate_first=3e-3, rate_last=1e-4, discount=0.95, returns_steps=5,
    reward_scale=10.0, batch=24, updates=10.0, capacity=6000, warmup=600, clip=1.0,
    logits_weight=1e-4, explore_first=0.05, explore_until=0.2, chunk_steps=10,
)  # fmt: skip


class StoryGame:
    """batch: instances side by side; each reset draws others. rho: of each, from low to high."""

    def __init__(
        self, batch: int, terms: Terms = TERMS, low: float = 0.97, high: float = 0.97,
        steps: int = STEPS, crowded: float = CROWDED,
    ) -> None:  # fmt: skip
        agents = terms.agents
        self.crowded = crowded
        self.terms = terms
        self.range = (low, high)
        self.spec = Spec(batch, (WIDTH,) * agents, (ALLOWED,) * agents, steps)
        self.world: StoryBatch | None = None
        self._turn = 0

    def reset(self, seed: int) -> Floats:
        """Begin anew with instances drawn by the seed."""
        draw = np.random.default_rng(seed)
        chosen = TRAINING_SEED + draw.integers(INSTANCES, size=self.spec.batch)
        low, high = self.range
        rho = np.round(draw.uniform(low, high, self.spec.batch), 3)
        self.world = StoryBatch(chosen.tolist(), rho.tolist(), self.terms)
        self._turn = 0
        return widened(self.world, self.world.reset())

    def step(self, actions: Actions) -> Turn:
        """Do a round; paid is what was served, less a part where too many ask."""
        assert self.world is not None
        seen, rewards, _ = self.world.step(actions)
        self._turn += 1
        batch = self.spec.batch
        cut = np.full(batch, self._turn >= self.spec.steps)
        paid = rewards - self.crowded * (seen[..., NEAR] > FULL).astype(float)
        return Turn(widened(self.world, seen), paid, np.zeros(batch, bool), cut)


def widened(world: StoryBatch, seen: NDArray[np.uint8]) -> Floats:
    """Return observations (B, agents, WIDTH) float32."""
    found = np.empty((*seen.shape[:2], WIDTH), np.float32)
    found[..., :COLUMNS] = seen
    found[..., :COLUMNS] /= TOP
    found[..., SERVERS_AT:DEMAND_AT] = [one.allowed for one in world.instances]
    found[..., DEMAND_AT] = world.demands_q / (UNIT_Q * UNIT)
    return found


def learner(spec: Spec, settings: Settings, seed: int) -> Any:
    """Return the learner: one small actor for all, and the critic that adds up loads."""
    from quelea.learn.story_learner import Drawing

    return Drawing(spec, settings, seed)


def steepened() -> tuple[list[float], list[float]]:
    """Return by what features in 0..1 are multiplied, then what is added, for the actor."""
    scales = [STEEPNESS if name in STEEP else 1.0 for name in NAMES]
    return scales, [-MIDDLE * STEEPNESS if name in STEEP else 0.0 for name in NAMES]


def folded(net: Net) -> Net:
    """Return the network that says of features what `net` says of steepened ones."""
    (weights, biases), *rest = net
    scales, shifts = (np.array(row) for row in steepened())
    return [(weights * scales[:, None], biases + shifts @ weights), *rest]


Logits = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


def played(
    logits: Logits, seeds: range, rho: float, terms: Terms, rounds: int, seed: int = 1
) -> dict[str, NDArray[np.float64]]:
    """Return goodput as a share of the optimum, overasked and overloaded, shape (rounds, seeds).

    logits: of features (B, agents, ALLOWED, FEATURES); actions are drawn with their chances.
    """
    world = StoryBatch(seeds, rho, terms)
    draw = np.random.default_rng(seed)
    optima = world.optima()
    seen = world.reset()
    names = ("goodput", "overasked", "overloaded")
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    for _ in range(rounds):
        said = logits(seen[..., :SEEN].reshape(*seen.shape[:2], ALLOWED, -1))
        actions = (said + draw.gumbel(size=said.shape)).argmax(axis=-1)
        seen, _, _ = world.step(actions)
        found["goodput"].append(world.goodput_q / optima)
        found["overasked"].append(world.overasked.astype(float))
        found["overloaded"].append(world.overloaded.astype(float))
    return {name: np.array(rows) for name, rows in found.items()}
