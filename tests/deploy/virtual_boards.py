"""Virtual boards for tests, each ended when the test ends."""

import random
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import need
from quelea.deploy.virtual.board import Spec, VirtualBoard
from quelea.fleet import interpreter

DEADLINE_S = 60.0


@contextmanager
def running(folder: Path, *specs: Spec) -> Iterator[list[VirtualBoard]]:
    """Boards that run, below folder, in the order of specs."""
    import importlib.util

    need(importlib.util.find_spec("serial"), "pyserial", "pip install 'quelea[boards]'")
    runtime = interpreter.find()
    boards = [VirtualBoard(spec, folder / spec.name, runtime) for spec in specs]
    try:
        for board in boards:
            board.start()
        yield boards
    finally:
        for board in boards:
            board.stop()


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; what: for the failure."""
    end_s = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end_s, f"not within {DEADLINE_S:g} s: {what}"
        time.sleep(0.02)


def image(path: Path, chip: int, size: int = 40_000) -> Path:
    """Write what has the header of an image, and random bytes behind it."""
    head = bytes((0xE9, 1, 2, 0x20)) + bytes(8) + struct.pack("<H", chip) + bytes(10)
    path.write_bytes(head + random.Random(chip).randbytes(size))
    return path
