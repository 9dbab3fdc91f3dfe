"""Two tasks of mpe2 that learners of many agents are compared on, as batches in numpy.

`SpeakerListener` and `Spread` follow the published definition of simple_speaker_listener_v4 and
simple_spread_v3 (Lowe et al., 2017; Terry et al., 2021; `pip install mpe2`); a test holds them to
mpe2 step by step. They are for training, some hundred times as fast as the originals; what is
reported is played on mpe2 itself (`Original`).

Points have mass 1 in a plane of units; a step is .1 s, a quarter of the speed is lost in it, and
an action pushes with 5 along one axis.
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.learn.maddpg.seam import Actions, Floats, Spec, Turn

Numbers = NDArray[np.float64]

STEPS = 25
STEP_S = 0.1
KEPT_SPEED = 0.75
PUSH = 5.0
PUSHES = PUSH * np.array([[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]], np.float64)
SIZE = 0.15  # radius of an agent of Spread
STIFF, SOFTNESS = 100.0, 1e-3
COLOURS = np.full((3, 3), 0.15) + 0.5 * np.eye(3)
PLACES = 3  # landmarks
ORIGINALS = {"speaker-listener": "simple_speaker_listener_v4", "spread": "simple_spread_v3"}


def scattered(draw: np.random.Generator, *shape: int) -> Numbers:
    """Return points of the square from -1 to 1."""
    return draw.uniform(-1.0, 1.0, (*shape, 2))


def moved(at: Numbers, speed: Numbers, force: Numbers) -> tuple[Numbers, Numbers]:
    """Return place and speed after a step: the old speed moves, then the force changes it."""
    return at + speed * STEP_S, speed * KEPT_SPEED + force * STEP_S


class SpeakerListener:
    """Agent 0 sees which of three landmarks is meant and says one of three words to agent 1.

    The word is heard a step later. Both lose the square of the listener's distance.
    """

    def __init__(self, batch: int) -> None:
        self.spec = Spec(batch, (3, 11), (3, 5), STEPS)
        self.turn = 0

    def reset(self, seed: int) -> Floats:
        draw, batch = np.random.default_rng(seed), self.spec.batch
        self.goal = draw.integers(PLACES, size=batch)
        self.at, self.places = scattered(draw, batch), scattered(draw, batch, PLACES)
        self.speed, self.word = np.zeros((batch, 2)), np.zeros((batch, 3))
        self.turn = 0
        return self.observe()

    def observe(self) -> Floats:
        obs = np.zeros((self.spec.batch, 2, 11), np.float32)
        obs[:, 0, :3] = COLOURS[self.goal]
        obs[:, 1, :2] = self.speed
        obs[:, 1, 2:8] = (self.places - self.at[:, None]).reshape(-1, 2 * PLACES)
        obs[:, 1, 8:] = self.word
        return obs

    def step(self, actions: Actions) -> Turn:
        self.at, self.speed = moved(self.at, self.speed, PUSHES[actions[:, 1]])
        self.word = np.eye(3)[actions[:, 0]]
        self.turn += 1
        goal = self.places[np.arange(self.spec.batch), self.goal]
        lost = -np.square(self.at - goal).sum(axis=1)
        never = np.zeros(self.spec.batch, bool)
        return Turn(
            self.observe(), np.stack((lost, lost), axis=1), never, never | (self.turn >= STEPS)
        )


class Spread:
    """Three agents are to be at three landmarks, and not in each other's way.

    Each loses half the sum, over landmarks, of the distance to the nearest agent, and half a point
    for each agent that it overlaps; discs that overlap push each other away.
    """

    def __init__(self, batch: int, agents: int = PLACES) -> None:
        obs = 4 + 2 * agents + 4 * (agents - 1)
        self.spec = Spec(batch, (obs,) * agents, (5,) * agents, STEPS)
        self.others = [[j for j in range(agents) if j != i] for i in range(agents)]
        self.turn = 0

    def reset(self, seed: int) -> Floats:
        draw, batch, agents = np.random.default_rng(seed), self.spec.batch, self.spec.agents
        self.at, self.places = scattered(draw, batch, agents), scattered(draw, batch, agents)
        self.speed = np.zeros((batch, agents, 2))
        self.turn = 0
        return self.observe()

    def observe(self) -> Floats:
        batch, agents = self.spec.batch, self.spec.agents
        obs = np.zeros((batch, agents, self.spec.obs[0]), np.float32)
        obs[..., :2], obs[..., 2:4] = self.speed, self.at
        to_places = self.places[:, None] - self.at[:, :, None]
        to_agents = self.at[:, self.others] - self.at[:, :, None]
        middle = 4 + 2 * agents
        obs[..., 4:middle] = to_places.reshape(batch, agents, -1)
        obs[..., middle : middle + 2 * (agents - 1)] = to_agents.reshape(batch, agents, -1)
        return obs  # the rest is what the others say: nothing, they are silent

    def contact(self) -> tuple[Numbers, Numbers]:
        """Return distances [batch, agents, agents] and the forces that push discs apart."""
        apart = self.at[:, :, None] - self.at[:, None]
        distance = np.sqrt(np.square(apart).sum(axis=-1))
        deep = np.logaddexp(0.0, -(distance - 2 * SIZE) / SOFTNESS) * SOFTNESS
        own = np.eye(self.spec.agents, dtype=bool)
        strength = np.where(own, 0.0, STIFF * deep / np.where(own, 1.0, distance))
        return distance, (apart * strength[..., None]).sum(axis=2)

    def step(self, actions: Actions) -> Turn:
        force = PUSHES[actions] + self.contact()[1]
        self.at, self.speed = moved(self.at, self.speed, force)
        self.turn += 1
        distance, _ = self.contact()
        hits = (distance < 2 * SIZE).sum(axis=2) - 1  # itself
        to_places = np.sqrt(np.square(self.places[:, :, None] - self.at[:, None]).sum(axis=-1))
        lost = to_places.min(axis=2).sum(axis=1)
        rewards = -0.5 * lost[:, None] - 0.5 * hits
        never = np.zeros(self.spec.batch, bool)
        return Turn(self.observe(), rewards, never, never | (self.turn >= STEPS))


class Original:
    """mpe2 itself, one instance, with the learner's seam."""

    def __init__(self, name: str) -> None:
        module = ORIGINALS[name]
        try:
            made: Any = import_module(f"mpe2.{module}")
        except ImportError:
            raise UserError(
                "mpe2 is not installed", "", "", 'pip install "quelea[learn]"'
            ) from None
        self.env = made.parallel_env(max_cycles=STEPS)
        self.names = list(self.env.possible_agents)
        obs = tuple(int(self.env.observation_space(agent).shape[0]) for agent in self.names)
        actions = tuple(int(self.env.action_space(agent).n) for agent in self.names)
        self.spec = Spec(1, obs, actions, STEPS)

    def reset(self, seed: int) -> Floats:
        return self._rows(self.env.reset(seed=seed)[0])

    def step(self, actions: Actions) -> Turn:
        obs, rewards, ended, cut, _ = self.env.step(
            {agent: int(action) for agent, action in zip(self.names, actions[0])}
        )
        return Turn(
            self._rows(obs), np.array([[rewards[agent] for agent in self.names]]),
            np.array([all(ended.values())]), np.array([all(cut.values())]),
        )  # fmt: skip

    def _rows(self, obs: dict[str, Any]) -> Floats:
        rows = np.zeros((1, len(self.names), max(self.spec.obs)), np.float32)
        for index, agent in enumerate(self.names):
            rows[0, index, : self.spec.obs[index]] = obs[agent]
        return rows
