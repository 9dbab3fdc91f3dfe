"""Export a journal's tables as CSV or Parquet: one file a table, columns as in the schema.

Payloads are hexadecimal in CSV and bytes in Parquet; JSON stays text; nothing is left out.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.journal import schema
from quelea.journal.reader import Journal

PART_ROWS = 50_000  # in memory at once
CSV, PARQUET = "csv", "parquet"


def export_tables(journal: Journal, folder: Path, kind: str) -> dict[str, int]:
    """Write <table>.csv or .parquet into folder; return the rows of each. UserError if it cannot.

    kind: CSV or PARQUET; the latter needs the extra [parquet].
    """
    if kind == PARQUET:
        _arrow()  # before anything is written
    try:
        folder.mkdir(parents=True, exist_ok=True)
        present = {row[0] for row in journal.connection.execute("SELECT name FROM sqlite_master")}
        return {
            table.name: _write(journal, table, folder / f"{table.name}.{kind}", kind)
            for table in schema.TABLES
            if table.name in present
        }
    except OSError as error:
        raise UserError(
            f"the export cannot be written: {error.strerror or error}",
            where=str(folder),
            remedy="name a folder that you may write.",
        ) from error


def _write(journal: Journal, table: schema.Table, path: Path, kind: str) -> int:
    names = schema.column_names(table)
    parts = _parts(journal, table, names, kind)
    return _csv(path, names, parts) if kind == CSV else _parquet(path, table, parts)


def _parts(
    journal: Journal, table: schema.Table, names: list[str], kind: str
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows, up to PART_ROWS at a time; frames and what comes beside them by time."""
    shown = [
        f"lower(hex({name}))" if (kind == CSV and name == "payload") else name for name in names
    ]
    timed = names[0] == "t_us"
    if not timed:
        order = table.key or names[0]
        yield journal.connection.execute(
            f"SELECT {', '.join(shown)} FROM {table.name} ORDER BY {order}"
        ).fetchall()
        return
    sql = (
        f"SELECT at, {', '.join(shown)} FROM {table.name} WHERE (t_us, at) > (?, ?) "
        f"ORDER BY t_us, at LIMIT {PART_ROWS}"
    )
    t_us, at = -1, 0
    while True:
        rows = journal.connection.execute(sql, (t_us, at)).fetchall()
        yield [row[1:] for row in rows]
        if len(rows) < PART_ROWS:
            return
        at, t_us = rows[-1][:2]


def _csv(path: Path, names: list[str], parts: Iterator[list[tuple[Any, ...]]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for rows in parts:
            writer.writerows(rows)
            count += len(rows)
    return count


def _parquet(path: Path, table: schema.Table, parts: Iterator[list[tuple[Any, ...]]]) -> int:
    arrow, parquet = _arrow()
    kinds = {"INTEGER": arrow.int64(), "TEXT": arrow.string(), "BLOB": arrow.binary(),
             "": arrow.string()}  # fmt: skip
    fields = arrow.schema([(name, kinds[kind.split(" ")[0]]) for name, kind, _ in table.columns])
    count = 0
    with parquet.ParquetWriter(path, fields, compression="zstd") as writer:
        for rows in parts:
            columns = list(zip(*rows)) or [()] * len(fields)
            arrays = [arrow.array(list(c), type=f.type) for c, f in zip(columns, fields)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=fields))
            count += len(rows)
    return count


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError(
            "Parquet needs pyarrow, which is not installed",
            "--parquet",
            "",
            'pip install "quelea[parquet]", or export with --csv',
        ) from None
    return pyarrow, pyarrow.parquet
