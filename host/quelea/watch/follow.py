"""Follow a journal: its rows into a model, a course and the audit, while it is written or later.

Read-only and in small steps. The audit is let lag behind: the picture of now comes first.
"""

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from quelea.audit.auditor import Auditor
from quelea.audit.setting import read_setting
from quelea.errors import UserError
from quelea.journal import Journal
from quelea.watch.course import STEP_US, Course
from quelea.watch.facts import Facts
from quelea.watch.predict import rho_of
from quelea.watch.state import Accusation, Model

PAGE_ROWS = 2_000
AUDIT_ROWS = 200
AUDIT_S = 0.08  # of a step that the audit may take
SILENT_S = 10.0  # without a change of the file, where the journal does not say who writes it
NODES_STEPS = 5  # members and faults change seldom
RHO_NODES_MAX = 600  # beyond it the figure takes longer than a step

RUNNING, FINISHED, BROKEN_OFF = "running", "finished", "broken off"


class _Row(NamedTuple):
    t_us: int
    take: Callable[[Any], None]
    row: Any


class Follower:
    """path: the journal's file. blind: do not tell who lies. audited: hold frames against rules.

    step() reads on; then model, course, phase and audit_behind tell how things stand.
    """

    def __init__(self, path: Path, blind: bool = False, audited: bool = True) -> None:
        self.path = path
        self.journal = Journal.open(path)
        self.blind = blind
        run = self.journal.run()
        rows = self.journal.nodes()
        near = {row.number: row.neighbours for row in rows}
        rho = rho_of(near) if len(near) <= RHO_NODES_MAX else None
        self.facts = Facts.of_run(run, rho)
        self.model = Model(self.facts, rows, blind)
        self.course = Course()
        self.phase = RUNNING
        self.whole = False  # whether all that was there at the last step has been read
        self.audit_behind = 0  # frames that the audit has not seen yet
        self.audit_missing = ""  # why there is no audit
        self._pid = run.get("pid")
        self._started_s = _begun_s(self.facts.started)
        self._steps = 0
        self._at = {"frame": 0, "state": 0, "status": 0, "event": 0}
        self._audit_at = 0
        self._auditor: Auditor | None = None
        self._told: dict[int, int] = {}
        if audited:
            self._begin_audit()

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    # -- reading ------------------------------------------------------------------------------
    def step(self) -> None:
        """Read up to a page of new frames with what was recorded beside them."""
        if self.phase != RUNNING and self.whole:
            self._audit()
            return
        run_ended = self._ended()  # asked before reading: what was written before it is read
        frames = self.journal.newer_frames(self._at["frame"], PAGE_ROWS)
        until_us = frames[-1].t_us if len(frames) == PAGE_ROWS else None
        model = self.model
        self._steps += 1
        if self._steps % NODES_STEPS == 1:
            model.take_nodes(self.journal.nodes())
        rows = [_Row(row.t_us, model.take_frame, row) for row in frames]
        if frames:
            self._at["frame"] = frames[-1].at
        journal = self.journal
        for table, read, take in (
            ("state", journal.newer_states, model.take_state),
            ("status", journal.newer_statuses, model.take_status),
            ("event", journal.newer_events, model.take_event),
        ):
            found: Sequence[Any] = read(self._at[table])
            if until_us is not None:
                found = [row for row in found if row.t_us <= until_us]
            if found:
                self._at[table] = found[-1].at
                rows += [_Row(row.t_us, take, row) for row in found]
        rows.sort(key=lambda row: row.t_us)
        self._feed(rows)
        if self._steps % NODES_STEPS == 1 or len(frames) < PAGE_ROWS:
            for fault in journal.faults():
                model.take_fault(fault)
        self.whole = len(frames) < PAGE_ROWS
        if self.whole:
            self.phase = run_ended
            if run_ended == RUNNING:
                model.tick(self._now_us())
                self.course.note(model, model.t_us)
        self._audit()

    def _feed(self, rows: Sequence[_Row]) -> None:
        for t_us, take, row in rows:
            if t_us - self.model.t_us > STEP_US:
                self.course.note(self.model, self.model.t_us)
            take(row)
            self.course.note(self.model, t_us)

    def _now_us(self) -> int:
        if self._started_s is None:
            return self.model.t_us
        return int((time.time() - self._started_s) * 1e6)

    def _ended(self) -> str:
        """Return whether anybody still writes: by the journal's word, its process, or its age."""
        if self.journal.closed:
            return FINISHED
        if isinstance(self._pid, int):
            return RUNNING if _alive(self._pid) else BROKEN_OFF
        newest_s = max(
            place.stat().st_mtime
            for place in (self.path, self.path.with_name(self.path.name + "-wal"))
            if place.exists()
        )
        return RUNNING if time.time() - newest_s < SILENT_S else BROKEN_OFF

    # -- the audit ----------------------------------------------------------------------------
    def _begin_audit(self) -> None:
        try:
            self._auditor = Auditor(read_setting(self.journal))
        except UserError as error:
            self.audit_missing = str(error.what)

    def _audit(self) -> None:
        auditor = self._auditor
        if auditor is None:
            return
        until_s = time.monotonic() + AUDIT_S
        while time.monotonic() < until_s:
            rows = self.journal.newer_frames(self._audit_at, AUDIT_ROWS)
            if not rows:
                break
            for row in rows:
                auditor.hear(row)
                self._audit_at = row.at
                if time.monotonic() > until_s:  # where many break the rules each frame takes long
                    break
        self.audit_behind = max(0, self._at["frame"] - self._audit_at)
        if self.phase != RUNNING and self.whole and not self.audit_behind:
            auditor.finish()
            self._auditor = None
        for number, one in accusations(auditor).items():
            self.model.accuse(number, one)


def accusations(auditor: Auditor) -> dict[int, Accusation]:
    """Return what an auditor has found against each node so far."""
    found: dict[int, Accusation] = {}
    for finding in auditor.findings:
        first = found.get(finding.source)
        if first is None:
            count = auditor.counts[finding.source]["findings"]
            found[finding.source] = Accusation(count, finding.t_us, finding.wrong.what)
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _begun_s(started: str) -> float | None:
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
