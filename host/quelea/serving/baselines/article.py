"""As in the article: local first, then the neighbour with most memory left; nothing is evicted."""

from quelea.serving.baselines import arrivals
from quelea.serving.baselines.arrivals import World
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def _choose(world: World, node: int, model: int, able: list[int]) -> int:
    if node in able:
        return node
    return max(able, key=lambda j: (world.memory_left[j], -j))


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    return arrivals.place(instance, draws, _choose)


ROW = ("article", place, "local first, then the best neighbour")
