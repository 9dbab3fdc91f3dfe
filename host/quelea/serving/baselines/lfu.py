"""Local LFU: each node holds what it is itself asked most."""

from quelea.serving.baselines import arrivals
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


def place(instance: Instance, draws: Draws) -> Held:
    """Return the placement."""
    return arrivals.fill(instance, [[float(ms) for ms in row] for row in instance.demands_ms])


ROW = ("LFU", place, "what is asked most at the node")
