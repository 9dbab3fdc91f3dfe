"""SCHEMA: the tables of a journal as rows (table, columns, keys); the statements walk them.

Times `t_us` are microseconds since the run started, on the clock of the process that recorded
(virtual time in the simulator). JSON is kept as text. A column is (name, SQL type, meaning).
"""

import sqlite3
from typing import NamedTuple

from quelea.errors import UserError

APPLICATION_ID = 0x514C4541  # "QLEA" in the file's header: tells a journal from other SQLite files
SCHEMA_VERSION = 2  # raised with every change of a table; a reader refuses the ones it lacks
SCHEMA_VERSION_MIN = 1  # 1 has no sums (traffic, epoch, refused, course): readers add frames up


class Table(NamedTuple):
    """One table. replace: a row with the same primary key takes the place of the old one.

    key: the primary key's columns where it has several."""

    name: str
    columns: tuple[tuple[str, str, str], ...]
    replace: bool = False
    indexes: tuple[str, ...] = ()
    key: str = ""


# Columns named `at` count rows in the order in which they were recorded and are set by SQLite.
TABLES = (
    Table(
        "run",
        (
            ("key", "TEXT PRIMARY KEY", "see RUN_KEYS"),
            ("value", "TEXT", "JSON"),
        ),
        replace=True,
    ),
    Table(
        "node",
        (
            ("number", "INTEGER PRIMARY KEY", "1..65535; below 0: an id that no node has"),
            ("id", "TEXT", "n03"),
            ("neighbours", "TEXT", "JSON list of numbers, ascending: the slots of `used`"),
            ("roles", "TEXT", "JSON list of words: liar, attack:drift ..."),
        ),
        replace=True,
    ),
    Table(
        "frame",
        (
            ("t_us", "INTEGER NOT NULL", "when it was heard"),
            ("channel", "TEXT", "x, hr, cl, ct: on n/<id>/; d: d/<id>/<to>; grant: cmd/<to>/"),
            ("source", "INTEGER", "number of the node that owns the topic; below 0: none does"),
            ("dest", "INTEGER", "number of the node addressed, 0: all, or an id unknown"),
            ("payload", "BLOB", "as heard; of one too long only the first bytes"),
            ("cause", "TEXT", "NULL for a good frame, else why it is none: see rows.CAUSES"),
            ("kind", "INTEGER", "frames.STATE or FLOW; this and all below NULL for a bad frame"),
            ("flags", "INTEGER", "bit 0 held, bit 1 restart"),
            ("session", "INTEGER", "boots of the sender"),
            ("epoch", "INTEGER", "on a ring of 2^16"),
            ("seq", "INTEGER", "frames of this session"),
            ("input_q", "INTEGER", "q"),
            ("value_q", "INTEGER", "q"),
        ),
        indexes=("t_us", "source, t_us", "epoch, t_us"),
    ),
    Table(
        "state",
        (
            ("t_us", "INTEGER NOT NULL", ""),
            ("node", "INTEGER", "number"),
            ("name", "TEXT", "$state, $birth, or lease: present or absent"),
            ("value", "TEXT", "as published; of a lease: present, or absent and the reason"),
        ),
        indexes=("t_us", "node, name, t_us"),
    ),
    Table(
        "status",
        (
            ("t_us", "INTEGER NOT NULL", ""),
            ("node", "INTEGER", "number"),
            ("document", "TEXT", "JSON as the node published it"),
        ),
        indexes=("node, t_us", "t_us"),
    ),
    Table(
        "event",
        (
            ("t_us", "INTEGER NOT NULL", ""),
            ("source", "TEXT", "who saw it: fleet, coordinator, journal, or a node id"),
            ("name", "TEXT", "broker-lost, broker-back, kill, equivocation ..."),
            ("detail", "TEXT", "JSON object"),
        ),
        indexes=("t_us", "name, t_us"),
    ),
    Table(
        "fault",
        (
            ("id", "INTEGER PRIMARY KEY", "1, 2, ... in order of injection"),
            ("name", "TEXT", "what was injected"),
            ("target", "TEXT", "node id, broker, link ..."),
            ("from_us", "INTEGER", ""),
            ("to_us", "INTEGER", "NULL while it lasts"),
            ("fired", "INTEGER", "how often it took effect: 0 says that it tested nothing"),
            ("detail", "TEXT", "JSON object"),
        ),
        replace=True,
    ),
    Table(
        "verdict",
        (
            ("name", "TEXT PRIMARY KEY", "name of the check"),
            ("ok", "INTEGER", "1 or 0"),
            ("value", "", "what was found, JSON"),
            ("bound", "", "what was allowed, JSON"),
            ("unit", "TEXT", ""),
        ),
        replace=True,
    ),
    # Sums of `frame`, kept up by the writer up to the row that the run key `tallied` names.
    Table(
        "traffic",
        (
            ("node", "INTEGER", "number of the source"),
            ("session", "INTEGER", "tally.REFUSED, MORE below 0"),
            ("frames", "INTEGER", ""),
            ("bytes", "INTEGER", "of payloads"),
            ("first_us", "INTEGER", ""),
            ("last_us", "INTEGER", ""),
            ("first", "INTEGER", "lowest seq heard"),
            ("last", "INTEGER", "highest seq heard"),
            ("seqs", "INTEGER", "different ones heard"),
            ("mask", "TEXT", "hexadecimal, bit i: last - i was heard"),
        ),
        replace=True,
        key="node, session",
    ),
    Table(
        "epoch",
        (
            ("epoch", "INTEGER PRIMARY KEY", "numbers return after 2^16: then both are one"),
            ("from_us", "INTEGER", ""),
            ("to_us", "INTEGER", ""),
            ("nodes", "TEXT", "hexadecimal, bit n: node n sent a good frame in it"),
        ),
        replace=True,
    ),
    Table(
        "refused",
        (("cause", "TEXT PRIMARY KEY", "see rows.CAUSES"), ("frames", "INTEGER", "so far")),
        replace=True,
    ),
    Table(
        "course",
        (
            ("second", "INTEGER PRIMARY KEY", "t_us // 1,000,000"),
            ("epoch", "INTEGER", "that most honest nodes were in at its end"),
            ("nodes", "INTEGER", "honest ones in it"),
            ("low_q", "INTEGER", "lowest newest value of these, NULL of fewer than two"),
            ("high_q", "INTEGER", "highest"),
            ("frames", "INTEGER", "good ones in this second"),
            ("bytes", "INTEGER", "of all payloads in this second"),
            ("refused", "INTEGER", "bad ones in this second"),
        ),
        replace=True,
    ),
)

RUN_KEYS = (
    ("name", "the run's name"),
    ("started", "ISO 8601, UTC"),
    ("pid", "process that writes it, to tell a killed run from a quiet one"),
    ("version", "of quelea"),
    ("git", "commit of the source tree, null outside one"),
    ("command", "list: the command line"),
    ("seed", "integer or null"),
    ("settings", "object: fleet settings as used"),
    ("topology", "object: how the graph was made, and its figures"),
    ("liars", "list of numbers"),
    ("finished", "t_us of the end; missing when the run was broken off"),
    ("verdict", "true or false: all checks hold; missing when none was reached"),
    ("incomplete", "object: reason, dropped rows by table, from_us, to_us; missing when whole"),
    ("closed", "object: t_us, rows by table; missing while open and after a kill"),
    (
        "tallied",
        "number: the row of frame up to which the sums go; missing without sums",
    ),
    ("forgotten", "object: frames, until_us: what --journal-mb removed; missing when nothing"),
)

SUMS = ("traffic", "epoch", "refused", "course")  # kept up by the writer, nobody records them
BY_NAME = {table.name: table for table in TABLES}


def column_names(table: Table) -> list[str]:
    """Return the names of the columns that are written, in order."""
    return [column[0] for column in table.columns]


def insert_sql(table: Table, rows: int) -> str:
    """Return the statement that inserts this many rows at once.

    Many rows a statement: each statement gives up the interpreter's lock once, and beside a busy
    thread it is the wait to get it back that limits the rate (14,000 rows/s by single rows,
    66,000 by hundreds).
    """
    names = column_names(table)
    one = "(" + ",".join("?" * len(names)) + ")"
    verb = "REPLACE" if table.replace else "INSERT"
    return f"{verb} INTO {table.name}({','.join(names)}) VALUES {','.join([one] * rows)}"


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of a new, empty database; inside one transaction."""
    for table in TABLES:
        columns = [f"{name} {kind}" for name, kind, _ in table.columns]
        if table.key:
            columns.append(f"PRIMARY KEY ({table.key})")
        elif not any("PRIMARY KEY" in column for column in columns):
            columns.insert(0, "at INTEGER PRIMARY KEY")
        without = " WITHOUT ROWID" if table.key else ""
        connection.execute(f"CREATE TABLE {table.name}({', '.join(columns)}){without}")
        for number, columns_indexed in enumerate(table.indexes):
            connection.execute(
                f"CREATE INDEX {table.name}_{number} ON {table.name}({columns_indexed})"
            )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def is_empty(connection: sqlite3.Connection) -> bool:
    """Return whether the database holds no table."""
    row = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(row[0] == 0)


def check(connection: sqlite3.Connection, where: str) -> None:
    """Raise UserError unless the database is a journal of a version that can be read."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        empty = is_empty(connection)
    except sqlite3.DatabaseError as error:
        raise foreign(where, str(error)) from error
    if empty:
        raise UserError(
            "the journal is empty",
            where=where,
            why="Its run has only just begun, or its disk was full from the start.",
            remedy="try again in a second.",
        )
    if application != APPLICATION_ID:
        raise foreign(where, "its header does not carry the mark of a journal")
    if version > SCHEMA_VERSION:
        raise UserError(
            f"the journal has schema {version}",
            where=where,
            why=f"This version of quelea, older than the file, reads schema {SCHEMA_VERSION}.",
            remedy="update quelea, or export the run with the version that wrote it: "
            "quelea journal export.",
        )
    if version < SCHEMA_VERSION_MIN:
        raise UserError(
            f"the journal has schema {version}",
            where=where,
            why=f"This version of quelea reads schema {SCHEMA_VERSION_MIN} and later.",
            remedy="export the run with the version that wrote it: quelea journal export.",
        )


def foreign(where: str, why: str) -> UserError:
    """Return the refusal of a file that is no journal."""
    return UserError(
        "not a journal of quelea",
        where=where,
        why=f"Reason: {why}.",
        remedy="name a run's folder (runs/<time>-<name>) or its journal.sqlite.",
    )
