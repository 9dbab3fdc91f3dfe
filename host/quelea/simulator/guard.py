"""Code that is not known to be sound may raise at any place, or never come to an end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SEED_S_MAX = 20.0  # of processor time; the slowest seed of the scenarios that ship takes 2


class Spins(BaseException):
    """A seed took far longer than any seed of sound nodes does.

    No Exception, or the simulator would take it for something that a node raised.
    """


@contextmanager
def limited(limit_s: float) -> Iterator[None]:
    """Raise Spins in the block once it has taken so much processor time; in a main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Spins

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
