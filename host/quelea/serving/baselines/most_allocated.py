"""Most allocated: the fullest that can, a scheduler's usual score for packing."""

from quelea.serving.baselines import arrivals
from quelea.serving.baselines.arrivals import World
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def _choose(world: World, node: int, model: int, able: list[int]) -> int:
    holders = [j for j in able if world.held[j][model]]
    return max(holders or able, key=lambda j: (world.used_percent(j), -j))


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    return arrivals.place(instance, draws, _choose)


ROW = ("most allocated", place, "a holder, or the fullest that can")
