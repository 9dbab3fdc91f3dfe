"""The heap's gauge, and when to collect: in the calm after a round, before it must be.

MicroPython collects by itself when an allocation fails, in the middle of whatever is done, and a
heap that is always full to the brim falls into small pieces. So a turn that is over collects once
half of what was free is used. On CPython, which has no such figures, all are 0.
"""

import gc


class Heap:
    """bytes: size of the heap. live_bytes: in use after the last collection. high_bytes: most in
    use at the end of a round, garbage included. collections: how many this module made.
    shortages: messages that were not written for lack of memory.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self.live_bytes = 0
        self.high_bytes = 0
        self.collections = 0
        self.shortages = 0
        self._limit_bytes = 0
        self._measured = hasattr(gc, "mem_alloc")
        if self._measured:
            gc.collect()
            self.bytes = gc.mem_alloc() + gc.mem_free()
            self._settle()

    def _settle(self) -> None:
        self.live_bytes = gc.mem_alloc()
        free_bytes = self.bytes - self.live_bytes
        self._limit_bytes = self.live_bytes + free_bytes // 2
        if hasattr(gc, "threshold"):
            gc.threshold(free_bytes // 8 * 7)  # the net below this policy

    def sample(self) -> None:
        """Look at the heap; collect when half of what was free is used."""
        if not self._measured:
            return
        used_bytes = gc.mem_alloc()
        if used_bytes > self.high_bytes:
            self.high_bytes = used_bytes
        if used_bytes > self._limit_bytes:
            gc.collect()
            self.collections += 1
            self._settle()

    def relieve(self) -> None:
        """Collect after an allocation has failed."""
        self.shortages += 1
        gc.collect()
        if self._measured:
            self._settle()
