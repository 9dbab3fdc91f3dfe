"""A process's log on disk: its last lines, and a bound on its size.

The process appends to the file by itself, so a host that is slow or dead never blocks a node
that prints, and a full disk costs lines, not the node.
"""

import os
from pathlib import Path

TAIL_BYTES = 65536  # read from the end to find the last lines; kept when a log is cut
LOG_BYTES_MAX = 8 << 20  # 400 nodes that print without end stay below 3.2 GB


def tail(path: Path, lines_max: int) -> list[str]:
    """Return the last lines of a log, at most lines_max; none when there is no log."""
    try:
        with open(path, "rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - TAIL_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    lines = text.splitlines()
    if size > TAIL_BYTES:
        lines = lines[1:]  # the first is cut
    return lines[-lines_max:] if lines_max > 0 else []


def cut(path: Path, bytes_max: int = LOG_BYTES_MAX) -> int:
    """Cut a log that has grown beyond bytes_max to its tail; return how many bytes were dropped.

    The writer has the file open with O_APPEND, so its next line follows the shortened text. What
    it writes during the cut may be lost.
    """
    try:
        size = path.stat().st_size
        if size <= bytes_max:
            return 0
        with open(path, "r+b") as log:
            log.seek(max(0, size - TAIL_BYTES))
            kept = log.read().partition(b"\n")[2]
            dropped = size - len(kept)
            note = f"[{dropped} bytes dropped: the log had passed {bytes_max} bytes]\n".encode()
            log.truncate(0)
            log.seek(0)
            log.write(note + kept)
    except OSError:
        return 0
    return dropped
