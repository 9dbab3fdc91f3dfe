"""Where everything in the picture is: the same for SVG and PNG. y grows downwards, in lanes."""

import math
from bisect import bisect_right
from dataclasses import dataclass

from quelea.simulator.network import LOST, SENT
from quelea.simulator.picture import COLOURS, SECOND_US, Picture
from quelea.simulator.world import Flight

GAP_US = 1500  # shorter gaps between two instants are drawn to scale, longer ones ever shorter
TICK_SHARE = 0.055  # of the width: labels on the time axis are at least so far apart
FAINT = 0.22
STUB = 0.35  # of its way: how much is drawn of a frame that was lost


@dataclass(frozen=True)
class Arrow:
    """From (x, y) to (to_x, to_y): x as a share of the width, y in lanes."""

    x: float
    y: float
    to_x: float
    to_y: float
    colour: str
    strength: float
    lost: bool


class Layout:
    """x(t_us): 0..1, stretched where things happen: a gap of t grows as the logarithm of t."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.lane = {node: float(row) for row, node in enumerate(picture.ids)}
        self.instants = self._instants()
        at = [0.0]
        for before, after in zip(self.instants, self.instants[1:]):
            at.append(at[-1] + math.log1p((after - before) / GAP_US))
        self.at = [here / (at[-1] or 1.0) for here in at]

    def _instants(self) -> list[int]:
        picture = self.picture
        found = {picture.from_us, picture.to_us}
        for flight in picture.flights:
            found |= {flight.from_us, flight.to_us}
        found |= {mark[0] for mark in picture.marks} | {event[0] for event in picture.fleet}
        return sorted(t for t in found if picture.from_us <= t <= picture.to_us)

    def x(self, t_us: int) -> float:
        """Return the place of an instant; before and after the window its edges."""
        t_us = min(max(t_us, self.picture.from_us), self.picture.to_us)
        row = min(max(0, bisect_right(self.instants, t_us) - 1), len(self.instants) - 2)
        if row < 0:
            return 0.0
        first, last = self.instants[row], self.instants[row + 1]
        share = (t_us - first) / (last - first)
        return self.at[row] + share * (self.at[row + 1] - self.at[row])

    def arrows(self) -> list[Arrow]:
        """Return the flights, those that matter last, so that they lie on top."""
        rows = sorted(self.picture.flights, key=self.picture.stands_out)
        return [self._arrow(flight) for flight in rows]

    def _arrow(self, flight: Flight) -> Arrow:
        x, y, to_y = self.x(flight.from_us), self.lane[flight.source], self.lane[flight.dest]
        to_x, lost = self.x(flight.to_us), flight.fate == LOST
        if lost:
            to_x, to_y = x + 0.006, y + STUB * (to_y - y)
        strength = 1.0 if self.picture.stands_out(flight) else FAINT
        return Arrow(x, y, to_x, to_y, COLOURS.get(flight.fate, COLOURS[SENT]), strength, lost)

    def values(self) -> list[tuple[float, float, str, bool]]:
        """Return (x, y, text, a liar's) of the values said: at the sender, or where it is told."""
        out = []
        heard = {(f.from_us, f.source, f.dest): f.to_us for f in self.picture.flights}
        for row in self.picture.said:
            lies = row.node in self.picture.liars
            if row.dest == 0:
                out.append((self.x(row.t_us), self.lane[row.node], str(row.value_q), lies))
            elif (row.t_us, row.node, row.dest) in heard:
                there_us = heard[row.t_us, row.node, row.dest]
                out.append((self.x(there_us), self.lane[row.dest], str(row.value_q), lies))
        return out

    def ticks(self) -> list[tuple[float, str]]:
        """Return (x, label) of some instants, none too near the one before."""
        out: list[tuple[float, str]] = []
        starts = {flight.from_us for flight in self.picture.flights}
        for t_us in sorted(starts.intersection(self.instants) | {self.picture.from_us}):
            here = self.x(t_us)
            if not out or here - out[-1][0] >= TICK_SHARE:
                out.append((here, f"{t_us / SECOND_US:.3f}"))
        return out

    def rings(self) -> list[tuple[float, float, int, str]]:
        """Return (x, y, number, text) of the violations at nodes that are shown."""
        found: dict[tuple[int, int], tuple[float, float, int, str]] = {}
        for number, (t_us, node, text) in enumerate(self.picture.marks, start=1):
            if node in self.lane:
                found.setdefault((t_us, node), (self.x(t_us), self.lane[node], number, text))
        return list(found.values())

    def name(self, node: int) -> str:
        """Return what stands before a lane."""
        return self.picture.ids[node] + (" lies" if node in self.picture.liars else "")
