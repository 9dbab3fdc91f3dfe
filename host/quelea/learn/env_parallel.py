"""What the environments share: a world behind PettingZoo's ParallelEnv.

Observations are the bytes of a world over 255, so float32 in 0 .. 1; the state alike.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from quelea.errors import UserError
from quelea.learn.env_world import ALLOWED, TOP, Bytes, Floats, World, rewards

try:
    from gymnasium.spaces import Box, Discrete
    from pettingzoo import ParallelEnv
except ImportError:
    raise UserError(
        "the environments need PettingZoo, which is not installed", "", "",
        "pip install 'quelea[learn]'",
    ) from None  # fmt: skip

CYCLES = 200
CYCLES_MAX = 1_000_000
_UNSEEDED = 0  # what a first reset() without a seed begins with: runs repeat

Infos = dict[str, dict[str, Any]]


class WorldEnv(ParallelEnv):  # type: ignore[misc]  # without the extra it is Any
    """A world; subclasses say which by world(). agents: "n01", "n02" ... , all to the end.

    max_cycles: rounds of an episode; its end is a truncation, for the world has none. shared:
    part of a reward that is the mean of all. render_mode: None or "rgb_array".
    """

    metadata: ClassVar[dict[str, Any]] = {
        "name": "quelea",
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "is_parallelizable": True,
    }

    def __init__(
        self, agents: int, columns: int, state_columns: int, max_cycles: int = CYCLES,
        shared: float = 0.0, render_mode: str | None = None,
    ) -> None:  # fmt: skip
        if not 1 <= max_cycles <= CYCLES_MAX:
            raise UserError(f"{max_cycles} is out of range", "max_cycles", f"1 to {CYCLES_MAX}")
        if render_mode not in (None, "rgb_array"):
            raise UserError(f"no picture as {render_mode!r}", "render_mode", "None or 'rgb_array'")
        self.possible_agents = [f"n{number:02}" for number in range(1, agents + 1)]
        self.agents: list[str] = []
        self.max_cycles = max_cycles
        self.shared = shared
        self.render_mode = render_mode
        self.state_space = Box(0.0, 1.0, (state_columns,), np.float32)
        self.observation_spaces = {
            agent: Box(0.0, 1.0, (columns,), np.float32) for agent in self.possible_agents
        }
        self.action_spaces = {agent: Discrete(ALLOWED) for agent in self.possible_agents}
        self._draws = np.random.default_rng(_UNSEEDED)
        self._cycles = 0
        self._world: World | None = None

    def world(self, draws: np.random.Generator, options: Mapping[str, Any]) -> World:
        """Return the world of an episode; draws: numbers of this environment's seed."""
        raise NotImplementedError

    @property
    def now(self) -> World:
        """The world as it is; UserError before the first reset()."""
        if self._world is None:
            raise UserError("the world has not begun", "", remedy="call reset() first")
        return self._world

    def observation_space(self, agent: str) -> Box:
        """Return the space of what an agent sees, each time the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Discrete:
        """Return the space of what an agent may do, each time the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Floats], Infos]:
        """Begin an episode. seed: of this one and those after it, until another is given."""
        if seed is not None:
            self._draws = np.random.default_rng(seed)
        self._world = self.world(self._draws, options or {})
        self.agents = list(self.possible_agents)
        self._cycles = 0
        return self._seen(), {agent: {} for agent in self.agents}

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Floats], dict[str, float], dict[str, bool], dict[str, bool], Infos]:
        """Do a round. actions: of every agent; UserError for one that is missing or impossible.

        infos: `served`, the share of the own demand that was, and `moved`.
        """
        world = self.now
        if not self.agents:
            return {}, {}, {}, {}, {}
        missing = [agent for agent in self.agents if agent not in actions]
        if missing:
            raise UserError(f"no action of {missing[0]}", "actions", remedy="give one of each")
        world.act([int(actions[agent]) for agent in self.agents])
        self._cycles += 1
        over = self._cycles >= self.max_cycles
        paid = rewards(np.array(world.points, np.int32), self.shared)
        found = (
            self._seen(),
            {agent: float(one) for agent, one in zip(self.agents, paid, strict=True)},
            dict.fromkeys(self.agents, False),
            dict.fromkeys(self.agents, over),
            {agent: self._info(world, i) for i, agent in enumerate(self.agents)},
        )
        if over:
            self.agents = []
        return found

    @staticmethod
    def _info(world: World, i: int) -> dict[str, Any]:
        wanted_q = world.wanted_q(i)
        served = world.served_q[i] / wanted_q if wanted_q else 1.0
        return {"served": served, "moved": world.moved[i]}

    def _seen(self) -> dict[str, Floats]:
        return dict(zip(self.agents, floats(self.now.observations()), strict=True))

    def state(self) -> Floats:
        """Return the whole truth, for a critic in training."""
        return floats(self.now.state())

    def render(self) -> Bytes | None:
        """Return a picture of the last round, shape (height, width, 3); None without a mode."""
        if self.render_mode is None:
            return None
        from quelea.learn.env_picture import picture

        return picture(self.now, self._cycles)


def floats(found: Bytes) -> Floats:
    """Return bytes as what learners take, 0 .. 1."""
    return (found / np.float32(TOP)).astype(np.float32)


def picked(options: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """Return a whole number of the options of a reset, or None if it is not among them."""
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or not low <= value <= high:
        raise UserError(f"{value!r} is out of range", f"options[{name!r}]", f"{low} to {high}")
    return value
