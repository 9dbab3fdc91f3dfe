"""MemoryRecorder: the journal of a run that leaves no file: the simulator's thousands of seeds.

The same rows, the same schema and the same reader; nothing is dropped and no thread runs.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from quelea.journal import schema
from quelea.journal.reader import Journal
from quelea.journal.recorder import Incomplete, Recorder
from quelea.journal.sink import Sink

FLUSH_ROWS = 5_000
NO_BOUND = 1 << 62


class MemoryRecorder(Recorder):
    """clock_us: the run's virtual time; by default the wall's, from this moment on."""

    def __init__(self, clock_us: Callable[[], int] | None = None) -> None:
        super().__init__(clock_us, rows_max=NO_BOUND)
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        schema.create(connection)
        self._sink = Sink(connection, None)

    def _woken(self) -> None:
        if self._waiting >= FLUSH_ROWS:
            self.flush()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Put what waits into the database; always succeeds."""
        with self._lock:
            batch, rows = self._take()
            if rows:
                self._sink.write(batch, lambda table, why: self._drop(table, 1, why))
                self._done(rows)
        return True

    def journal(self) -> Journal:
        """Return a reader of what has been recorded so far; call again to see later rows."""
        self.flush()
        return Journal(self._sink.connection, "memory", owned=False)

    def save(self, path: Path) -> None:
        """Write the whole journal to a file, for example that of a seed that failed."""
        self.flush()
        target = sqlite3.connect(path)
        try:
            self._sink.connection.backup(target)
        finally:
            target.close()

    def close(self, timeout_s: float = 10.0) -> Incomplete | None:
        """Forget everything; readers made by journal() end here too."""
        self._sink.connection.close()
        return self.incomplete
