"""Recorder: what producers see of a journal. Every method returns at once and never raises.

Rows wait in one bounded buffer until a writer takes them. When it is full, frames are dropped and
counted first; the few rows that tell what happened to the run have a reserve of their own.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from quelea.journal.rows import PAYLOAD_BYTES_KEPT, Check, Decoded, Decoder, NodeRow, to_json
from quelea.journal.schema import TABLES

ROWS_MAX = 100_000  # about 50 MB: 20 s at 5,000 frames a second while the disk is in trouble
RESERVE_ROWS = 10_000  # more than ROWS_MAX for every table but `frame`

Batch = dict[str, list[tuple[Any, ...]]]


class Incomplete(NamedTuple):
    """What a journal lacks. reason: the newest cause; dropped: rows by table; when, in t_us."""

    reason: str
    dropped: dict[str, int]
    from_us: int
    to_us: int

    def as_json(self) -> dict[str, Any]:
        """Return the object that the run key `incomplete` holds."""
        return self._asdict()


class Forgotten(NamedTuple):
    """What a journal of bounded size has removed: its oldest frames, all before until_us."""

    frames: int
    until_us: int


def empty_batch() -> Batch:
    """Return a list for each table."""
    return {table.name: [] for table in TABLES}


class Recorder:
    """clock_us: microseconds since the run started; by default from this moment on.

    All methods may be called from any thread. t_us: None takes the clock.
    """

    def __init__(
        self, clock_us: Callable[[], int] | None = None, rows_max: int = ROWS_MAX
    ) -> None:
        start_ns = time.monotonic_ns()
        self.now_us = clock_us or (lambda: (time.monotonic_ns() - start_ns) // 1000)
        self.rows_max = rows_max
        # Re-entrant: a signal handler of the main thread may record while the main thread does.
        self._lock = threading.RLock()
        self._pending = empty_batch()
        self._waiting = 0  # rows in memory: pending, and taken but not written yet
        self._faults = 0
        self._decoder = Decoder()
        self._dropped: dict[str, int] = {}
        self._dropped_reason = ""
        self._dropped_from_us = 0
        self._dropped_to_us = 0
        self._ended = False  # rows from now on come too late

    # -- producers ----------------------------------------------------------------------------
    def frame(
        self,
        t_us: int,
        channel: str,
        source: int,
        dest: int,
        payload: bytes,
        decoded: Decoded | None = None,
    ) -> None:
        """Record a payload as heard. channel: x, d or hr; source, dest: numbers, dest 0 for all.

        decoded: what Decoder.decode said of it, when the caller has asked already.
        """
        if len(payload) > PAYLOAD_BYTES_KEPT:
            payload = payload[:PAYLOAD_BYTES_KEPT]
        if decoded is None:
            with self._lock:
                decoded = self._decoder.decode(payload, source)
        self._put("frame", (t_us, channel, source, dest, payload, *decoded))

    def state(self, node: int, name: str, value: str, t_us: int | None = None) -> None:
        """Record a published $state or $birth, or a change of a lease."""
        self._put("state", (self._at(t_us), node, name, value))

    def status(self, node: int, document: str, t_us: int | None = None) -> None:
        """Record a status document: JSON text."""
        self._put("status", (self._at(t_us), node, document))

    def event(
        self,
        source: str,
        name: str,
        detail: Mapping[str, Any] | None = None,
        t_us: int | None = None,
    ) -> None:
        """Record that something happened. source: fleet, coordinator, journal, or a node id."""
        self._put("event", (self._at(t_us), source, name, to_json(dict(detail or {}))))

    def fault(
        self,
        name: str,
        target: str,
        from_us: int,
        to_us: int | None = None,
        fired: int = 0,
        detail: Mapping[str, Any] | None = None,
        fault_id: int = 0,
    ) -> int:
        """Record an injected fault and return its id; with that id again, bring it up to date."""
        with self._lock:
            if fault_id == 0:
                self._faults += 1
                fault_id = self._faults
        row = (fault_id, name, target, from_us, to_us, fired, to_json(dict(detail or {})))
        self._put("fault", row)
        return fault_id

    def run(self, key: str, value: Any) -> None:
        """Record one of schema.RUN_KEYS, or another fact of the run; the newest value counts."""
        self._put("run", (key, to_json(value)))

    def nodes(self, rows: Sequence[NodeRow]) -> None:
        """Record members of the fleet; a number recorded before is replaced."""
        for row in rows:
            neighbours, roles = to_json(list(row.neighbours)), to_json(list(row.roles))
            self._put("node", (row.number, row.id, neighbours, roles))

    def finish(self, checks: Sequence[Check], holds: bool) -> None:
        """Record the verdict and that the run came to its end."""
        for check in checks:
            value, bound = to_json(check.value), to_json(check.bound)
            self._put("verdict", (check.name, int(check.ok), value, bound, check.unit))
        self.run("verdict", holds)
        self.run("finished", self.now_us())

    # -- what a writer and the curious need ---------------------------------------------------
    @property
    def incomplete(self) -> Incomplete | None:
        """What has been dropped so far, or None: also when it can be written nowhere."""
        with self._lock:
            if not self._dropped:
                return None
            return Incomplete(
                self._dropped_reason,
                dict(self._dropped),
                self._dropped_from_us,
                self._dropped_to_us,
            )

    @property
    def waiting(self) -> int:
        """Rows in memory that are not in the file yet."""
        return self._waiting

    @property
    def trouble(self) -> str:
        """Why rows cannot be written at this moment; empty when they can."""
        return ""

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything recorded before this call can be read; False if it cannot."""
        return True

    def close(self, timeout_s: float = 10.0) -> Incomplete | None:
        """Write what is left and end; return what the journal lacks, or None."""
        return self.incomplete

    def _at(self, t_us: int | None) -> int:
        return self.now_us() if t_us is None else t_us

    def _put(self, table: str, row: tuple[Any, ...]) -> None:
        with self._lock:
            bound = self.rows_max if table == "frame" else self.rows_max + RESERVE_ROWS
            if self._ended or self._waiting >= bound:
                late = "recorded after the journal was closed" if self._ended else ""
                self._drop(table, 1, late or self.trouble or "the writer does not keep up")
                return
            self._pending[table].append(row)
            self._waiting += 1
        self._woken()

    def _woken(self) -> None:
        """Called after each row; the lock is not held."""

    def _drop(self, table: str, rows: int, reason: str) -> None:
        with self._lock:
            now_us = self.now_us()
            if not self._dropped:
                self._dropped_from_us = now_us
            self._dropped_to_us = now_us
            self._dropped_reason = reason
            self._dropped[table] = self._dropped.get(table, 0) + rows

    def _take(self, last: bool = False) -> tuple[Batch, int]:
        """Return all pending rows and how many they are; they count as waiting until _done."""
        with self._lock:
            batch, self._pending = self._pending, empty_batch()
            self._ended = last
        return batch, sum(len(rows) for rows in batch.values())

    def _done(self, rows: int) -> None:
        with self._lock:
            self._waiting -= rows
