"""Virtual boards for tests, each ended when the test ends."""

import random
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import need
from quelea.configure import new
from quelea.deploy.bus import Bus
from quelea.deploy.deploy import Job, deploy
from quelea.deploy.failure import Row
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.pool import Progress
from quelea.deploy.virtual.board import Spec, VirtualBoard
from quelea.fleet import broker as brokers
from quelea.fleet import interpreter
from quelea.fleet.forkserver import Launcher
from quelea.secure import ca, deliver

DEADLINE_S = 60.0
READY_S = 60.0
QUIET = Progress(quiet=True)


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


@contextmanager
def meeting(
    folder: Path, nodes: int, chip: str = "esp32", secure: bool = False
) -> Iterator[BoardFleet]:
    """A fleet.toml in folder, and its broker running; secure: with certificates and keys."""
    file = folder / "fleet.toml"
    new.command(file, {"nodes": nodes}, ask=False, force=False)
    text = file.read_text().replace("port = 1883", f"port = {brokers.free_port()}")
    file.write_text(text + f'\n[board]\nchip = "{chip}"\n')
    authority = None
    if secure:
        authority = ca.create(folder / "ca", "garage", ["127.0.0.1"])
        deliver.deliver(authority, str(file), "pairwise")
    fleet = BoardFleet(str(file))
    fleet.secrets.complete(list(fleet.ids))
    fleet.secrets.save()
    accounts = fleet.secrets.accounts(fleet.name, list(fleet.ids))
    launcher = Launcher()
    broker = brokers.create(
        "mosquitto" if secure else "nats",
        folder / "broker",
        launcher,
        port=fleet.tables.port,
        accounts=accounts,
        authority=authority.folder if authority is not None else None,
    )
    broker.start()
    try:
        yield fleet
    finally:
        broker.stop()
        launcher.close()


def deployed(fleet: BoardFleet, **more: object) -> dict[str, Row]:
    """Deploy; return rows by node, those without one by the folder of their board."""
    with Bus(fleet.endpoint, fleet.name) as bus:
        bus.settle()
        rows = deploy(Job(fleet, bus, READY_S, **more), [], QUIET)
    return {row.node or Path(row.board).parent.name: row for row in rows}
