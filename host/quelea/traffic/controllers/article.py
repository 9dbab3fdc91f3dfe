"""The founding article's rule as written, and the same without neighbours.

    demand of a phase = own weight 1 * own cars
                      + sum over neighbours of 1 / (distance + 1) * the neighbour's cars
    green of a phase  = its share of the demand * what a fixed cycle has to give, 120 s at most

A neighbour's cars count for the phase that serves the road from it; distance in hundreds of
metres. Each intersection tells its demand once a cycle.
"""

from __future__ import annotations

from quelea.traffic.controllers.base import Controller
from quelea.traffic.world import GREEN_S_MIN, Lamp, World

CYCLE_S = 60
PHASE_S_MIN = 15  # the cycle is longer where there are more than four phases
GREEN_S_MAX = 120
DISTANCE_M = 100.0


class Cyclic(Controller):
    """A fixed cycle of 60 s or more, split by the intersection's own cars."""

    shares = False

    def __init__(self, world: World, lamps: list[Lamp]) -> None:
        super().__init__(world, lamps)
        self.plans_s: list[list[int]] = [[] for _ in lamps]
        self.told = [0.0] * len(lamps)  # by intersection: its cars at its last cycle's start
        self.counted = [0.0, 0.0]  # cars that plans were made from: own, and the neighbours'
        self.roads = [self._served(at) for at in range(len(lamps))]

    def _served(self, at: int) -> list[dict[int, float]]:
        """Return by phase: neighbours whose road it serves, with their weight."""
        signal = self.lamps[at].signal
        rows = []
        for lanes in self.phase_lanes[at]:
            row: dict[int, float] = {}
            for lane in lanes:
                for feed in signal.feeds[lane]:
                    weight = 1 / (feed.metres / DISTANCE_M + 1)
                    row[feed.signal] = max(row.get(feed.signal, 0.0), weight)
            rows.append(row)
        return rows

    def decide(self) -> None:
        for at, lamp in enumerate(self.lamps):
            head = lamp.head
            plan_s = self.plans_s[at]
            if not plan_s:
                self.plans_s[at] = plan_s = self._plan(at)
            if head.may_change() and head.age_s >= plan_s[head.phase]:
                after = (head.phase + 1) % head.phases
                if after == 0:
                    self.plans_s[at] = self._plan(at)
                head.ask(after)

    def _plan(self, at: int) -> list[int]:
        """Return the greens of the next cycle in seconds."""
        lamp = self.lamps[at]
        seen = self.world.see(lamp.signal)
        self.told[at] = sum(one.all for one in seen)
        demand = []
        for phase, lanes in enumerate(self.phase_lanes[at]):
            total = sum(seen[lane].all for lane in lanes)
            self.counted[0] += total
            if self.shares:
                row = self.roads[at][phase]
                far = sum(weight * self.told[other] for other, weight in row.items())
                self.counted[1] += far
                total += far
            demand.append(total)
        if self.shares and lamp.signal.distances:
            self.messages += 1
        phases = len(demand)
        lost_s = phases * (lamp.head.yellow_s + lamp.head.red_s + GREEN_S_MIN)
        free_s = max(CYCLE_S, phases * PHASE_S_MIN) - lost_s
        whole = sum(demand) or 1.0
        return [min(GREEN_S_MAX, GREEN_S_MIN + int(free_s * one / whole)) for one in demand]


class Article(Cyclic):
    """The same with the neighbours' cars, weighted by inverse distance."""

    shares = True

    def extra(self) -> dict[str, float]:
        return {"far": self.counted[1] / max(1.0, sum(self.counted))}
