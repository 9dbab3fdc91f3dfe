"""Why a signal plan loses time: green that nobody uses, and on which roads cars stand."""

from __future__ import annotations

from quelea_agent.signal_head import GREEN

from quelea.traffic.world import Lamp, World

SOON_S = 6.0  # a car that can be at the stop line within this uses the green
SLOW_M_S = 5.0


class Idle:
    """To be called each second with the world and the lamps. green_s, idle_s: of all signals.

    demanded_s: idle seconds while cars stood before another phase of the same intersection.
    fed, border: car-seconds of standing on roads from a neighbour, and from outside.
    """

    def __init__(self) -> None:
        self.green_s = 0
        self.idle_s = 0
        self.demanded_s = 0
        self.fed = 0.0
        self.border = 0.0
        self.seconds = 0

    def __call__(self, world: World, lamps: list[Lamp]) -> None:
        self.seconds += 1
        for lamp in lamps:
            seen = world.see(lamp.signal)
            for feeds, one in zip(lamp.signal.feeds, seen, strict=True):
                if feeds:
                    self.fed += one.queue
                else:
                    self.border += one.queue
            if lamp.head.stage != GREEN:
                continue
            lanes = lamp.signal.lanes_of(lamp.head.phase)
            self.green_s += 1
            if any(
                metres < SOON_S * max(speed, SLOW_M_S)
                for lane in lanes for metres, speed, _ in seen[lane].cars
            ):  # fmt: skip
                continue
            self.idle_s += 1
            others = (one for at, one in enumerate(seen) if at not in lanes)
            self.demanded_s += any(one.queue > 0 for one in others)

    @property
    def share(self) -> float:
        """Idle green while others wait, as a share of all green."""
        return self.demanded_s / max(1, self.green_s)
