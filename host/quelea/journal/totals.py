"""Totals: sums over all frames of a journal, from the tables that the writer keeps up.

Frames newer than the sums are added by reading them; a journal without sums (of the simulator, or
of schema 1) is read whole.
"""

import sqlite3
from typing import NamedTuple

from quelea.journal import schema
from quelea.journal.tally import REFUSED, Second, Tally

US = 1_000_000
_FRAME = ",".join(schema.column_names(schema.BY_NAME["frame"]))
PAGE_ROWS = 10_000


class Epoch(NamedTuple):
    """An epoch as heard. nodes: how many sent a good frame in it."""

    epoch: int
    from_us: int
    to_us: int
    nodes: int


class Traffic(NamedTuple):
    """What was heard of one node. lost: sequence numbers that never came, by gaps."""

    node: int
    frames: int
    bytes: int
    lost: int
    refused: int
    sessions: int
    first_us: int
    last_us: int


def read_tally(connection: sqlite3.Connection) -> Tally:
    """Return the sums of everything in the journal."""
    tally = Tally()
    tally.nodes(connection.execute("SELECT number, id, neighbours, roles FROM node"))
    at = tallied(connection)
    if at:
        tally.take_over(
            *(
                connection.execute(f"SELECT {_columns(name)} FROM {name}").fetchall()
                for name in ("traffic", "epoch", "refused")
            )
        )
    sql = f"SELECT at, {_FRAME} FROM frame WHERE at > ? ORDER BY at LIMIT {PAGE_ROWS}"
    while True:
        rows = connection.execute(sql, (at,)).fetchall()
        tally.hear(row[1:] for row in rows)
        if len(rows) < PAGE_ROWS:
            return tally
        at = rows[-1][0]


def tallied(connection: sqlite3.Connection) -> int:
    """Return the row up to which the sums of the journal go, 0 when it has none."""
    row = connection.execute("SELECT value FROM run WHERE key = 'tallied'").fetchone()
    return int(row[0]) if row else 0


def traffic(connection: sqlite3.Connection) -> list[Traffic]:
    """Return what was heard of each source, by number."""
    found: dict[int, Traffic] = {}
    tally = read_tally(connection)
    for (node, session), life in tally.lives.items():
        was = found.get(node, Traffic(node, 0, 0, 0, 0, 0, life.first_us, life.last_us))
        good = session != REFUSED
        found[node] = Traffic(
            node,
            was.frames + life.frames * good,
            was.bytes + life.bytes,
            was.lost + (life.last - life.first + 1 - life.seqs) * good,
            was.refused + life.frames * (not good),
            was.sessions + good,
            min(was.first_us, life.first_us),
            max(was.last_us, life.last_us),
        )
    return [found[node] for node in sorted(found)]


def epochs(connection: sqlite3.Connection) -> list[Epoch]:
    """Return the epochs heard, by the time each began."""
    rows = read_tally(connection).epochs.items()
    found = [Epoch(number, one[0], one[1], one[2].bit_count()) for number, one in rows]
    return sorted(found, key=lambda one: (one.from_us, one.epoch))


def causes(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many payloads were refused, by cause."""
    return dict(sorted(read_tally(connection).causes.items()))


def course(connection: sqlite3.Connection, since_s: int, until_s: int) -> list[Second]:
    """Return the run second by second, those in which something was heard."""
    if not tallied(connection):
        tally = read_tally(connection)
        tally.changed_second()
        return [row for row in tally.seconds.values() if since_s <= row.second < until_s]
    rows = connection.execute(
        f"SELECT {_columns('course')} FROM course WHERE second >= ? AND second < ? "
        "ORDER BY second",
        (since_s, until_s),
    )
    return [Second._make(row) for row in rows]


def _columns(table: str) -> str:
    return ", ".join(schema.column_names(schema.BY_NAME[table]))
