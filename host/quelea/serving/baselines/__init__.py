"""BASELINES: how others place models, one a file. A row is (name, place, in words).

`place(instance, draws)` returns which node holds which model, shape (nodes, models). What is
placed is then routed as well as it can be (optimum.routed), which favours those that place badly.
"""

from collections.abc import Callable

from quelea.serving.baselines import (
    article,
    at_random,
    consistent_hashing,
    least_allocated,
    lfu,
    local_only,
    most_allocated,
    popularity,
    power_of_two,
    round_robin,
)
from quelea.serving.optimum import Held
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws

Place = Callable[[Instance, Draws], Held]

BASELINES: tuple[tuple[str, Place, str], ...] = (
    local_only.ROW,
    article.ROW,
    at_random.ROW,
    round_robin.ROW,
    power_of_two.ROW,
    consistent_hashing.ROW,
    least_allocated.ROW,
    most_allocated.ROW,
    lfu.ROW,
    popularity.ROW,
)
