"""Round robin: those in reach that can take it, in turn."""

from quelea.serving.baselines import arrivals
from quelea.serving.baselines.arrivals import World
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def _choose(world: World, node: int, model: int, able: list[int]) -> int:
    return able[world.turn % len(able)]


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    return arrivals.place(instance, draws, _choose)


ROW = ("round robin", place, "those that can, in turn")
