"""Flows that go round: what edges of an exact fleet show after a year, though nothing is amiss.

Around a cycle of the graph each node gives to the next what it has from the one before. No value
is changed by it, but the flows are near the end of their range.
"""

from collections.abc import Mapping, Sequence
from typing import Any


def cycle(neighbours: Mapping[int, Sequence[int]]) -> list[int]:
    """Return nodes in the order of a cycle that no edge cuts short, [] where there is none."""
    best: list[int] = []
    for start in sorted(neighbours):
        for first in neighbours[start]:
            found = _back(neighbours, start, first)
            if found and (not best or len(found) < len(best)):
                best = found
    return best


def _back(neighbours: Mapping[int, Sequence[int]], start: int, first: int) -> list[int]:
    """Return the shortest way from `first` back to `start` that is not their own edge."""
    came = {first: start}
    queue = [first]
    for number in queue:
        for other in neighbours[number]:
            if other == start and number != first:
                way = [number]
                while way[-1] != start:
                    way.append(came[way[-1]])
                return way
            if other != start and other not in came:
                came[other] = number
                queue.append(other)
    return []


def begin(agent: Any, number: int, around: Sequence[int], flow_q: int) -> bool:
    """Let the flows of a fresh agent go round; return whether it is on the cycle."""
    if number not in around:
        return False
    at = around.index(number)
    for other, sign in ((around[at - 1], -1), (around[(at + 1) % len(around)], 1)):
        slot = agent.settings.numbers.index(other)
        agent.flows.flow_q[slot] = sign * flow_q
        agent.flows.turn[slot] = 1
    return True
