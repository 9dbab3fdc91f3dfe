"""The course of a fleet over time, in bounded memory: the last minute finely, the whole coarsely.

A point holds the time, the spread and what each node said. When the whole course is full, every
two of its points become one, so that its step doubles; the largest spread of the two is kept.
"""

from collections.abc import Sequence
from typing import NamedTuple

from quelea.watch.state import Model

STEP_US = 200_000  # of the newest points: 5 a second
RECENT_POINTS = 300  # a minute
WHOLE_POINTS = 480  # before the step doubles
RATE_US = 5_000_000  # traffic is a mean over so long


class Point(NamedTuple):
    """spread_q: the largest since the point before, None where nothing could be said.

    values_q, bytes: by column; of nodes that joined later there are fewer columns.
    """

    t_us: int
    spread_q: int | None
    values_q: tuple[int | None, ...]
    bytes: tuple[int, ...]


class Course:
    """columns: the node numbers that a point's values belong to; new ones are added at the end."""

    def __init__(self) -> None:
        self.columns: list[int] = []
        self.recent: list[Point] = []
        self.whole: list[Point] = []
        self.step_us = STEP_US  # of the whole course
        self._known: set[int] = set()
        self._due_us = 0
        self._whole_due_us = 0
        self._worst_q: int | None = None

    def note(self, model: Model, t_us: int) -> bool:
        """Take a point if it is time for one; return whether it was. Call it before later rows."""
        if t_us < self._due_us:
            return False
        self._due_us = t_us - t_us % STEP_US + STEP_US
        for node in model.members():
            if node.number not in self._known:
                self._known.add(node.number)
                self.columns.append(node.number)
        nodes = [model.nodes[number] for number in self.columns]
        point = Point(
            t_us,
            model.spread_q(),
            tuple(node.value_q if node.heard and model.present(node) else None for node in nodes),
            tuple(node.account.bytes for node in nodes),
        )
        self.recent.append(point)
        if len(self.recent) > 2 * RECENT_POINTS:
            del self.recent[:-RECENT_POINTS]
        self._note_whole(point)
        return True

    def _note_whole(self, point: Point) -> None:
        worst_q = _larger(self._worst_q, point.spread_q)
        if point.t_us < self._whole_due_us:
            self._worst_q = worst_q
            return
        self._worst_q = None
        self.whole.append(point._replace(spread_q=worst_q))
        if len(self.whole) >= WHOLE_POINTS:
            self.whole = [
                b._replace(spread_q=_larger(a.spread_q, b.spread_q))
                for a, b in zip(self.whole[::2], self.whole[1::2], strict=False)
            ]
            self.step_us *= 2
        self._whole_due_us = point.t_us - point.t_us % self.step_us + self.step_us

    def newer(self, t_us: int) -> Sequence[Point]:
        """Return the recent points after t_us."""
        first = len(self.recent)
        while first and self.recent[first - 1].t_us > t_us:
            first -= 1
        return self.recent[max(first, len(self.recent) - RECENT_POINTS) :]

    def rates(self, t_us: int | None = None) -> dict[int, float]:
        """Return bytes a second of each node, over the last seconds before t_us or the newest.

        Long before the newest point it is a mean over a step of the whole course.
        """
        points = self.recent
        if t_us is not None and (not points or t_us < points[0].t_us + RATE_US):
            points = self.whole
        last = len(points) - 1
        while t_us is not None and last > 0 and points[last].t_us > t_us:
            last -= 1
        if last < 1:
            return {}
        first = last - 1
        while first > 0 and points[last].t_us - points[first].t_us < RATE_US:
            first -= 1
        span_s = (points[last].t_us - points[first].t_us) / 1e6
        pairs = zip(self.columns, points[first].bytes, points[last].bytes, strict=False)
        return {number: (after - before) / span_s for number, before, after in pairs}


def _larger(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)
