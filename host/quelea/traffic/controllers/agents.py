"""Ours: one agent an intersection, the firmware's own Crossing, with claims between neighbours."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from quelea_agent.crossing import BIN_S, BINS, CAR_Q, Crossing, Plan

from quelea.traffic import plans
from quelea.traffic.controllers.base import Controller
from quelea.traffic.lies import LIES
from quelea.traffic.world import HALTED_M_S, Lamp, World

SLOW_M_S = 2.0  # below it a car stands in the queue
FLOW_M_S_MIN = 5.0  # a moving car is not taken to be slower than this
LINE_M = 10.0  # a car nearer than this is the first; some wait inside the junction to turn
BOX_M_S = 1.0  # a car slower than this inside the junction blocks it
EXIT_M = 60.0  # of a road behind the junction, what the exit's detector sees
Link = tuple[int, int]


class Agents(Controller):
    """crossings: by signal. Claims spoken in a second are heard in the next."""

    takes_options = True

    def __init__(
        self, world: World, lamps: list[Lamp], options: Mapping[str, int], liars: int, cuts: int,
        seed: int,
    ) -> None:  # fmt: skip
        super().__init__(world, lamps)
        roads = world.roads
        given = [plans.plan(roads, at, options) for at in range(len(lamps))]
        self.crossings = [Crossing(Plan(one), 1) for one in given]
        for lamp, crossing in zip(lamps, self.crossings, strict=True):
            lamp.head = crossing.head
        self.near = [plans.neighbours_of(roads, at) for at in range(len(lamps))]
        self.sensors = [Sensor(world, at) for at in range(len(lamps))]
        self._inboxes: list[list[tuple[int, bytes]]] = [[] for _ in lamps]
        draws = random.Random(seed)
        told = [at for at in range(len(lamps)) if self.near[at]]
        self.liars = set(draws.sample(told, min(liars, len(told))))
        links = sorted({(min(a, b), max(a, b)) for a in told for b in self.near[a]})
        self.cut: set[Link] = set(draws.sample(links, min(cuts, len(links))))
        self._lie: Callable[[bytes], bytes] = LIES[options.get("lie", 0)][1]

    def decide(self) -> None:
        inboxes, self._inboxes = self._inboxes, [[] for _ in self.lamps]
        for at, crossing in enumerate(self.crossings):
            self.sensors[at].read(crossing)
            claim = crossing.step(inboxes[at])
            if claim is not None:
                self._publish(at, bytes(claim))

    def _publish(self, at: int, claim: bytes) -> None:
        self.messages += 1
        if at in self.liars:
            claim = self._lie(claim)
            self.lies += 1
        for other in self.near[at]:
            if (min(at, other), max(at, other)) not in self.cut:
                self._inboxes[other].append((at + 1, claim))


class Sensor:
    """The detectors of an intersection, as the integers that its agent takes."""

    def __init__(self, world: World, at: int) -> None:
        self.world = world
        self.signal = world.roads.signals[at]
        self.exits = plans.exits_of(self.signal)
        near = plans.neighbours_of(world.roads, at)
        slots = plans.plan(world.roads, at, {})["exit_slots"]
        self.edges: list[list[str]] = [[] for _ in near]
        for lane, slot in zip(self.exits, slots, strict=True):
            edge = lane.rpartition("_")[0]
            if slot >= 0 and edge not in self.edges[slot]:
                self.edges[slot].append(edge)
        self.box = world.boxes(self.signal)
        self._before: list[set[str]] = [set() for _ in near]

    def read(self, crossing: Any) -> None:
        """Write the newest readings into a Crossing, or what has its columns."""
        for at, seen in enumerate(self.world.see(self.signal)):
            queue_q, row, stands = 0, [0] * BINS, 0
            for metres, speed, share in seen.cars:
                car_q = int(CAR_Q * share)
                if speed < SLOW_M_S:
                    queue_q += car_q
                    if metres < LINE_M and speed < HALTED_M_S:
                        stands = 1
                else:
                    arrival = int(metres / max(speed, FLOW_M_S_MIN)) // BIN_S
                    if arrival < BINS:
                        row[arrival] += car_q
            crossing.queue_q[at] = queue_q
            crossing.coming_q[at] = row
            crossing.stands[at] = stands
        for way, lane in enumerate(self.exits):
            crossing.exit_full[way] = self.world.jammed(lane, EXIT_M, plans.CAR_M)
        crossing.box = self.world.slow(self.box, BOX_M_S)
        edge = self.world.sumo.edge
        for slot, names in enumerate(self.edges):
            now = {car for name in names for car in edge.getLastStepVehicleIDs(name)}
            crossing.left[slot] = len(now - self._before[slot])
            self._before[slot] = now
