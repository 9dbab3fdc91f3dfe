"""MicroPython's unix port: nodes of an emulated fleet. Its folder is what a board's flash is.

Ctrl-C (SIGINT) ends a node in order. MicroPython cannot catch SIGTERM, so whoever starts nodes
may set QUELEA_STOP=stdin and keep their standard input open: a byte or its end stops them.
"""

import os
import sys
import time

from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import TICKS_HALF, TICKS_MASK

from quelea_agent.port import sensors, session

BOARD = "unix"
EMULATED = True  # the demand may be set by a command
WAIT_MS_MAX = TICKS_HALF - 1


class Ticks:
    """Milliseconds on the ring of 2^30; offset_ms lets a test start it short of its end."""

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms
        self.ticks_add = ticks_add
        self.ticks_diff = ticks_diff

    def ticks_ms(self) -> int:
        """Return the time; a 64-bit MicroPython has longer ticks, hence the mask."""
        return ticks_add(time.ticks_ms() & TICKS_MASK, self.offset_ms)


class Port:
    """What run.py needs of the world; cfg: the node's settings as a dict."""

    def __init__(self, cfg: dict) -> None:
        self.ticks = Ticks(cfg.get("ticks_offset_ms", 0))
        self.wake = sys.stdin if os.getenv("QUELEA_STOP") == "stdin" else None
        self.ready = None

    def begin_session(self, least: int = 0) -> tuple:
        """Return (session, at least `least`, whether it was stored)."""
        return session.begin(least=least)

    def sensor(self, spec, now_ms: int) -> tuple:
        """Return (sensor, None) or (None, problem)."""
        return sensors.make(spec, now_ms)

    def tick(self, now_ms: int) -> None:
        """Do nothing: there is no watchdog and no Wi-Fi."""

    def facts(self) -> tuple:
        """Return (key, JSON text) pairs for the birth."""
        return (("runtime", '"' + sys.version.split(";")[-1].strip() + '"'),)
