"""Writer: a recorder whose rows a thread of its own puts into the file, batch by batch.

A file in trouble (disk full, read-only, locked, removed) stops no producer: the batch is tried
again until it goes in; meanwhile rows wait in memory up to the recorder's bound, and beyond it
they are dropped and counted. As soon as the file can be written again, what was dropped stands
in it. A journal without the run key `closed` is still open or was left by a kill.
"""

import atexit
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from quelea.errors import UserError
from quelea.journal.recorder import ROWS_MAX, Batch, Incomplete, Recorder, empty_batch
from quelea.journal.rows import to_json
from quelea.journal.schema import SUMS
from quelea.journal.sink import Sink, connect
from quelea.journal.tally import Tally

BATCH_ROWS = 2_000  # written at once when so many wait ...
BATCH_S = 0.25  # ... or after this time: what a kill may lose
RETRY_S = 0.2  # between two tries while the file is in trouble


class Writer(Recorder):
    """Records into the file at path, made when it is not there.

    bytes_max: of the file; beyond it the oldest frames are forgotten, and the file says so. 0: no
    bound. The log beside it takes some 20 MB more.

    Raises UserError when there is a file already: a journal is written once. Everything that
    goes wrong later is in `trouble` (now) and `incomplete` (rows lost).
    """

    def __init__(
        self,
        path: Path,
        clock_us: Callable[[], int] | None = None,
        rows_max: int = ROWS_MAX,
        batch_rows: int = BATCH_ROWS,
        batch_s: float = BATCH_S,
        bytes_max: int = 0,
    ) -> None:
        super().__init__(clock_us, rows_max)
        if path.exists():
            raise UserError(
                "there is a file already, and a journal is written once",
                where=str(path),
                remedy="give the run another folder, or remove the file.",
            )
        self.path = path
        self.batch_rows = batch_rows
        self.batch_s = batch_s
        self.bytes_max = bytes_max
        self._tally = Tally()
        self._sink: Sink | None = None
        self._trouble = ""
        self._written = empty_count()
        self._told = 0  # dropped rows that the file knows of
        self._identity = empty_batch()  # run and node rows, should the file have to be made anew
        self._wake = threading.Event()
        self._flushed = threading.Condition()
        self._rounds_begun = 0  # turns of the thread: a flush waits for one begun after it
        self._rounds_done = 0
        self._deadline: float | None = None  # set by close
        self._thread = threading.Thread(target=self._main, name="journal", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    @property
    def trouble(self) -> str:
        """Why rows cannot be written at this moment; empty when they can."""
        return self._trouble

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything recorded before this call is in the file; False if it is not."""
        with self._flushed:
            wanted = self._rounds_begun + 1
            self._wake.set()
            return self._flushed.wait_for(
                lambda: self._rounds_done >= wanted or not self._thread.is_alive(), timeout_s
            ) and (self._rounds_done >= wanted)

    def close(self, timeout_s: float = 10.0) -> Incomplete | None:
        """Write what is left and close the file; what cannot be written in time is dropped."""
        if self._deadline is None:
            self._deadline = time.monotonic() + timeout_s
            atexit.unregister(self._at_exit)
        self._wake.set()
        self._thread.join(timeout_s + 5.0)
        return self.incomplete

    def _at_exit(self) -> None:
        self.close(2.0)

    def _woken(self) -> None:
        if self._waiting >= self.batch_rows:
            self._wake.set()

    # -- the thread ---------------------------------------------------------------------------
    def _main(self) -> None:
        while True:
            self._wake.wait(self.batch_s)
            self._wake.clear()
            closing = self._deadline is not None
            with self._flushed:
                self._rounds_begun += 1
            batch, rows = self._take(closing)
            written = True
            if rows or self._sink is None or (closing and self._tally.untold):
                written = self._persist(batch, rows)
            with self._flushed:
                if written:
                    self._rounds_done = self._rounds_begun
                self._flushed.notify_all()
            if closing:
                self._end()
                return

    def _persist(self, batch: Batch, rows: int) -> bool:
        """Write the batch however long it takes; False when close() ran out of time first."""
        self._sum_up(batch)
        while self._attempt(batch):
            if self._deadline is not None and time.monotonic() >= self._deadline:
                for table, part in batch.items():
                    if part and table not in SUMS:
                        self._drop(table, len(part), self._trouble)
                self._done(rows)
                return False
            time.sleep(RETRY_S)
        for table in self._written:
            self._written[table] += len(batch[table])
        self._identity["run"] += batch["run"]
        self._identity["node"] += batch["node"]
        self._done(rows)
        self._tell_incomplete()
        return True

    def _sum_up(self, batch: Batch) -> None:
        """Put the sums beside the frames: once a second, and at the end."""
        self._tally.nodes(batch["node"])
        self._tally.hear(batch["frame"])
        if self._tally.due or self._deadline is not None:
            batch |= self._tally.changed()

    def _attempt(self, batch: Batch) -> str:
        """Try once; return what is wrong, or an empty string."""
        try:
            if self._sink is None:
                self._open()
            assert self._sink is not None
            self._sink.check_file()
            self._sink.write(batch, lambda table, why: self._drop(table, 1, why))
            self._trouble = ""
        except (sqlite3.Error, OSError, MemoryError) as error:
            self._abandon()
            self._trouble = str(error) or type(error).__name__
        except UserError as error:  # somebody put another file in its place
            self._abandon()
            self._trouble = error.what
        return self._trouble

    def _open(self) -> None:
        fresh = not self.path.exists()  # also when somebody removed it
        sink = connect(self.path, self.bytes_max)
        try:
            if fresh and any(self._written.values()):
                sink.write(self._identity, lambda table, why: None)
                for table, rows in self._written.items():
                    if rows and table not in ("run", "node"):
                        self._drop(table, rows, "the file was removed while the run went on")
                self._written = empty_count()
        except BaseException:
            sink.connection.close()
            raise
        self._sink = sink

    def _abandon(self) -> None:
        """Close the connection without a word; the next try opens the file anew."""
        if self._sink is not None:
            sink, self._sink = self._sink, None
            with contextlib.suppress(sqlite3.Error):
                sink.connection.close()

    def _tell_incomplete(self) -> None:
        """Write what has been dropped, if the file does not know yet."""
        incomplete = self.incomplete
        if incomplete is None or sum(incomplete.dropped.values()) == self._told:
            return
        batch = empty_batch()
        detail = to_json(incomplete.as_json())
        batch["run"].append(("incomplete", detail))
        batch["event"].append((self.now_us(), "journal", "incomplete", detail))
        if not self._attempt(batch):
            self._told = sum(incomplete.dropped.values())

    def _end(self) -> None:
        """Write the closing record; without it a reader takes the journal for broken off."""
        if self._sink is None:
            return
        self._tell_incomplete()
        batch = empty_batch()
        closed = {"t_us": self.now_us(), "rows": self._written}
        batch["run"].append(("closed", to_json(closed)))
        self._attempt(batch)
        if self._sink is not None:
            try:
                self._sink.close()
            except sqlite3.Error as error:
                self._trouble = str(error)
            self._sink = None


def empty_count() -> dict[str, int]:
    """Return 0 for each table that is recorded."""
    return {table: 0 for table in empty_batch() if table not in SUMS}
