"""Journal: the reading side. Checkers, pages, plots, audit and explain read a run only from here.

Opened read-only, also while the run is being written. Rows come in pages of their own short
transactions, so that a slow reader never keeps the writer's log from being folded in.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from quelea.errors import UserError
from quelea.journal import schema, totals
from quelea.journal.recorder import Forgotten, Incomplete
from quelea.journal.rows import (
    Check,
    EventRow,
    FaultRow,
    FrameRow,
    NodeRow,
    StateRow,
    StatusRow,
    object_of,
    value_of,
)
from quelea.journal.tally import Second
from quelea.journal.totals import Epoch, Traffic

PAGE_ROWS = 2_000
MAGIC = b"SQLite format 3\0"
END_US = (1 << 63) - 1  # later than any t_us
_FRAME = "at," + ",".join(schema.column_names(schema.BY_NAME["frame"]))


class Journal:
    """One thread at a time. owned: close() closes the connection too."""

    def __init__(self, connection: sqlite3.Connection, where: str, owned: bool = True) -> None:
        self.connection = connection
        self.where = where
        self._owned = owned

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a journal file, or the one in a run's folder; UserError when it cannot be read."""
        path = Path(path)
        if path.is_dir():
            path = path / "journal.sqlite"
        if not path.is_file():
            raise UserError(
                "there is no journal",
                where=str(path),
                remedy="name a run's folder (runs/<time>-<name>) or its journal.sqlite.",
            )
        connection = _connect(path)
        try:
            schema.check(connection, str(path))
        except UserError:
            connection.close()
            raise
        return cls(connection, str(path))

    def close(self) -> None:
        """Close the file."""
        if self._owned:
            self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- the run ------------------------------------------------------------------------------
    def run(self) -> dict[str, Any]:
        """Return the facts of the run: schema.RUN_KEYS, those that were recorded."""
        rows = self.connection.execute("SELECT key, value FROM run ORDER BY key")
        return {key: value_of(text) for key, text in rows}

    @property
    def closed(self) -> bool:
        """Whether the writer ended in order. False: still being written, or left by a kill."""
        return "closed" in self.run()

    @property
    def incomplete(self) -> Incomplete | None:
        """What the writer had to drop, or None."""
        found = self.run().get("incomplete")
        return Incomplete(**found) if isinstance(found, dict) else None

    @property
    def forgotten(self) -> Forgotten | None:
        """The oldest frames that the bound of the journal's size removed, or None."""
        found = self.run().get("forgotten")
        return Forgotten(**found) if isinstance(found, dict) else None

    def nodes(self, strangers: bool = False) -> list[NodeRow]:
        """Return the members by number; with strangers also ids (below 0) that no node has."""
        least = "" if strangers else " WHERE number > 0"
        rows = self.connection.execute(
            f"SELECT number, id, neighbours, roles FROM node{least} ORDER BY number"
        )
        return [
            NodeRow(number, id_, tuple(value_of(neighbours)), tuple(value_of(roles)))
            for number, id_, neighbours, roles in rows
        ]

    def end_us(self) -> int:
        """Return the t_us of the newest frame or event, 0 of an empty journal."""
        newest = [
            self.connection.execute(f"SELECT max(t_us) FROM {table}").fetchone()[0] or 0
            for table in ("frame", "event", "state")
        ]
        return max(newest)

    # -- frames -------------------------------------------------------------------------------
    def frames(
        self,
        since_us: int = 0,
        until_us: int = END_US,
        node: int | None = None,
        epoch: int | None = None,
        good: bool | None = True,
    ) -> Iterator[FrameRow]:
        """Yield frames with since_us <= t_us < until_us in order of time.

        node: only this source. epoch: only this one (numbers return after 2^16 epochs: bound the
        time too). good: True leaves out payloads that were no frame, False yields only those,
        None all.
        """
        where, values = "", []
        for column, value in (("source", node), ("epoch", epoch)):
            if value is not None:
                where += f" AND {column} = ?"
                values.append(value)
        if good is not None:
            where += " AND cause IS NULL" if good else " AND cause IS NOT NULL"
        for row in self._timed("frame", _FRAME, where, values, since_us, until_us):
            yield FrameRow._make(row)

    def newer_frames(self, at: int, limit: int = PAGE_ROWS) -> list[FrameRow]:
        """Return up to limit frames, good or bad, recorded after row `at`: follows a live run."""
        rows = self.connection.execute(
            f"SELECT {_FRAME} FROM frame WHERE at > ? ORDER BY at LIMIT ?", (at, limit)
        )
        return [FrameRow._make(row) for row in rows]

    def newer_states(self, at: int, limit: int = PAGE_ROWS) -> list[StateRow]:
        """Return up to limit states, births and lease changes recorded after row `at`."""
        sql = "SELECT at, t_us, node, name, value FROM state WHERE at > ? ORDER BY at LIMIT ?"
        return [StateRow._make(row) for row in self.connection.execute(sql, (at, limit))]

    def newer_statuses(self, at: int, limit: int = PAGE_ROWS) -> list[StatusRow]:
        """Return up to limit status documents recorded after row `at`."""
        sql = "SELECT at, t_us, node, document FROM status WHERE at > ? ORDER BY at LIMIT ?"
        rows = self.connection.execute(sql, (at, limit))
        return [StatusRow._make((*row[:3], object_of(row[3]))) for row in rows]

    def newer_events(self, at: int, limit: int = PAGE_ROWS) -> list[EventRow]:
        """Return up to limit events recorded after row `at`."""
        sql = "SELECT at, t_us, source, name, detail FROM event WHERE at > ? ORDER BY at LIMIT ?"
        rows = self.connection.execute(sql, (at, limit))
        return [EventRow._make((*row[:4], object_of(row[4]))) for row in rows]

    def latest(self, t_us: int = END_US) -> dict[int, FrameRow]:
        """Return each member's newest good frame with t_us up to this time, by node number."""
        found = {}
        for (number,) in self.connection.execute("SELECT number FROM node").fetchall():
            row = self.connection.execute(
                f"SELECT {_FRAME} FROM frame WHERE source = ? AND t_us <= ? AND cause IS NULL "
                "ORDER BY t_us DESC, at DESC LIMIT 1",
                (number, t_us),
            ).fetchone()
            if row:
                found[number] = FrameRow._make(row)
        return found

    def inputs(self, epoch: int, since_us: int = 0, until_us: int = END_US) -> dict[int, int]:
        """Return {node number: input_q} of an epoch, as each node's first good frame says it."""
        rows = self.connection.execute(
            "SELECT source, input_q, min(at) FROM frame WHERE epoch = ? AND cause IS NULL "
            "AND t_us >= ? AND t_us < ? GROUP BY source",
            (epoch, since_us, until_us),
        )
        return {source: input_q for source, input_q, _ in rows}

    # -- sums, kept up by the writer: also of frames that were forgotten since -----------------
    def epochs(self) -> list[Epoch]:
        """Return the epochs heard, by the time each began."""
        return totals.epochs(self.connection)

    def causes(self) -> dict[str, int]:
        """Return how many payloads were refused, by cause."""
        return totals.causes(self.connection)

    def traffic(self) -> list[Traffic]:
        """Return what was heard of each source, by number.

        A lost frame is one that the recorder did not hear: dropped on the way to the broker or
        from it, which cannot be told apart here. Before a session's first frame nothing is
        missed.
        """
        return totals.traffic(self.connection)

    def course(self, since_s: int = 0, until_s: int = END_US) -> list[Second]:
        """Return the run second by second: honest spread, frames, bytes; silent ones left out."""
        return totals.course(self.connection, since_s, until_s)

    # -- everything else ----------------------------------------------------------------------
    def latest_states(self, t_us: int = END_US) -> dict[int, dict[str, StateRow]]:
        """Return each node's newest row of each name with t_us up to this time, by node number."""
        found: dict[int, dict[str, StateRow]] = {}
        rows = self.connection.execute(
            "SELECT max(at), t_us, node, name, value FROM state WHERE t_us <= ? "
            "GROUP BY node, name",
            (t_us,),
        )
        for row in rows:
            found.setdefault(row[2], {})[row[3]] = StateRow._make(row)
        return found

    def latest_statuses(self, t_us: int = END_US) -> dict[int, StatusRow]:
        """Return each member's newest status with t_us up to this time, by node number."""
        found = {}
        for (number,) in self.connection.execute("SELECT number FROM node").fetchall():
            row = self.connection.execute(
                "SELECT at, t_us, node, document FROM status WHERE node = ? AND t_us <= ? "
                "ORDER BY t_us DESC, at DESC LIMIT 1",
                (number, t_us),
            ).fetchone()
            if row:
                found[number] = StatusRow._make((*row[:3], object_of(row[3])))
        return found

    def states(
        self, since_us: int = 0, until_us: int = END_US, node: int | None = None
    ) -> Iterator[StateRow]:
        """Yield published states and births, and lease changes, in order of time."""
        where, values = ("", []) if node is None else (" AND node = ?", [node])
        columns = "at, t_us, node, name, value"
        for row in self._timed("state", columns, where, values, since_us, until_us):
            yield StateRow._make(row)

    def statuses(
        self, since_us: int = 0, until_us: int = END_US, node: int | None = None
    ) -> Iterator[StatusRow]:
        """Yield the status documents of nodes in order of time."""
        where, values = ("", []) if node is None else (" AND node = ?", [node])
        columns = "at, t_us, node, document"
        for row in self._timed("status", columns, where, values, since_us, until_us):
            yield StatusRow._make((*row[:3], object_of(row[3])))

    def events(
        self, since_us: int = 0, until_us: int = END_US, name: str | None = None
    ) -> Iterator[EventRow]:
        """Yield events in order of time."""
        where, values = ("", []) if name is None else (" AND name = ?", [name])
        columns = "at, t_us, source, name, detail"
        for row in self._timed("event", columns, where, values, since_us, until_us):
            yield EventRow._make((*row[:4], object_of(row[4])))

    def faults(self) -> list[FaultRow]:
        """Return the injected faults by id."""
        rows = self.connection.execute(
            "SELECT id, name, target, from_us, to_us, fired, detail FROM fault ORDER BY id"
        )
        return [FaultRow._make((*row[:6], object_of(row[6]))) for row in rows]

    def checks(self) -> list[Check]:
        """Return the verdict's checks by name."""
        rows = self.connection.execute("SELECT name, ok, value, bound, unit FROM verdict")
        return [
            Check(name, bool(ok), value_of(value), value_of(bound), unit)
            for name, ok, value, bound, unit in rows
        ]

    def _timed(
        self,
        table: str,
        columns: str,
        where: str,
        values: Sequence[Any],
        since_us: int,
        until_us: int,
    ) -> Iterator[tuple[Any, ...]]:
        """Yield rows by (t_us, at), page by page; columns begin with at, t_us."""
        sql = (
            f"SELECT {columns} FROM {table} WHERE (t_us, at) > (?, ?) AND t_us < ?{where} "
            f"ORDER BY t_us, at LIMIT {PAGE_ROWS}"
        )
        t_us, at = since_us, 0
        while True:
            rows = self.connection.execute(sql, (t_us, at, until_us, *values)).fetchall()
            yield from rows
            if len(rows) < PAGE_ROWS:
                return
            at, t_us = rows[-1][:2]


def _connect(path: Path) -> sqlite3.Connection:
    """Open read-only: a finished journal as it lies there, another beside its writer."""
    with path.open("rb") as file:
        head = file.read(16)
    if head not in (b"", MAGIC):
        raise schema.foreign(str(path), "it is no SQLite file")
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    problem = ""
    # A writer at work has a log beside the file. Without one the file can be read without shared
    # memory, which a read-only folder forbids and a reader would leave behind.
    alone = not path.with_name(path.name + "-wal").exists()
    for option in ("&immutable=1", "") if alone else ("",):
        connection = sqlite3.connect(uri + option, uri=True, check_same_thread=False)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not option or _finished(connection):
                return connection
        except sqlite3.DatabaseError as error:
            problem = str(error)
        connection.close()
    raise UserError(
        f"the journal cannot be read: {problem}",
        where=str(path),
        remedy="copy the run's folder, with its -wal file, to a place that you may write.",
    )


def _finished(connection: sqlite3.Connection) -> bool:
    try:
        row = connection.execute("SELECT count(*) FROM run WHERE key = 'closed'").fetchone()
    except sqlite3.DatabaseError:
        return False  # not ours, or only just begun: the checks that follow say which
    return bool(row[0])
