"""Demand of the emulated nodes: measured series, a column a node, from a CSV file.

The default is the week of 17 homes that ships with the package (quelea/data/README.md). A fleet
larger than the file has columns reuses them, shifted in time, so that no two nodes are equal.
"""

import csv
from datetime import datetime
from importlib import resources
from pathlib import Path

from quelea_proto.limits import Q_MAX

from quelea.errors import UserError

DEFAULT = "homes"
ROWS_MAX = 1_000_000
SHIFT_ROWS = 5  # rows by which a reused column is shifted, times how often it was reused


def _default_text() -> str:
    return resources.files("quelea.data").joinpath("homes.csv").read_text()


def parse_csv(text: str, where: str) -> list[list[int]]:
    """Return the columns of a CSV text as lists of q; one header row, numbers below it.

    Numbers are rounded half up to whole units. A first column of times, as in 2026-01-31 18:00, is
    left out. UserError with file:line for anything else.
    """
    remedy = "one header row, then rows of numbers, a column a node"
    columns: list[list[int]] = []
    first = 0
    for line, row in enumerate(csv.reader(text.splitlines()), start=1):
        if line == 1 or not row:
            columns = columns or [[] for _ in row]
            continue
        if len(row) != len(columns):
            why = f"the header has {len(columns)} columns"
            raise UserError(f"{len(row)} columns in this row", f"{where}:{line}", why, remedy)
        if not any(columns):
            first = int(_is_time(row[0]))
        for column, cell in zip(columns[first:], row[first:], strict=True):
            column.append(_cell(cell, f"{where}:{line}", remedy))
    columns = columns[first:]
    if not columns or not columns[0]:
        raise UserError("no rows of numbers", where, "", remedy)
    return columns


def _is_time(cell: str) -> bool:
    try:
        return bool(datetime.fromisoformat(cell.strip())) and not cell.strip().isdigit()
    except ValueError:
        return False


def _cell(cell: str, where: str, remedy: str) -> int:
    try:
        value = float(cell)
        value_q = int(value + 0.5) if value >= 0 else -int(-value + 0.5)
    except (ValueError, OverflowError):
        raise UserError(f"{cell!r} is no number", where, "", remedy) from None
    if not -Q_MAX <= value_q <= Q_MAX:
        raise UserError(
            f"{cell} is out of range", where, f"-{Q_MAX} to {Q_MAX}", "use a larger unit"
        )
    return value_q


def load(source: str) -> list[list[int]]:
    """Return the columns of `homes` or of the CSV file at path source."""
    if source == DEFAULT:
        return parse_csv(_default_text(), "homes.csv")
    path = Path(source)
    try:
        return parse_csv(path.read_text(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"cannot read {source}: {error}",
            "--demand",
            f"a CSV file, or `{DEFAULT}` for the series that ships with Quelea",
            "check the path",
        ) from None


def traces(source: str, nodes: int, rows: int, start_row: int = 0) -> list[list[int]]:
    """Return for each of `nodes` nodes a trace of `rows` readings in q.

    Node k reads column k modulo the number of columns, from start_row on, going round; a column
    that is reused begins SHIFT_ROWS rows later each time.
    """
    columns = load(source)
    out = []
    for node in range(nodes):
        column = columns[node % len(columns)]
        shift = start_row + SHIFT_ROWS * (node // len(columns))
        out.append([column[(shift + row) % len(column)] for row in range(rows)])
    return out
