"""Global popularity: each node holds what is asked most in the whole fleet."""

from quelea.serving.baselines import arrivals
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    total = [float(sum(column)) for column in zip(*instance.demands_ms, strict=True)]
    return arrivals.fill(instance, [total] * instance.nodes)


ROW = ("global LFU", place, "what is asked most in the fleet")
