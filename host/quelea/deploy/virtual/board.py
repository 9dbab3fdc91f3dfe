"""One virtual board: a pty for its host, a MicroPython on a pty of its own, and a pump between.

The pump is where a board can be unlike a process: it starts anew after Ctrl-D or reset on the same
port, it goes to the ROM loader when esptool calls, it can hang, and it can be unplugged.

    host -- outer pty -- pump -- inner pty -- MicroPython
                           `-- Rom, while esptool talks

A real board is put into its loader by the DTR and RTS lines, which a pty does not have: here the
first frame of esptool does it, and the end of its connection starts the program again.
"""

import contextlib
import errno
import hashlib
import os
import select
import subprocess
import sys
import termios
import threading
import time
import tty
from dataclasses import dataclass
from pathlib import Path

from quelea.deploy.chips import CHIPS, Chip
from quelea.deploy.ports import LINK
from quelea.deploy.virtual import boot
from quelea.deploy.virtual.rom import SYNC, Rom
from quelea.fleet.interpreter import Interpreter

FLASH = "flash"
READ_BYTES = 4096
BUFFER_BYTES_MAX = 1 << 16  # of either direction; what comes beyond is lost, as on a wire
TAIL_BYTES = 2048
LOOK_S = 0.05  # how often a board without a host looks whether one has come
AGAIN_S = 0.5  # a program that ends at once is not started more often than this
END_S = 2.0
UP = b"\x00up\x00"  # MicroPython says it once it is a board; until then it hears nothing
RAW_MARK, BANNER, PROMPT = b"raw REPL; CTRL-B to exit", b"MicroPython ", b">>> "
_LEADER = (
    "import fcntl,os,sys,termios;fcntl.ioctl(0,termios.TIOCSCTTY,0);"
    "os.umask(0o077);os.execv(sys.argv[1],sys.argv[1:])"
)


@dataclass(frozen=True)
class Spec:
    """What a virtual board is.

    flash_kb: size of its littlefs; 0: its folder `flash` is its file system, without a bound.
    hang: it answers nothing. unplug_bytes: it is gone once its host has sent so many; 0: never.
    nvs: whether there is an esp32 module.
    """

    name: str
    chip: Chip = CHIPS[0]
    flash_kb: int = 0
    hang: bool = False
    unplug_bytes: int = 0
    heap_kb: int = 110
    nvs: bool = True

    @property
    def mac(self) -> bytes:
        """Six bytes, locally administered, from the name."""
        return b"\x02" + hashlib.sha256(self.name.encode()).digest()[:5]


class VirtualBoard:
    """A board that runs from start() to stop(); `port` is what a host opens."""

    def __init__(self, spec: Spec, folder: Path, runtime: Interpreter) -> None:
        """folder: the board's own, kept over stop(): its flash, NVS, image and link `port`."""
        self.spec = spec
        self.folder = folder.resolve()
        self.port = self.folder / LINK
        self.starts = 0
        self.unplugged = False
        self.swallowed = 0  # bytes that a hanging board did not answer
        self._runtime = runtime
        self._outer = -1
        self._inner = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._rom: Rom | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._reset()

    def _reset(self) -> None:
        self._to_host = bytearray()
        self._to_board = bytearray()
        self._tail = b""
        self._up = False
        self._raw = False
        self._resuming = False  # a soft reset in the raw REPL ends in the raw REPL
        self._received = 0
        self._started_s = 0.0

    @property
    def flash(self) -> Path:
        """The folder that the board has as its file system, where it has no littlefs."""
        return self.folder / FLASH

    # -- life -----------------------------------------------------------------------------------
    def start(self) -> None:
        """Make the port and boot."""
        self.flash.mkdir(parents=True, exist_ok=True)
        self._reset()
        self._stopping.clear()
        self.unplugged = False
        self._outer, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._outer, False)
        with contextlib.suppress(FileNotFoundError):
            self.port.unlink()
        self.port.symlink_to(os.ttyname(slave))
        os.close(slave)
        self._boot()
        self._thread = threading.Thread(target=self._run, name=self.spec.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; what it has stored stays."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(END_S + 1)
        self._unplug()

    def _unplug(self) -> None:
        self._end_process()
        if self._outer >= 0:
            outer, self._outer = self._outer, -1
            os.close(outer)
            with contextlib.suppress(OSError):
                self.port.unlink()

    def _boot(self, raw: bool = False) -> None:
        self._inner, slave = os.openpty()
        tty.setraw(slave)
        modes = termios.tcgetattr(slave)
        modes[3] |= termios.ISIG | termios.NOFLSH  # Ctrl-C interrupts, as on a board
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        os.set_blocking(self._inner, False)
        spec = self.spec
        machine = f"Virtual board with {spec.chip.words.replace('-', '')}"
        blocks = spec.flash_kb * 1024 // boot.BLOCK_BYTES
        text = boot.source(self.folder, self.flash, blocks, spec.nvs, machine, spec.mac, raw)
        argv = list(self._runtime.exec_argv("-i", spec.heap_kb))
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LEADER, *argv, "-c", text],
            stdin=slave, stdout=slave, stderr=slave, cwd=self.folder, start_new_session=True,
            env={"PATH": os.defpath, "MICROPYPATH": ".frozen"},
        )  # fmt: skip
        os.close(slave)
        self.starts += 1
        self._up = False
        self._raw = False
        self._resuming = raw
        self._tail = b""
        self._started_s = time.monotonic()

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        if self._inner >= 0:
            inner, self._inner = self._inner, -1
            os.close(inner)

    # -- the pump -------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and self._outer >= 0:
                self._turn()
        finally:
            self._end_process()

    def _turn(self) -> None:
        poller = select.poll()
        hosted = self._hosted()
        if hosted:
            out = select.POLLOUT if self._to_host else 0
            poller.register(self._outer, select.POLLIN | out)
        elif self._rom is not None:  # esptool has left
            self._rom = None
            self._boot()
        if not hosted:
            self._to_host.clear()  # nobody hears it
        if self._inner >= 0:
            out = select.POLLOUT if self._to_board and self._up else 0
            poller.register(self._inner, select.POLLIN | out)
        for number, events in poller.poll(LOOK_S * 1000):
            if number == self._outer:
                if events & select.POLLIN:
                    self._from_host()
                if events & select.POLLOUT and self._outer >= 0:
                    self._flush(self._outer, self._to_host)
            elif number == self._inner:
                if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                    self._from_board()
                if events & select.POLLOUT and self._inner >= 0:
                    self._flush(self._inner, self._to_board)

    def _hosted(self) -> bool:
        """Return whether somebody has the port open."""
        look = select.poll()
        look.register(self._outer, 0)
        return not any(events & select.POLLHUP for _, events in look.poll(0))

    @staticmethod
    def _flush(number: int, data: bytearray) -> None:
        try:
            del data[: os.write(number, data)]
        except BlockingIOError:
            pass
        except OSError:
            data.clear()

    @staticmethod
    def _read(number: int) -> bytes | None:
        """Return bytes, b"" for none yet, None at the end."""
        try:
            return os.read(number, READ_BYTES) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return None

    def _from_host(self) -> None:
        data = self._read(self._outer) or b""
        self._received += len(data)
        if self.spec.unplug_bytes and self._received >= self.spec.unplug_bytes:
            self.unplugged = True
            self._unplug()
            return
        if self.spec.hang:
            self.swallowed += len(data)
            return
        if self._rom is None and SYNC in data:
            self._end_process()
            self._to_board.clear()
            self._rom = Rom(self.spec.chip, self.spec.mac, self.folder / "image.bin")
            data = data[data.index(SYNC) :]
        if self._rom is None:
            self._to_board += data[: BUFFER_BYTES_MAX - len(self._to_board)]
        else:
            self._say(self._rom.feed(data))
            if self._rom.done:
                self._rom = None
                self._boot()

    def _say(self, data: bytes) -> None:
        self._to_host += data
        if len(self._to_host) > BUFFER_BYTES_MAX:
            del self._to_host[:-BUFFER_BYTES_MAX]

    def _from_board(self) -> None:
        data = self._read(self._inner)
        if data is None:
            self._again()
            return
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        if not self._up:
            if UP not in self._tail:
                return
            self._up = True
            data = self._tail = self._tail.partition(UP)[2]
        if self._resuming:
            data = self._resume()
        raw, friendly = self._tail.rfind(RAW_MARK), self._tail.rfind(BANNER)
        self._raw = raw > friendly or (self._raw and raw == friendly)
        if not self.spec.hang:
            self._say(data)

    def _resume(self) -> bytes:
        """Lead a new MicroPython into the raw REPL; return what the host is to see of it."""
        if RAW_MARK in self._tail:
            self._resuming = False
            return self._tail[self._tail.index(RAW_MARK) :]
        if self._tail.endswith(PROMPT):
            os.write(self._inner, b"\x01")
        return b""

    def _again(self) -> None:
        """The interpreter ended: what that is on a board is a reset."""
        hard = b"rst:0x" in self._tail[-200:]
        raw = self._raw and not hard
        self._end_process()
        self._to_board.clear()
        if not hard:
            self._say(b"MPY: soft reboot\r\n")
        self._stopping.wait(max(0.0, self._started_s + AGAIN_S - time.monotonic()))
        self._boot(raw)
