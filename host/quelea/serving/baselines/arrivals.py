"""First come, first placed: what the naive policies share.

Demands, one a (node, model), arrive in random order. Each is sent to whom its policy chooses
among those who can take it: who holds the model and has time left, or has memory left for it.
What finds nobody is refused; nothing is ever evicted.
"""

from collections.abc import Callable

from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws


class World:
    """held, memory_left, time_left_ms: while demands arrive."""

    def __init__(self, instance: Instance, draws: Draws) -> None:
        self.instance = instance
        self.draws = draws
        self.held: Held = [[False] * instance.models for _ in range(instance.nodes)]
        self.memory_left = list(instance.memories)
        self.time_left_ms = list(instance.times_ms)
        self.turn = 0  # demands that have arrived

    def can(self, node: int, model: int) -> bool:
        """Return whether node has time for model, and holds it or has memory for it."""
        room = self.held[node][model] or self.memory_left[node] >= self.instance.sizes[model]
        return room and self.time_left_ms[node] > 0

    def used_percent(self, node: int) -> float:
        """Return how full a node is: the mean of memory and time, 0..100."""
        instance = self.instance
        memory = 1 - self.memory_left[node] / instance.memories[node]
        return 50 * (memory + 1 - self.time_left_ms[node] / instance.times_ms[node])

    def take(self, node: int, model: int, demand_ms: int) -> None:
        if not self.held[node][model]:
            self.held[node][model] = True
            self.memory_left[node] -= self.instance.sizes[model]
        self.time_left_ms[node] = max(0, self.time_left_ms[node] - demand_ms)


# returns the chosen one of those who can, never called with none
Choose = Callable[[World, int, int, list[int]], int]


def place(instance: Instance, draws: Draws, choose: Choose) -> Held:
    """Return the placement that first come, first placed leads to."""
    world = World(instance, draws)
    pairs = [
        (i, m)
        for i in range(instance.nodes)
        for m in range(instance.models)
        if instance.demands_ms[i][m] > 0
    ]
    for at in draws.order(len(pairs)):
        i, m = pairs[int(at)]
        able = [j for j in instance.reach(i) if world.can(j, m)]
        world.turn += 1
        if able:
            world.take(choose(world, i, m, able), m, instance.demands_ms[i][m])
    return world.held


def fill(instance: Instance, worth: list[list[float]]) -> Held:
    """Return what each node holds that takes the worthiest models that fit, worth by (node, m)."""
    held: Held = []
    for node in range(instance.nodes):
        left = instance.memories[node]
        row = [False] * instance.models
        for m in sorted(range(instance.models), key=lambda m: (-worth[node][m], m)):
            if worth[node][m] > 0 and instance.sizes[m] <= left:
                row[m] = True
                left -= instance.sizes[m]
        held.append(row)
    return held
