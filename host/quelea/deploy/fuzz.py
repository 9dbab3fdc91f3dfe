"""Everything that reads what a cable or a broker can send, under random and damaged inputs.

    python -m quelea.deploy.fuzz --inputs 1000000 [--seed 1]

Each parser may refuse by BoardFailed and by nothing else, and may keep no more than its bound;
the memory of the process must not grow with the number of inputs.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from quelea.deploy import answers, files, repl
from quelea.deploy.bus import born
from quelea.deploy.chips import CHIPS
from quelea.deploy.failure import BoardFailed
from quelea.deploy.flash import LINE_BYTES_MAX, LINES_MAX, Reader
from quelea.deploy.logs import Lines
from quelea.deploy.starting import CONSOLE_BYTES_MAX, Console
from quelea.deploy.virtual.rom import FRAME_BYTES_MAX, Rom
from quelea.fleet.procfs import usage

GROWTH_BYTES_MAX = 32 << 20  # between a tenth of the inputs and all of them

FACTS = (
    b'["Generic ESP32 module with ESP32","a0b1c2d3e4f5",[1,24,1],6,1048576,"demo","n03","'
    + b"0" * 64
    + b'","n03","0123456789abcdef",0]'
)
FLASH = (
    b"esptool v5.6.0\nConnecting....\nConnected to ESP32 on /dev/ttyUSB0:\n"
    b"Writing at 0x00005000 \xe2\x94\x81\xe2\x94\x81  8.2% 16.00kB/195.31kB [0s]\r"
    b"A fatal error occurred: This chip is ESP32-C3, not ESP32. Wrong chip argument?\n"
)
TURN = b"\x1f"  # where the board waits for what it is sent next
REPL = TURN.join(
    (
        b"",
        b"MicroPython v1.24.1 on 2024-11-29; Generic ESP32 module with ESP32\r\n>>> ",
        b"\r\n>>> \r\nraw REPL; CTRL-B to exit\r\n>",
        b"OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>",
        b"R\x01\x80\x00\x01",
        b"",
        b"\x04some text\r\n\x04\x04>",
    )
)
ROM = (
    b"\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + b"\x55" * 32 + b"\xc0"
    b"\xc0\x00\x0a\x04\x00\x00\x00\x00\x00\x00\x10\x00\x40\xc0"
    b"\xc0\x00\x10\x10\x00\x00\x00\x00\x00\x00\x10\x00\x00\x01\x00\x00\x00"
    b"\x00\x04\x00\x00\x00\x00\x00\x00\xc0"
)
CONSOLE = b"quelea: no broker: rejected\r\nTraceback (most recent call last):\nOSError: 28\n" * 3
STATUS = b'{"v":1,"session":3,"value_q":123,"demand_q":5,"fw":"0.1.0","board":"esp32"}'
NAMES = ["lib/quelea_agent/agent.mpy", "main.py"]
HASHES = b"0" * 64 + b"\n-\n"
MARK = b'{"digest":"0123456789abcdef","parts":[],"files":["main.py","lib/quelea_proto/x.mpy"]}'
PUT_IN = (b"[" * 50, b"\x04", b"\xff\xfe", b"1e999", b"null", b"-1", b"\xc0")

BOOTS = b"12 0 0 0 1 0 0 0 0 0123456789abcdef\n13 1 0 1 1 7 6 7 0 0123456789abcdef\n"


class DeadLine:
    """A wire on which only this comes, a part after each thing that is sent."""

    def __init__(self, data: bytes) -> None:
        self._parts = data.split(TURN)
        self._empty = 0

    def write(self, data: bytes) -> None:
        """Take it nowhere; the next part comes."""
        if len(self._parts) > 1:
            self._parts[:2] = [self._parts[0] + self._parts[1]]

    def read(self, timeout_s: float) -> bytes:
        """Return a piece; after some silence the cable is pulled."""
        data, self._parts[0] = self._parts[0][:97], self._parts[0][97:]
        self._empty = 0 if data else self._empty + 1
        if self._empty > 3:
            raise BoardFailed("gone")
        return data

    def pulse_reset(self) -> None:
        """Do nothing."""


def damaged(rng: random.Random, sample: bytes) -> bytes:
    """Return a sample with some bytes changed, cut, doubled or put in; or mere noise."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.randrange(300))
    data = bytearray(sample)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        act = rng.randrange(5)
        if act == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif act == 1:
            del data[at : at + rng.randrange(1, 9)]
        elif act == 2:
            data[at:at] = data[at : at + rng.randrange(1, 40)]
        elif act == 3:
            data[at:at] = rng.choice(PUT_IN)
        else:
            del data[at:]
    return bytes(data)


def _repl(data: bytes) -> None:
    board = repl.Repl(DeadLine(data))
    board.enter(tries=1)
    board.run("print(1)", 1.0)


def _reader(data: bytes) -> None:
    reader = Reader(lambda text: None)
    for at in range(0, len(data), 31):
        reader.take(data[at : at + 31])
    reader.failure()
    assert len(reader._lines) <= LINES_MAX and len(reader._rest) <= LINE_BYTES_MAX


def _console(data: bytes) -> None:
    console = Console()
    console.take(data)
    console.problem()
    console.said()
    assert len(console._text) <= CONSOLE_BYTES_MAX


def _rom(data: bytes) -> None:
    rom = Rom(CHIPS[0], bytes(6), Path("/dev/null/none"))
    rom.feed(data)
    assert len(rom._seen) <= FRAME_BYTES_MAX


def parsers() -> list[tuple[str, bytes, Callable[[bytes], object]]]:
    """Return (name, a good sample, what reads it) of every parser."""
    lines = Lines([])
    topic = "quelea/1/demo/n/n03/"

    def log(kind: str) -> Callable[[bytes], object]:
        return lambda data: lines.line(topic + kind, data, time.monotonic())

    def text(data: bytes) -> str:
        return data.decode(errors="replace")

    return [
        ("facts", FACTS, lambda data: answers.facts(text(data))),
        ("hashes", HASHES, lambda data: answers.hashes(text(data), NAMES)),
        ("firmware.json", MARK, lambda data: files.listed(text(data))),
        ("boot records", BOOTS, lambda data: files.over_air(text(data))),
        ("traceback", CONSOLE, lambda data: repl.trouble(text(data)).what),
        ("raw REPL", REPL, _repl),
        ("esptool", FLASH, _reader),
        ("console", CONSOLE, _console),
        ("ROM loader", ROM, _rom),
        ("birth", STATUS, born),
        ("status", STATUS, log("status")),
        ("event", STATUS, log("evt")),
        ("state", b"ready", log("$state")),
    ]


def fuzz(inputs: int, seed: int) -> dict[str, object]:
    """Give so many inputs to the parsers in turn; AssertionError, or what one raised, ends it."""
    rng = random.Random(seed)
    rows = parsers()
    refused = dict.fromkeys((row[0] for row in rows), 0)
    early = 0
    for number in range(inputs):
        name, sample, read = rows[number % len(rows)]
        data = damaged(rng, sample)
        try:
            read(data)
        except BoardFailed:
            refused[name] += 1
        except Exception as error:
            raise AssertionError(f"{name} raised {error!r} for {data!r}") from error
        if number == inputs // 10:
            early = memory_bytes()
    growth = memory_bytes() - early
    return {
        "verdict": growth <= GROWTH_BYTES_MAX,
        "checks": [
            {"name": "memory grown", "ok": growth <= GROWTH_BYTES_MAX, "value": growth,
             "bound": GROWTH_BYTES_MAX, "unit": "bytes"},
            {"name": "exceptions", "ok": True, "value": 0, "bound": 0, "unit": ""},
        ],
        "inputs": inputs,
        "refused": refused,
        "seed": seed,
    }  # fmt: skip


def memory_bytes() -> int:
    """Return the memory that this process alone holds."""
    found = usage(os.getpid())
    return found.private_kb << 10 if found is not None else 0


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Fuzz what reads a board's bytes.")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = fuzz(asked.inputs, asked.seed)
    print(json.dumps(found))
    return 0 if found["verdict"] else 1


if __name__ == "__main__":
    sys.exit(main())
