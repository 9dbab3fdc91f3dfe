"""A sweep's folder: what was asked, one file of rows for each finished chunk, then the table.

sweep.json                  the grid and the code's fingerprint
rows/<first>-<last>.jsonl   rows of one chunk, complete as soon as the file is there
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.sweep.grid import Grid

Row = dict[str, Any]
FILE = "sweep.json"


class Store:
    """folder: made if missing. UserError when it holds another sweep, or rows of other code."""

    def __init__(self, folder: Path, grid: Grid, fingerprint: str) -> None:
        self.folder = folder
        self.rows_folder = folder / "rows"
        about = {"grid": grid.to_dict(), "digest": grid.digest, "code": fingerprint}
        path = folder / FILE
        try:
            self.rows_folder.mkdir(parents=True, exist_ok=True)
            if path.exists():
                _require_same(path, about)
            else:
                _write(path, json.dumps(about, indent=1))
        except OSError as error:
            raise UserError(
                f"the folder {folder} cannot be used",
                "--into",
                error.strerror or "",
                "name one that can be written",
            ) from None

    def read(self) -> dict[int, Row]:
        """Return every row that is there, by index; half a file is as good as none."""
        found: dict[int, Row] = {}
        for path in sorted(self.rows_folder.glob("*.jsonl")):
            for line in path.read_text().splitlines():
                row = json.loads(line)
                found[row["index"]] = row
        return found

    def add(self, rows: Sequence[Row]) -> None:
        """Keep the rows of one chunk: on the disk, under their final name, or not at all."""
        name = f"{rows[0]['index']:07d}-{rows[-1]['index']:07d}.jsonl"
        _write(self.rows_folder / name, "".join(f"{canonical(row)}\n" for row in rows))


def canonical(row: Row) -> str:
    """Return the one JSON text of a row."""
    return json.dumps(row, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(rows: Iterable[Row]) -> str:
    """Return SHA-256 over all rows in the order of the grid."""
    total = hashlib.sha256()
    for row in sorted(rows, key=lambda row: int(row["index"])):
        total.update(canonical(row).encode() + b"\n")
    return total.hexdigest()


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    with open(beside, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _require_same(path: Path, about: dict[str, Any]) -> None:
    try:
        known = json.loads(path.read_text())
        same_grid, same_code = known["digest"] == about["digest"], known["code"] == about["code"]
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path} is none of ours", "--into", remedy="name another folder"
        ) from None
    if not same_grid:
        different = sorted(
            key for key, value in json.loads(json.dumps(about["grid"])).items()
            if known["grid"].get(key) != value
        )  # fmt: skip
        raise UserError(
            f"{path.parent} holds another sweep",
            "--into",
            f"it differs in {', '.join(different)}",
            "repeat its flags to go on with it, or name another folder",
        )
    if not same_code:
        raise UserError(
            f"{path.parent} was begun with other code",
            "--into",
            f"its fingerprint is {known['code']}, this code has {about['code']}",
            "name another folder: one table does not mix two programs",
        )
