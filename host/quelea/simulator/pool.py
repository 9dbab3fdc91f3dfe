"""Processes that share seeds, and end with the one that started them."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any, TypeVar

from quelea.errors import UserError

JOBS_MAX = 256
SIGNALS = {signal.SIGINT, signal.SIGTERM}
Answer = TypeVar("Answer")


def count(jobs: int | None) -> int:
    """Return how many processes to use; by default two, or one where there is one core."""
    most = os.cpu_count() or 1
    if jobs is None:
        return min(2, most)
    if not 1 <= jobs <= JOBS_MAX:
        raise UserError(f"{jobs} processes", "--jobs", f"1 to {JOBS_MAX}", f"write --jobs {most}")
    return jobs


def _begin() -> None:
    """Leave Ctrl-C, which reaches every process of a terminal, to the parent, and end with it.

    The parent may be interrupted between the fork of a worker and the note that it made of it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever the parent made of it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # as they came from the parent
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


@contextmanager
def workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool; what ends the block early, Ctrl-C above all, ends its processes at once."""
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(max_workers=jobs, initializer=_begin)
    # Until all are forked: what a signal raises within a fork is lost, for parent and child.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    pool.submit(os.getpid)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        yield pool
    except BaseException:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown()


def shared(
    jobs: int, tasks: Iterable[tuple[Callable[..., Answer], tuple[Any, ...]]]
) -> Generator[Answer, None, None]:
    """Yield what the calls return, in order; close() ends what is still at work.

    No task is ever cancelled: the pool of Python 3.11 cannot tell that from a broken process.
    """
    with workers(jobs) as pool:
        waiting = deque(pool.submit(call, *arguments) for call, arguments in tasks)
        while waiting:
            yield waiting.popleft().result()
