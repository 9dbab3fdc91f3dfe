"""Sink: batches into one SQLite connection, each in one transaction."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.journal import schema
from quelea.journal.recorder import Batch
from quelea.journal.retention import forget

ROWS_A_STATEMENT = 100
BUSY_S = 0.25  # longest wait for another process that holds the file
CACHE_KB = 16_000  # the pages at which 1,000 nodes' index entries are appended: 4 KB each
LOG_PAGES = 4_000  # 16 MB of log before it is folded in, which waits for the disk

# A row that SQLite cannot take; everything else that goes wrong is about the file.
ROW_ERRORS = (
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    OverflowError,
    UnicodeError,
)

_TALLIED = "REPLACE INTO run SELECT 'tallied', max(at) FROM frame"


class Sink:
    """An open connection. Its methods raise sqlite3.Error or OSError; the caller decides."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path | None, bytes_max: int = 0
    ) -> None:
        self.connection = connection
        self.bytes_max = bytes_max  # 0: no bound
        self.path = path
        self._inode = path.stat().st_ino if path else 0
        self._bulk = {t.name: schema.insert_sql(t, ROWS_A_STATEMENT) for t in schema.TABLES}
        self._single = {t.name: schema.insert_sql(t, 1) for t in schema.TABLES}

    def check_file(self) -> None:
        """Raise OSError when the file was removed or replaced: rows would go nowhere."""
        if self.path is not None and os.stat(self.path).st_ino != self._inode:
            raise OSError(f"{self.path} was replaced")

    def write(self, batch: Batch, refused: Callable[[str, str], None]) -> None:
        """Write all rows or none. refused(table, why) is told of each row left out for itself."""
        try:
            self._transaction(batch, self._insert_many)
        except ROW_ERRORS:
            self._transaction(batch, lambda table, rows: self._insert_each(table, rows, refused))

    def _transaction(
        self, batch: Batch, insert: Callable[[str, list[tuple[Any, ...]]], None]
    ) -> None:
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for table, rows in batch.items():
                insert(table, rows)
            if batch["course"]:
                connection.execute(_TALLIED)
            if self.bytes_max:
                forget(connection, self.bytes_max, len(batch["frame"]))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _insert_many(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        whole = len(rows) - len(rows) % ROWS_A_STATEMENT
        for start in range(0, whole, ROWS_A_STATEMENT):
            part = rows[start : start + ROWS_A_STATEMENT]
            self.connection.execute(self._bulk[table], [value for row in part for value in row])
        self.connection.executemany(self._single[table], rows[whole:])

    def _insert_each(
        self, table: str, rows: list[tuple[Any, ...]], refused: Callable[[str, str], None]
    ) -> None:
        for row in rows:
            try:
                self.connection.execute(self._single[table], row)
            except ROW_ERRORS as error:
                refused(table, f"a row that SQLite refuses: {error}")

    def close(self) -> None:
        """Fold the write-ahead log into the file, as far as readers allow, and close."""
        try:
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.connection.close()


def connect(path: Path, bytes_max: int = 0) -> Sink:
    """Open path for writing; a new file gets the tables. sqlite3.Error, OSError, UserError."""
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        if schema.is_empty(connection):
            connection.execute("PRAGMA synchronous = OFF")  # nothing in it that could be lost
            connection.execute("BEGIN IMMEDIATE")
            schema.create(connection)  # before WAL: the file gets header and tables in one step
            connection.execute("COMMIT")
        schema.check(connection, str(path))
        # NORMAL: a killed process loses nothing that was committed; after a power cut the last
        # transactions may be missing, the file is sound.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        return Sink(connection, path, bytes_max)
    except (sqlite3.Error, OSError, UserError):
        connection.close()
        raise
