"""Local only: each node serves its own, first come; what does not fit is refused."""

from quelea.serving.baselines.arrivals import World
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    world = World(instance, draws)
    for node in range(instance.nodes):
        for m in draws.order(instance.models).tolist():
            if instance.demands_ms[node][m] > 0 and world.can(node, m):
                world.take(node, m, instance.demands_ms[node][m])
    return world.held


ROW = ("local only", place, "each node its own, first come")
