"""What every controller has, and what those share that choose the phase of the highest score."""

from __future__ import annotations

from quelea.traffic.world import Lamp, Seen, World


class Controller:
    """By default it does nothing: then the lamps are SUMO's own affair."""

    shipped = False
    takes_options = False
    every_s = 1

    def __init__(self, world: World, lamps: list[Lamp]) -> None:
        self.world = world
        self.lamps = lamps
        self.messages = 0
        self.lies = 0
        self.phase_lanes = [
            [lamp.signal.lanes_of(phase) for phase in range(len(lamp.signal.greens))]
            for lamp in lamps
        ]

    def decide(self) -> None:
        """Look and ask; called every every_s seconds."""

    def extra(self) -> dict[str, float]:
        """Return figures of its own for the result."""
        return {"lies": float(self.lies)} if self.lies else {}


class Scored(Controller):
    """The phase of the highest score, of two equal ones the one that is green. Every 10 s.

    red_s_max: a lane with cars that has been red for so long goes first; 0: never.
    """

    every_s = 10
    red_s_max = 0

    def __init__(self, world: World, lamps: list[Lamp]) -> None:
        super().__init__(world, lamps)
        if world.network.name == "arterial4x4":
            self.every_s = 5  # as in RESCO
        self.green_at_s = [[world.now_s] * len(lamp.signal.lanes) for lamp in lamps]

    def score(self, at: int, phase: int, seen: list[Seen]) -> float:
        """Return what a phase is worth."""
        return 0.0

    def decide(self) -> None:
        for at, lamp in enumerate(self.lamps):
            rows = self.phase_lanes[at]
            seen = self.world.see(lamp.signal)
            scores = [self.score(at, phase, seen) for phase in range(len(rows))]
            best = max(range(len(rows)), key=lambda p: (scores[p], p == lamp.head.phase))
            for lane in rows[lamp.head.phase]:
                self.green_at_s[at][lane] = self.world.now_s
            if self.red_s_max:
                best = self._guarded(at, best, seen, scores)
            lamp.head.ask(best)

    def _guarded(self, at: int, best: int, seen: list[Seen], scores: list[float]) -> int:
        """Return the best phase of the lane that has waited too long, if there is one."""
        green_at_s, rows = self.green_at_s[at], self.phase_lanes[at]
        late = [
            lane for lane in range(len(seen))
            if self.world.now_s - green_at_s[lane] > self.red_s_max and seen[lane].all > 0
            and any(lane in lanes for lanes in rows)
        ]  # fmt: skip
        if not late:
            return best
        first = min(late, key=lambda lane: green_at_s[lane])
        return max((p for p in range(len(rows)) if first in rows[p]), key=lambda p: scores[p])
