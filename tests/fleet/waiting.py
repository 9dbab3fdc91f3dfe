"""Wait for a condition, with a deadline; is a process alive."""

import os
import time
from collections.abc import Callable
from pathlib import Path

STEP_S = 0.01


def until(condition: Callable[[], object], timeout_s: float, what: str) -> None:
    """Return as soon as condition() is true; AssertionError after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(STEP_S)


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it ends while it is looked at
        return not Path("/proc/self").exists()
