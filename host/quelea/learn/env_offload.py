"""Offload as a PettingZoo environment: whom to ask for room, in a fleet whose work comes and goes.

The world and an observation are those of env_offload_world.py. An action is whom to ask, an index
into the neighbours in ascending order, the one asked before among them. How much is granted is not
for a policy to say: leases hold whatever is asked, and a lender that needs its room back waits
until those who hold it have come down.

The reward is the share of all own work that was done, here or there, less 1/50 for a move.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from quelea.learn.env_offload_world import COLUMNS, NODES, RHO, OffloadWorld, draw
from quelea.learn.env_parallel import CYCLES, WorldEnv, picked
from quelea.learn.env_world import World, state_columns
from quelea.story.setting import SEED_MAX


class OffloadEnv(WorldEnv):
    """nodes: 6 .. 63. rho: work as a share of all capacity, on average. shared: see WorldEnv."""

    metadata: ClassVar[dict[str, Any]] = {**WorldEnv.metadata, "name": "quelea_offload_v0"}

    def __init__(
        self, nodes: int = NODES, rho: float = RHO, shared: float = 0.0,
        max_cycles: int = CYCLES, render_mode: str | None = None,
    ) -> None:  # fmt: skip
        draw(0, rho, nodes)  # refuses what is out of range
        super().__init__(
            nodes, COLUMNS, state_columns(nodes, nodes), max_cycles, shared, render_mode
        )
        self.rho = rho
        self.nodes = nodes

    def world(self, draws: np.random.Generator, options: Mapping[str, Any]) -> World:
        """Return a fleet after its first round."""
        drawn = int(draws.integers(SEED_MAX + 1))
        chosen = picked(options, "instance", 0, SEED_MAX)
        return OffloadWorld(draw(drawn if chosen is None else chosen, self.rho, self.nodes))


def offload_env(
    nodes: int = NODES, rho: float = RHO, shared: float = 0.0, max_cycles: int = CYCLES,
    render_mode: str | None = None,
) -> OffloadEnv:  # fmt: skip
    """Return the environment; UserError for what is out of range."""
    return OffloadEnv(nodes, rho, shared, max_cycles, render_mode)


def parallel_env(**kwargs: Any) -> OffloadEnv:
    """Return the environment, by the name that PettingZoo's tools look for."""
    return offload_env(**kwargs)


def env(**kwargs: Any) -> Any:
    """Return it for agents that act in turn (AEC)."""
    from pettingzoo.utils.conversions import parallel_to_aec

    return parallel_to_aec(offload_env(**kwargs))
