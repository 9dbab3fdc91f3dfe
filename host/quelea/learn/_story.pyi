"""Types of the compiled worlds; story_world.c has the reasons."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

SHAPE: tuple[int, ...]
FIGURES: tuple[str, ...]

class Worlds:
    count: int
    agents: int
    def __init__(self, count: int, agents: int) -> None: ...
    def begin(
        self,
        k: int,
        seed: int,
        lane: int,
        terms: Ints,
        capacities_q: Ints,
        demands_q: Ints,
        allowed: Bytes,
        neighbours: Bytes,
        lying: Bytes,
    ) -> None: ...
    def step(self, actions: NDArray[Any], first: int, last: int) -> None: ...
    def read(
        self,
        seen: Bytes,
        figures: Ints,
        points: Ints,
        served_q: Ints,
        loads_q: Ints,
        first: int,
        last: int,
    ) -> None: ...
    def state(self, out: Bytes) -> None: ...
