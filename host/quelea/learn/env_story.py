"""The story as a PettingZoo environment: fifty agents, eight servers, each may use four.

    env = story_env(rho=0.97)
    observations, infos = env.reset(seed=7)
    observations, rewards, terminations, truncations, infos = env.step(actions)

Actions, observations, rewards and the state are those of env_world.py, over 255 where they are
bytes; env_batch.StoryBatch is the same for many instances at once. It is the plain form: every
agent is the firmware's own, some thousand rounds of an agent a second.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from quelea.learn.env_parallel import CYCLES, WorldEnv, picked
from quelea.learn.env_world import COLUMNS, TERMS, Terms, World, state_columns
from quelea.story import setting


class StoryEnv(WorldEnv):
    """rho: demand as a share of all capacity. terms: see env_world.Terms.

    reset(options={"instance": 7}) begins that instance of the story; else the seed draws one.
    """

    metadata: ClassVar[dict[str, Any]] = {**WorldEnv.metadata, "name": "quelea_story_v0"}

    def __init__(
        self, rho: float = 0.97, terms: Terms = TERMS, max_cycles: int = CYCLES,
        render_mode: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            terms.agents, COLUMNS, state_columns(terms.agents), max_cycles, terms.shared,
            render_mode,
        )  # fmt: skip
        self.rho = rho
        self.terms = terms

    def world(self, draws: np.random.Generator, options: Mapping[str, Any]) -> World:
        """Return an instance of the story after its first round."""
        drawn = int(draws.integers(setting.SEED_MAX + 1))
        chosen = picked(options, "instance", 0, setting.SEED_MAX)
        seed = drawn if chosen is None else chosen
        return World(setting.draw(seed, self.rho, self.terms.agents), self.terms)


def story_env(
    rho: float = 0.97, terms: Terms = TERMS, max_cycles: int = CYCLES,
    render_mode: str | None = None,
) -> StoryEnv:  # fmt: skip
    """Return the environment; UserError for what is out of range."""
    return StoryEnv(rho, terms, max_cycles, render_mode)


def parallel_env(**kwargs: Any) -> StoryEnv:
    """Return the environment, by the name that PettingZoo's tools look for."""
    return story_env(**kwargs)


def env(**kwargs: Any) -> Any:
    """Return it for agents that act in turn (AEC)."""
    from pettingzoo.utils.conversions import parallel_to_aec

    return parallel_to_aec(story_env(**kwargs))
