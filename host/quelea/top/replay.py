"""Replayer: a journal played again at a speed, through the same model as a live fleet."""

import heapq
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from quelea.audit.auditor import Auditor
from quelea.audit.setting import read_setting
from quelea.errors import UserError
from quelea.journal import FrameRow, Journal
from quelea.watch.course import STEP_US, Course
from quelea.watch.facts import Facts
from quelea.watch.follow import FINISHED, accusations
from quelea.watch.look_back import model_at
from quelea.watch.predict import rho_of
from quelea.watch.state import Model

US = 1_000_000
RHO_NODES_MAX = 600
STEP_ROWS = 5_000  # at most in one step: a screen is drawn between two of them
STEP_S_MAX = 0.5  # of the run's time that may pass unseen when the machine is slow, times speed
PLAYING, PAUSED = "playing", "paused"

_Row = tuple[int, int, Callable[[Any], None], Any]


class Replayer:
    """speed: seconds of the run a second. clock_s: for tests. Times in t_us of the journal.

    step() plays on up to where the clock is; pause(), seek() and speed may change at any time.
    """

    whole = True
    audit_behind = 0

    def __init__(
        self,
        path: Path,
        speed: float = 1.0,
        blind: bool = False,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.journal = Journal.open(path)
        self.blind = blind
        self.speed = speed
        self.paused = False
        self.audit_missing = ""
        self._clock_s = clock_s
        rows = self.journal.nodes()
        near = {row.number: row.neighbours for row in rows}
        rho = rho_of(near) if 1 < len(near) <= RHO_NODES_MAX else None
        self.facts = Facts.of_run(self.journal.run(), rho)
        forgotten = self.journal.forgotten
        self.begin_us = forgotten.until_us if forgotten else 0
        self.end_us = self.journal.end_us()
        self.at_us = self.begin_us
        self.model = Model(self.facts, rows, blind)
        self.course = Course()
        self._auditor: Auditor | None = None
        self._audited()
        self._rows = self._from(self.begin_us)
        self._next: _Row | None = next(self._rows, None)
        self._then_s = clock_s()

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    @property
    def phase(self) -> str:
        """What it does now; finished at the end."""
        if self._next is None and self.at_us >= self.end_us:
            return FINISHED
        return PAUSED if self.paused else PLAYING

    def step(self) -> None:
        """Play up to where the clock is."""
        now_s = self._clock_s()
        passed_s, self._then_s = now_s - self._then_s, now_s
        if not self.paused:
            self.advance(int(min(passed_s, STEP_S_MAX) * self.speed * US))

    def advance(self, by_us: int) -> None:
        """Play by_us of the run's time on, or less when that were very many rows."""
        target_us = min(self.at_us + by_us, self.end_us)
        taken = 0
        while self._next is not None and self._next[0] <= target_us:
            t_us, _, take, row = self._next
            if taken >= STEP_ROWS:
                target_us = t_us
                break
            if t_us - self.model.t_us > STEP_US:
                self.course.note(self.model, self.model.t_us)
            take(row)
            self.course.note(self.model, t_us)
            taken += 1
            self._next = next(self._rows, None)
        self.at_us = max(self.at_us, target_us)
        self.model.tick(self.at_us)
        for fault in self.journal.faults():
            if fault.from_us <= self.at_us:
                self.model.take_fault(fault)
        if self._next is None and self._auditor is not None:
            self._auditor.finish()
        self._accuse()

    def seek(self, t_us: int) -> None:
        """Go to another time; the picture is that of the journal there, the course begins anew."""
        self.at_us = max(self.begin_us, min(t_us, self.end_us))
        self.model = model_at(self.journal, self.facts, self.at_us, self.blind)
        self.course = Course()
        self.course.note(self.model, self.at_us)
        self._audited()
        self._rows = self._from(self.at_us + 1)
        self._next = next(self._rows, None)
        self._then_s = self._clock_s()

    def _audited(self) -> None:
        try:
            self._auditor = Auditor(read_setting(self.journal))
        except UserError as error:
            self.audit_missing = str(error.what)

    def _accuse(self) -> None:
        if self._auditor is not None:
            for number, one in accusations(self._auditor).items():
                self.model.accuse(number, one)

    def _frame(self, row: FrameRow) -> None:
        self.model.take_frame(row)
        if self._auditor is not None:
            self._auditor.hear(row)

    def _from(self, since_us: int) -> Iterator[_Row]:
        """Yield all rows from a time on, in order of time."""
        journal = self.journal
        tables: tuple[tuple[Iterator[Any], Callable[[Any], None]], ...] = (
            (journal.states(since_us), lambda row: self.model.take_state(row)),
            (journal.statuses(since_us), lambda row: self.model.take_status(row)),
            (journal.events(since_us), lambda row: self.model.take_event(row)),
            (journal.frames(since_us, good=None), self._frame),
        )
        parts = [_with(rank, rows, take) for rank, (rows, take) in enumerate(tables)]
        return heapq.merge(*parts, key=lambda one: one[:2])


def _with(rank: int, rows: Iterator[Any], take: Callable[[Any], None]) -> Iterator[_Row]:
    for row in rows:
        yield row.t_us, rank, take, row
