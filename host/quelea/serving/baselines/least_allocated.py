"""Least allocated: the emptiest that can, a scheduler's usual score for spreading."""

from quelea.serving.baselines import arrivals
from quelea.serving.baselines.arrivals import World
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def _choose(world: World, node: int, model: int, able: list[int]) -> int:
    return min(able, key=lambda j: (world.used_percent(j), j))


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    return arrivals.place(instance, draws, _choose)


ROW = ("least allocated", place, "the emptiest that can")
