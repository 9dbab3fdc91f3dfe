"""Types of the compiled side; src/ has the reasons."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = Any  # a list or tuple of int, or a one-dimensional buffer of signed integers

def available(name: str) -> bool: ...
def use(name: str) -> str: ...
def used() -> str: ...
def limits() -> tuple[int, int, int]: ...
def group() -> int: ...
def mean(own_q: int, values_q: Values, faults_max: int = 0) -> int: ...
def trimmed_mean(own_q: int, values_q: Values, faults_max: int) -> int: ...
def wmsr(own_q: int, values_q: Values, faults_max: int) -> int: ...
def midpoint(own_q: int, values_q: Values, faults_max: int) -> int: ...
def median(own_q: int, values_q: Values, faults_max: int) -> int: ...
def trim_and_clip(own_q: int, values_q: Values, faults_max: int) -> int: ...
def clipped_wmsr(own_q: int, values_q: Values, faults_max: int) -> int: ...
def plain_trimmed_mean(values_q: Values, faults_max: int) -> int: ...

class Plan:
    holds: bool
    received: int
    def __init__(self, number: int, received: int, own: bool, faults_max: int) -> None: ...

class Tiles:
    width: int
    def __init__(self, neighbours: NDArray[np.uint32], degree: int, width: int) -> None: ...

def run_columns(
    plan: Plan, values: NDArray[Any], own: NDArray[Any] | None, out: NDArray[Any], threads: int
) -> int: ...
def run_table(
    plan: Plan,
    neighbours: NDArray[np.uint32],
    tiles: Tiles | None,
    now: NDArray[Any],
    other: NDArray[Any],
    held: NDArray[np.uint32],
    rounds: int,
    threads: int,
) -> int: ...
def run_lanes(
    plan: Plan,
    neighbours: NDArray[np.uint32],
    lanes: int,
    now: NDArray[Any],
    other: NDArray[Any],
    held: NDArray[np.uint32],
    rounds: int,
    threads: int,
) -> int: ...
def can_stripe(offsets: NDArray[np.int64], agents: int) -> bool: ...
def run_circulant(
    plan: Plan,
    offsets: NDArray[np.int64],
    agents: int,
    now: NDArray[Any],
    other: NDArray[Any],
    held: NDArray[np.uint32],
    rounds: int,
    threads: int,
    striped: bool,
) -> int: ...
def exponential(values: NDArray[np.int64], log: int, rounds: int, threads: int) -> None: ...
def make_matchings(
    edges: NDArray[np.uint32],
    agents: int,
    pairs: NDArray[np.uint32],
    first: NDArray[np.int64],
) -> int: ...
def run_matchings(
    pairs: NDArray[np.uint32],
    first: NDArray[np.int64],
    values: NDArray[np.int32],
    start: int,
    rounds: int,
    seed: int,
    threads: int,
) -> int: ...
def run_flows(
    values: NDArray[np.int32],
    flow: NDArray[np.int32],
    rest: NDArray[np.int32],
    offsets: NDArray[np.int64],
    momentum: int,
    step: int,
    rounds: int,
) -> None: ...
