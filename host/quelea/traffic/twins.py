"""Twins: signals so near to each other that they are one intersection, and have one agent.

Where hardly two cars fit between two stop lines, one signal's green fills the other's junction:
left-turners of both sides then stand in each other's way for good. One agent gets such signals as
one, with those combinations of their phases in which whoever is let in between can leave without
giving way.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from quelea.traffic.roads import GREEN, Link, Signal

TWIN_M = 30.0  # between two stop lines; four cars
PHASES_MAX = 24  # more combinations than that are not decided second by second


def joined(signals: list[Signal], lengths_m: dict[str, float]) -> list[Signal]:
    """Return the signals, twins as one at the place of the first.

    lengths_m: of the lanes; one that is missing is long.
    """
    group = list(range(len(signals)))
    owner = {lane: at for at, signal in enumerate(signals) for lane in signal.lanes}
    for at, signal in enumerate(signals):
        for link in signal.links:
            other = owner.get(link.out, at)
            if other != at and lengths_m.get(link.out, TWIN_M) < TWIN_M:
                low, high = sorted((group[at], group[other]))
                group = [low if one == high else one for one in group]
    found = []
    for first in sorted(set(group)):
        members = [signals[at] for at, one in enumerate(group) if one == first]
        whole = _whole(members)
        found += [whole] if whole else members
    return found


def _whole(members: list[Signal]) -> Signal | None:
    """Return several signals as one; None if its phases are too many, or miss a lane."""
    if len(members) == 1:
        return members[0]
    lanes: list[str] = []
    links: list[Link] = []
    lamps = 0
    for signal in members:
        links += [Link(lamps + one.lamp, len(lanes) + one.lane, one.out) for one in signal.links]
        lanes += signal.lanes
        lamps += len(signal.greens[0])
    whole = replace(
        members[0], id="+".join(signal.id for signal in members),
        place=(sum(one.place[0] for one in members) / len(members),
               sum(one.place[1] for one in members) / len(members)),
        lanes=lanes, speeds=[speed for signal in members for speed in signal.speeds], links=links,
        greens=["".join(states) for states in product(*(signal.greens for signal in members))],
        yellow_s=max(signal.yellow_s for signal in members),
        red_s=max(signal.red_s for signal in members),
        parts=tuple(part for signal in members for part in signal.parts),
        pieces=[], feeds=[], distances={},
    )  # fmt: skip
    whole.greens = _most([_flowing(whole, state) for state in whole.greens])
    whole.cycle_s = [0] * len(whole.greens)
    served = {lane for state in whole.greens for lane in whole.lanes_of_state(state)}
    good = len(served) == len(lanes) and len(whole.greens) <= PHASES_MAX
    return whole if good else None


def _flowing(whole: Signal, state: str) -> str:
    """Return the state without the lamps that let cars into where they have to give way."""
    while True:
        free = {whole.lanes[link.lane] for link in whole.links if state[link.lamp] == "G"}
        shut = {
            link.lamp for link in whole.links
            if state[link.lamp] in GREEN and link.out in whole.lanes and link.out not in free
        }  # fmt: skip
        if not shut:
            return state
        state = "".join("r" if at in shut else sign for at, sign in enumerate(state))


def _most(states: list[str]) -> list[str]:
    """Return the states that no other one contains."""
    rank = "rgG".index

    def within(a: str, b: str) -> bool:
        return all(rank(x) <= rank(y) for x, y in zip(a, b, strict=True))

    different = list(dict.fromkeys(states))
    return [a for a in different if not any(a != b and within(a, b) for b in different)]
