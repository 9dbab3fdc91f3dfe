"""CPython, for debugging and tests: the same node with the same files, never on a board."""

import json
import os
import signal
import sys
import time

from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import TICKS_HALF, TICKS_MASK

from quelea_agent.port import sensors, session

BOARD = "cpython"
EMULATED = True
WAIT_MS_MAX = TICKS_HALF - 1


class Ticks:
    """Milliseconds on the ring of 2^30, as every port has them."""

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms
        self.ticks_add = ticks_add
        self.ticks_diff = ticks_diff

    def ticks_ms(self) -> int:
        """Return the time."""
        return ticks_add(time.monotonic_ns() // 1000000 & TICKS_MASK, self.offset_ms)


class Port:
    """See unix.py. SIGTERM ends the node in order, as Ctrl-C does."""

    def __init__(self, cfg: dict) -> None:
        self.ticks = Ticks(cfg.get("ticks_offset_ms", 0))
        self.wake = sys.stdin if os.environ.get("QUELEA_STOP") == "stdin" else None
        self.ready = None
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    def begin_session(self, least: int = 0) -> tuple:
        """Return (session, at least `least`, whether it was stored)."""
        return session.begin(least=least)

    def sensor(self, spec, now_ms: int) -> tuple:
        """Return (sensor, None) or (None, problem)."""
        return sensors.make(spec, now_ms)

    def tick(self, now_ms: int) -> None:
        """Do nothing."""

    def facts(self) -> tuple:
        """Return (key, JSON text) pairs for the birth."""
        return (("runtime", json.dumps("CPython " + sys.version.split()[0])),)
