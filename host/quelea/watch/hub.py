"""The hub: one thread that keeps the picture up to date, and what each page has not seen of it.

Nothing is queued for a page. It has a cursor; when it can take more it is given what has changed
since, so a slow one skips what lies between and the latest state wins.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from quelea.journal.rows import to_json
from quelea.watch import wire
from quelea.watch.course import RECENT_POINTS, Course
from quelea.watch.facts import Facts
from quelea.watch.state import Model

TICK_S = 0.2
SLOW_TICKS = 5  # what is judged over the whole fleet is judged once a second
EVENTS_FIRST = 200  # events that a new page is given
CATCH_UP_S = 0.15  # of a tick that reading may take while a long journal is read in


class Source(Protocol):
    """What the picture comes from: a Follower of a journal, or a bus."""

    model: Model
    course: Course
    facts: Facts
    phase: str
    whole: bool
    audit_behind: int
    audit_missing: str

    def step(self) -> None:
        """Take what is new."""
        ...

    def close(self) -> None:
        """End."""
        ...


class Cursor(NamedTuple):
    """What a page has seen: up to which tick, event, and time of the course."""

    tick: int
    event: int
    t_us: int


class Hub:
    """start() begins; listeners are called after each tick, from the hub's thread."""

    def __init__(self, source: Source, about: dict[str, Any]) -> None:
        self.source = source
        self.about = about
        self.tick = 0
        self.problem = ""  # why the picture stands still
        self.listeners: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._rows: dict[int, tuple[int, list[Any]]] = {}  # tick of the newest change, row
        self._slow: dict[str, Any] = {}
        self._slow_tick = 0
        self._members: list[dict[str, Any]] = []
        self._members_tick = 0
        self._texts: dict[Cursor, tuple[str, Cursor]] = {}  # of this tick: most pages ask the same
        self._busy_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the source."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self.source.close()

    # -- the thread ---------------------------------------------------------------------------
    def _run(self) -> None:
        while not self._stopping.is_set():
            begun_s = time.monotonic()
            try:
                self.turn()
                self.problem = ""
            except Exception as error:  # the page says so and the next turn tries again
                self.problem = f"{type(error).__name__}: {error}"[:200]
            for listener in list(self.listeners):
                listener()
            used_s = time.monotonic() - begun_s
            self._stopping.wait(TICK_S - used_s if used_s < TICK_S else 0.001)

    def turn(self) -> None:
        """Read what is new and work out what has changed."""
        begun_s = time.monotonic()
        with self._lock:
            self.source.step()
            while not self.source.whole and time.monotonic() - begun_s < CATCH_UP_S:
                self.source.step()
            self._compare()
            self._busy_s = time.monotonic() - begun_s

    def _compare(self) -> None:
        model = self.source.model
        self.tick += 1
        self._texts.clear()
        for node in model.members():
            row = wire.node_row(model, node)
            before = self._rows.get(node.number)
            if before is None or before[1] != row:
                self._rows[node.number] = self.tick, row
        members = wire.members(model)
        if members != self._members:
            self._members, self._members_tick = members, self.tick
        if self.tick % SLOW_TICKS == 1 or self.source.phase != self._slow.get("phase"):
            slow = {
                "fleet": wire.fleet(model),
                "notices": wire.notice_rows(model),
                "epochs": wire.epoch_rows(model),
                "faults": wire.fault_rows(model),
                "phase": self.source.phase,
                "rates": {n: round(rate, 1) for n, rate in self.source.course.rates().items()},
                "audit_behind": self.source.audit_behind,
            }
            if slow != self._slow:
                self._slow, self._slow_tick = slow, self.tick

    # -- what pages are given -----------------------------------------------------------------
    def hello(self) -> tuple[str, Cursor]:
        """Return the first message of a page, with everything, and the cursor after it."""
        with self._lock:
            return self._hello()

    def _hello(self) -> tuple[str, Cursor]:
        source, model = self.source, self.source.model
        facts = source.facts
        course = source.course
        message = {
            "wire": wire.WIRE,
            "about": self.about,
            "facts": {
                "name": facts.name,
                "started": facts.started,
                "mode": facts.mode,
                "rule": facts.rule,
                "faults_max": facts.faults_max,
                "period_ms": facts.period_ms,
                "rho": facts.rho,
                "lo_q": facts.lo_q,
                "hi_q": facts.hi_q,
            },
            "audit_missing": source.audit_missing,
            "node_fields": wire.NODE_FIELDS,
            "recent": [wire.point_row(one) for one in course.recent[-RECENT_POINTS:]],
            "whole": [wire.point_row(one) for one in course.whole],
            **self._changes(Cursor(0, max(0, model.events_taken - EVENTS_FIRST), 1 << 62)),
        }
        return to_json(message), self._cursor()

    def news(self, cursor: Cursor) -> tuple[str, Cursor]:
        """Return what has changed since a cursor, and the cursor after it."""
        with self._lock:
            if cursor not in self._texts:
                self._texts[cursor] = to_json(self._changes(cursor)), self._cursor()
            return self._texts[cursor]

    def _cursor(self) -> Cursor:
        recent = self.source.course.recent
        events = self.source.model.events_taken
        return Cursor(self.tick, events, recent[-1].t_us if recent else -1)

    def _changes(self, cursor: Cursor) -> dict[str, Any]:
        model = self.source.model
        changes: dict[str, Any] = {
            "tick": self.tick,
            "t_us": model.t_us,
            "busy_ms": round(1000 * self._busy_s, 1),
            "reading": not self.source.whole,
            "problem": self.problem,
            "nodes": [row for tick, row in self._rows.values() if tick > cursor.tick],
            "events": wire.event_rows(e for e in model.events if e.number > cursor.event),
            "points": [wire.point_row(one) for one in self.source.course.newer(cursor.t_us)],
            "budget": wire.budget(model),
            "spread_q": model.spread_q(),
        }
        if self._members_tick > cursor.tick:
            changes["members"] = self._members
            changes["columns"] = self.source.course.columns
        if self._slow_tick > cursor.tick:
            changes["slow"] = self._slow
        return changes
