"""Time of parts and of whole node-rounds, against built-ins given the same values.

Everything takes turns, so that what else the machine does meets all alike; the least time counts.
"""

import gc
import time

try:
    from micropython import mem_total  # bytes handed out so far; not in every build
except ImportError:
    mem_total = None


def now_us():
    """Return a running time in us, on the wall: the processor's goes by the tick here."""
    return time.time_ns() / 1000


class Timing:
    """One thing to time. loops: calls in one go."""

    def __init__(self, name: str, part, loops: int) -> None:
        self.name = name
        self.part = part
        self.loops = loops
        self.base_us = self.call_us = 1e18

    def go(self) -> None:
        """Time base and call once each."""
        self.prepare()
        loops = range(self.loops)
        base = self.part.base
        call = self.part.call
        begin_us = now_us()
        for _ in loops:
            base()
        middle_us = now_us()
        for _ in loops:
            call()
        end_us = now_us()
        self.base_us = min(self.base_us, middle_us - begin_us)
        self.call_us = min(self.call_us, end_us - middle_us)
        if hasattr(self.part, "restore"):
            self.part.restore()

    def fit(self, least_us) -> None:
        """Double the calls until they last so long, for clocks that go by the millisecond."""
        while not hasattr(self.part, "prepare"):
            self.go()
            if self.call_us >= least_us:
                break
            self.loops *= 2
            self.call_us = 1e18
        self.base_us = self.call_us = 1e18

    def prepare(self) -> None:
        """Bring a part that does not come back to its beginning there; not timed."""
        if hasattr(self.part, "prepare"):
            self.part.prepare()

    def heap(self) -> tuple:
        """Return the bytes that a call leaves on the heap, and those it takes and gives back.

        The second is -1 where the interpreter does not tell.
        """
        self.part.call()
        self.prepare()
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        self.part.call()
        left = gc.mem_alloc() - before
        passing = -1
        if mem_total is not None:
            self.prepare()
            passing = self._taken(self.part.call) - self._taken(self.part.base)
        gc.enable()
        return left, passing

    def _taken(self, call) -> int:
        before = mem_total()
        call()
        return mem_total() - before


def run(timings, repeats: int, least_us: int) -> None:
    """Time all in turns; print a line each: name, us a call, bytes left, bytes passing, digest."""
    for timing in timings:
        timing.fit(least_us)
    for _ in range(repeats):
        for timing in timings:
            gc.collect()
            timing.go()
    for timing in timings:
        call_us = (timing.call_us - timing.base_us) / timing.loops / timing.part.times
        left, passing = timing.heap()
        timing.prepare()
        timing.part.call()
        print(timing.name, "|", call_us, left, passing, timing.part.digest())
