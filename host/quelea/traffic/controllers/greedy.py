"""Greedy: the phase with the most cars before it, standing or coming; RESCO's MAXWAVE."""

from __future__ import annotations

from quelea.traffic.controllers.base import Scored
from quelea.traffic.world import Seen


class Greedy(Scored):
    """Score: cars in the detectors' range."""

    def score(self, at: int, phase: int, seen: list[Seen]) -> float:
        return sum(seen[lane].all for lane in self.phase_lanes[at][phase])
