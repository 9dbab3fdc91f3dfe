"""What is told to an intersection's agent before it starts, from the network's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quelea_agent.crossing import CAR_Q

from quelea.traffic.roads import DETECTOR_M, GREEN, Roads, Signal

CAR_M = 7.5  # of a queue, a car with its gap
UNLIMITED_Q = 100_000
WEIGHT = 1000
HUNDRED_M = 100.0
DETECTOR_S_MAX = 60


def exits_of(signal: Signal) -> list[str]:
    """Return the lanes that lead out, in ascending order of their names."""
    return sorted({link.out for link in signal.links})


def neighbours_of(roads: Roads, at: int) -> list[int]:
    """Return the neighbours' indices, ascending."""
    return sorted(roads.signals[at].distances)


def plan(roads: Roads, at: int, options: Mapping[str, int]) -> dict[str, Any]:
    """Return the plan of an intersection as quelea_agent.crossing.Plan takes it."""
    signal = roads.signals[at]
    near = neighbours_of(roads, at)
    exits = exits_of(signal)
    slots, exit_slots = [], [-1] * len(exits)
    for slot, other in enumerate(near):
        slots.append(_slot(signal, other))
        for feeds in roads.signals[other].feeds:
            for feed in feeds:
                if feed.signal == at:
                    exit_slots[exits.index(signal.links[feed.link].out)] = slot
    return {
        "node": at + 1,
        "numbers": [other + 1 for other in near],
        "back_slots": [neighbours_of(roads, other).index(at) for other in near],
        "phases": [_phase(signal, exits, state) for state in signal.greens],
        "rooms_q": [_room_q(signal, lane) for lane in range(len(signal.lanes))],
        "exits": len(exits),
        "exit_slots": exit_slots,
        "slots": slots,
        "shared": [
            lane
            for lane, pieces in enumerate(signal.pieces)
            if any(piece.share < 1 for piece in pieces)
        ],
        "yellow_s": signal.yellow_s,
        "red_s": signal.red_s,
        "options": dict(options),
    }


def _slot(signal: Signal, other: int) -> list[Any]:
    """Return (lanes from a neighbour, s that a detector sees ahead, s before that, weight)."""
    lanes, metres, seconds = [], signal.distances[other], 0.0
    for lane, feeds in enumerate(signal.feeds):
        mine = [feed for feed in feeds if feed.signal == other]
        if mine:
            lanes.append(lane)
            seconds = min(feed.travel_s for feed in mine)
    unseen = max(0.0, 1 - DETECTOR_M / max(1.0, metres))
    until_s = min(DETECTOR_S_MAX, int(seconds * unseen))
    seen_s = int(seconds - seconds * unseen)
    return [lanes, seen_s, until_s, int(WEIGHT / (1 + metres / HUNDRED_M))]


def _phase(signal: Signal, exits: list[str], state: str) -> list[list[Any]]:
    """Return rows (lane, weak, most_q, exits) of a phase.

    weak: it gives way to others. most_q: cars that pass until one stands in the way whose own
    movement from this lane is red, in the mean.
    """
    rows: list[list[Any]] = []
    for lane in signal.lanes_of_state(state):
        signs = [(state[link.lamp], link.out) for link in signal.links if link.lane == lane]
        ways = sorted({exits.index(out) for sign, out in signs if sign in GREEN})
        shut = sum(sign == "r" for sign, _ in signs)
        goes = sum(sign in GREEN for sign, _ in signs)
        most_q = CAR_Q * goes // shut if shut else UNLIMITED_Q
        rows.append([lane, int(all(sign != "G" for sign, _ in signs)), most_q, ways])
    return rows


def _room_q(signal: Signal, lane: int) -> int:
    """Return how many cars fit into the part of a lane, or of what feeds it, that is watched."""
    metres = 0.0
    for piece in signal.pieces[lane]:
        metres += min(piece.length_m, DETECTOR_M - piece.behind_m) * piece.share
    cars = min(metres, DETECTOR_M) / CAR_M
    return max(int(CAR_Q), int(cars * CAR_Q))
