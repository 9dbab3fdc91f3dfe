"""Many boards at once: a bounded number of threads, a row for each, and none stops another."""

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

from quelea.deploy.failure import BoardFailed, Row, failed, short
from quelea.errors import UserError

JOBS = 8  # boards at a time; more wait
JOBS_MAX = 64
SAY_S = 1.0  # a board's progress is told so often at most

Board = TypeVar("Board")
Say = Callable[[str], None]


def checked(jobs: int) -> int:
    """Return --jobs; UserError out of its range."""
    if not 1 <= jobs <= JOBS_MAX:
        raise UserError(f"{jobs} boards at a time", "--jobs", f"1 to {JOBS_MAX}")
    return jobs


class Progress:
    """One line a board and step, to standard error; for many boards no flood."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._lock = threading.Lock()
        self._last_s: dict[str, float] = {}

    def of(self, name: str) -> Say:
        """Return what a board tells its progress to; a text that ends in `...` may be left out."""

        def say(text: str) -> None:
            now_s = time.monotonic()
            with self._lock:
                if text.endswith("...") and now_s < self._last_s.get(name, -SAY_S) + SAY_S:
                    return
                self._last_s[name] = now_s
                if not self._quiet:
                    print(f"{name}: {text}", file=sys.stderr, flush=True)

        return say


def each(
    boards: Sequence[Board],
    name_of: Callable[[Board], tuple[str, str]],
    work: Callable[[Board, Say], Row],
    progress: Progress,
    jobs: int = JOBS,
) -> list[Row]:
    """Do work for each board and return the rows in the boards' order.

    name_of: (port, node id). What a board's work raises becomes its row: a failure, and an error
    of ours as well, with its place in our code.
    """

    def one(board: Board) -> Row:
        port, node = name_of(board)
        say = progress.of(node or short(port))
        try:
            row = work(board, say)
        except BoardFailed as error:
            row = failed(port, node, error)
        except Exception as error:  # one board never stops the rest
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            row = failed(port, node, BoardFailed("an error of quelea", text, "report it"))
        say(f"{row.state}: {row.what}")
        return row

    rows: list[Row | None] = [None] * len(boards)
    todo = queue.SimpleQueue[int]()
    for number in range(len(boards)):
        todo.put(number)

    def work_off() -> None:
        while True:
            try:
                number = todo.get_nowait()
            except queue.Empty:
                return
            rows[number] = one(boards[number])

    # Daemons: Ctrl-C ends the command at once, not when the slowest board has answered.
    count = max(1, min(jobs, JOBS_MAX, len(boards)))
    threads = [threading.Thread(target=work_off, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [row for row in rows if row is not None]
