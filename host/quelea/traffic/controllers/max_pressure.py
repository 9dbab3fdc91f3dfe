"""Max-pressure: the phase whose movements lead from the longest queues into the shortest.

Varaiya, "Max pressure control of a network of signalized intersections", Transportation Research
C 36, 2013; with queues only, and every movement of a lane weighted alike, as no intersection knows
the shares of turns.
"""

from __future__ import annotations

from quelea.traffic.controllers.base import Scored
from quelea.traffic.roads import GREEN
from quelea.traffic.world import Seen


class MaxPressure(Scored):
    """Score: over a phase's movements, cars standing before less cars standing behind."""

    def score(self, at: int, phase: int, seen: list[Seen]) -> float:
        signal = self.lamps[at].signal
        total = 0.0
        state = signal.greens[phase]
        for link in signal.links:
            if state[link.lamp] in GREEN:
                total += seen[link.lane].queue - self.world.standing(link.out)
        return total


class MaxPressureMaxRed(MaxPressure):
    """The same; a lane with cars that has been red for 120 s goes first."""

    red_s_max = 120
