"""Proof by the 0-1 principle: min and max commute with every threshold, so a network does to all
inputs what it does to those of zeros and ones.

All 2^n inputs run at once: the value of a wire is an integer of 2^n bits, bit p being its value
under input p, so that min is `&` and max is `|`.
"""

from collections.abc import Sequence
from functools import cache

Step = tuple[str, int, int]  # S: both ends kept; L: only the smaller, at a; H: the larger, at b
Group = tuple[int, int, tuple[int, ...]]  # ranks first..last-1 are on these wires, in any order

WIRES_MAX = 20  # 2^20 inputs: a second; larger networks are proven by how they are built


@cache
def inputs(count: int) -> tuple[int, ...]:
    """Return the value of each wire under all 2^count inputs."""
    wires = []
    for wire in range(count):
        half = 1 << wire
        bits, width = (1 << half) - 1 << half, 2 * half
        while width < 1 << count:
            bits |= bits << width
            width *= 2
        wires.append(bits)
    return tuple(wires)


def at_least(wires: Sequence[int], everything: int) -> list[int]:
    """Return for j = 0..len the inputs under which j or more of the wires hold 1."""
    found = [everything] + [0] * len(wires)
    for wire in wires:
        for j in range(len(wires), 0, -1):
            found[j] |= found[j - 1] & wire
    return found


@cache
def _ones(count: int) -> tuple[int, ...]:
    return tuple(at_least(inputs(count), (1 << (1 << count)) - 1))


def holds(steps: Sequence[Step], count: int, groups: Sequence[Group]) -> bool:
    """Return whether after the steps every group's wires hold its ranks, for every input.

    Ranks count from 0, ascending; a wire given up by L or H may not be used again.
    """
    assert count <= WIRES_MAX
    wires: list[int | None] = list(inputs(count))
    for kind, a, b in steps:
        x, y = wires[a], wires[b]
        if x is None or y is None:
            return False
        wires[a] = None if kind == "H" else x & y
        wires[b] = None if kind == "L" else x | y
    total = _ones(count)
    for first, last, members in groups:
        values = [wires[wire] for wire in members]
        if len(members) != last - first or any(value is None for value in values):
            return False
        held = at_least([value for value in values if value is not None], total[0])
        # j ones among ranks first..last-1 mean rank last-j holds 1: count-last+j ones in all
        if any(held[j] != total[count - last + j] for j in range(1, last - first + 1)):
            return False
    return True
