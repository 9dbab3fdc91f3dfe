"""When a node speaks of its demand, chosen by what it expects, on measured series.

A surge is heard fresh if the node speaks at that very reading. What matters is how many are heard
for how many messages; speaking always hears all, now and then hears few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from quelea_agent.surge import SURGE_CLASS, WINDOW, Surge

from quelea.spiking.network import Integers, NetworkRow
from quelea.spiking.tasks import windows

CALM_READINGS = 4


@dataclass(frozen=True)
class Heard:
    """messages and surges heard fresh, of so many readings and surges."""

    name: str
    messages: int
    readings: int
    fresh: int
    surges: int


def spoken(expected: Sequence[bool]) -> list[bool]:
    """Return at which readings a node speaks: when it expects a surge, else once in CALM_READINGS.

    expected: for each reading, whether a surge was expected of it beforehand.
    """
    silent = 0
    said = []
    for surge in expected:
        speak = surge or silent >= CALM_READINGS - 1
        silent = 0 if speak else silent + 1
        said.append(speak)
    return said


def heard(name: str, series: list[list[int]], expect: Callable[[Integers], Integers]) -> Heard:
    """Return what a rule comes to; expect(values of windows) -> classes of the next readings."""
    messages = readings = fresh = surges = 0
    for column in series:
        samples = windows(column)
        said = spoken((expect(samples.values) == SURGE_CLASS).tolist())
        messages += sum(said)
        readings += len(said)
        surges += int(samples.classes.sum())
        fresh += sum(1 for k in np.flatnonzero(samples.classes) if said[k])
    return Heard(name, messages, readings, fresh, surges)


def by_node(row: NetworkRow, series: list[list[int]]) -> Heard:
    """Return the same by the node's own code, reading by reading: quelea_agent.surge."""
    messages = readings = fresh = surges = 0
    for column in series:
        node = Surge(row.board(), CALM_READINGS)
        said = [node.sense(reading) for reading in column][WINDOW:]
        classes = windows(column).classes
        messages += sum(said)
        readings += len(said)
        surges += int(classes.sum())
        fresh += sum(1 for k in np.flatnonzero(classes) if said[k])
    return Heard("spiking, by the node's own code", messages, readings, fresh, surges)
