"""Retention: a journal of bounded size forgets its oldest frames; old runs are removed."""

import shutil
import sqlite3
import time
from pathlib import Path

from quelea.journal.rows import to_json

STEP_ROWS = 500  # forgotten at least at once, while the file is too big ...
FASTER = 2  # ... and so many times as many as have just been written
QUIET_S = 60.0  # a run that was written to in this time may still go on


def forget(connection: sqlite3.Connection, bytes_max: int, written: int) -> int:
    """Remove the oldest frames if the file uses more than bytes_max; return how many.

    Inside a transaction. What nodes said beside frames goes with them, their newest state stays.
    The file keeps its pages and fills them anew, so it stays near bytes_max. Frames that the sums
    do not hold yet stay: after a kill nobody could add them.
    """
    if used_bytes(connection) <= bytes_max:
        return 0
    first, last = connection.execute("SELECT min(at), max(at) FROM frame").fetchone()
    if first is None:
        return 0
    found = connection.execute("SELECT value FROM run WHERE key = 'tallied'").fetchone()
    tallied = int(found[0]) if found else 0
    end = min(last, tallied + 1, first + max(STEP_ROWS, FASTER * written))
    if end <= first:
        return 0
    (cut_us,) = connection.execute("SELECT t_us FROM frame WHERE at = ?", (end,)).fetchone()
    removed = connection.execute("DELETE FROM frame WHERE at < ?", (end,)).rowcount
    for table in ("status", "event"):
        connection.execute(f"DELETE FROM {table} WHERE t_us < ?", (cut_us,))
    connection.execute(
        "DELETE FROM state WHERE t_us < ? AND EXISTS (SELECT 1 FROM state newer WHERE "
        "newer.node = state.node AND newer.name = state.name AND newer.t_us > state.t_us)",
        (cut_us,),
    )
    was = connection.execute("SELECT value ->> 'frames' FROM run WHERE key = 'forgotten'")
    row = was.fetchone()
    detail = {"frames": removed + (int(row[0]) if row else 0), "until_us": cut_us}
    connection.execute("REPLACE INTO run VALUES ('forgotten', ?)", (to_json(detail),))
    return removed


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return the bytes of the file that hold something."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def prune(root: Path, keep: int, file: str, but: Path | None = None) -> list[Path]:
    """Remove all but the newest `keep` run folders below root; return those removed.

    but: one that is not counted, just begun.

    A run is a folder <date>-<time>-<name> with a journal; one that is being written is left.
    """
    runs = sorted(
        path.parent
        for path in root.glob(f"[0-9]*-[0-9]*-*/{file}")
        if not path.parent.is_symlink() and path.parent != but
    )
    removed = []
    for folder in runs[: max(0, len(runs) - keep)]:
        parts = (folder / file, folder / f"{file}-wal")
        if max(part.stat().st_mtime for part in parts if part.exists()) > time.time() - QUIET_S:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(folder)
    return removed
