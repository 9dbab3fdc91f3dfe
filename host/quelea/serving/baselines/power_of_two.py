"""Power of two choices: two random nodes in reach, the less full one (Mitzenmacher 2001)."""

from quelea.serving.baselines import arrivals
from quelea.serving.baselines.arrivals import World
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def _choose(world: World, node: int, model: int, able: list[int]) -> int:
    two = [able[int(k)] for k in world.draws.below(len(able), 2)]
    return min(two, key=world.used_percent)


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    return arrivals.place(instance, draws, _choose)


ROW = ("power of two", place, "two random ones, the less full")
