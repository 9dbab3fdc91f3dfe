"""The raw REPL on a chip: MicroPython 1.9 on an emulated micro:bit, without raw paste."""

import os
import select
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from conftest import need
from quelea.conform.targets.microbit import EMULATOR, FIRMWARE, INSTALL, MACHINE
from quelea.deploy.failure import BoardFailed
from quelea.deploy.line import gone
from quelea.deploy.repl import Repl

STEP_BYTES = 48  # its receive buffer holds 64
ANSWER_S = 60.0


class Pipes:
    """The emulator's serial line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def write(self, data: bytes) -> None:
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def read(self, timeout_s: float) -> bytes:
        if not select.select([self._process.stdout], [], [], timeout_s)[0]:
            return b""
        data = os.read(self._process.stdout.fileno(), 4096)
        if not data:
            raise gone("the emulator", "it ended")
        return data

    def pulse_reset(self) -> None:
        """It has no such line."""


@pytest.fixture
def board() -> Iterator[Pipes]:
    """An emulated micro:bit at its prompt."""
    need(shutil.which(EMULATOR) and FIRMWARE.is_file(), "the emulated micro:bit", INSTALL)
    process = subprocess.Popen(
        [EMULATOR, *MACHINE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        line = Pipes(process)
        seen = bytearray()
        while b">>> " not in seen:  # its firmware takes a moment; pytest's timeout is the bound
            seen += line.read(1.0)
        yield line
    finally:
        process.kill()
        process.communicate()


def test_scripts_run_on_an_emulated_chip(board: Pipes) -> None:
    repl = Repl(board, STEP_BYTES)
    repl.enter(tries=10)
    assert repl.run("print(6 * 7)", ANSWER_S) == "42\n"
    assert not repl._paste  # 1.9 has none
    assert repl.run("x = 0\nfor i in range(20):\n x += i  # more than one step\nprint(x)\n",
                    ANSWER_S) == "190\n"  # fmt: skip
    with pytest.raises(BoardFailed, match="ZeroDivisionError"):
        repl.run("1 // 0", ANSWER_S)
    board.write(b"while True:\n pass\n\x04")  # a program that does not end
    repl = Repl(board, STEP_BYTES)
    repl.enter(tries=10)
    assert repl.stopped and repl.run("print('back')", ANSWER_S) == "back\n"
