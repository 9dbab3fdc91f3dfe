"""`quelea flash`: an image to many boards at once, one esptool a board.

esptool is run with `write-flash` and, if asked, `erase-flash`; never with anything that burns an
eFuse. The image's SHA-256 and chip are checked before the first board is touched.
"""

import contextlib
import hashlib
import importlib.util
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from quelea.deploy import chips, pool, ports
from quelea.deploy.chips import Chip
from quelea.deploy.failure import DONE, BoardFailed, Row
from quelea.deploy.line import INSTALL, require_installed
from quelea.deploy.pool import Progress, Say
from quelea.deploy.ports import Port
from quelea.deploy.report import finish
from quelea.errors import UserError

FLASH_S = 300.0  # 4 MB at 115,200 baud without compression, and some
SILENT_S = 60.0  # esptool gives up by itself earlier than this, except on a driver that blocks
LINE_BYTES_MAX = 4096
LINES_MAX = 40  # of what esptool said last, for a failure
BAUD = 460_800
_PERCENT = re.compile(r"(?<![\d.])(\d{1,3})(?:\.\d+)?\s?%")
_FATAL = re.compile(r"(?:A fatal error occurred:|Error:)\s*(.*)", re.IGNORECASE)

NO_PORT, UNPLUGGED = "the port cannot be opened", "the board was unplugged"
AGAIN = "plug it in again and repeat: flashing begins anew"

# what esptool says, what it means, what to do
ERRORS = (
    (r"This chip is (\S+), not (\S+?)\.", "the wrong chip: {1}, and the image is for {2}",
     "give the image of this chip, or leave this board out"),
    (r"No serial data received", "the chip's loader does not answer",
     "hold BOOT, press RESET, let BOOT go; try another cable, one with data lines"),
    (r"Could not open|No such file|could not open port|is busy", NO_PORT,
     "plug the board in; end the program that has its port open"),
    (r"Wrong boot mode", "the chip is not in its loader", "hold BOOT while you press RESET"),
    (r"device reports readiness|Input/output error|disconnected|write failed|serial exception",
     UNPLUGGED, AGAIN),
    (r"MD5|Hash of data", "what was written is not what was sent",
     "repeat with --baud 115200; if it stays so, the flash is worn out"),
)  # fmt: skip


@dataclass(frozen=True)
class Image:
    """A checked image."""

    path: Path
    chip: Chip
    sha256: str


def command(
    image: Path,
    given: Sequence[str],
    sha256: str,
    erase: bool,
    baud: int,
    jobs: int,
    as_json: bool,
) -> int:
    """Flash and print the table; return 1 if a board failed."""
    require_installed()
    checked = check(image, sha256)
    rows = flash(checked, given, erase, baud, Progress(), pool.checked(jobs))
    return finish(rows, as_json, image=str(image), chip=checked.chip.name)


def check(path: Path, sha256: str) -> Image:
    """Return an image whose SHA-256 is what it must be; UserError else.

    sha256: 64 hexadecimal digits; "" reads the file beside it, FILE.sha256.
    """
    chip = chips.of_image(path)
    where = "--sha256"
    if not sha256:
        beside = path.with_name(path.name + ".sha256")
        where = str(beside)
        try:
            with open(beside, encoding="ascii") as file:
                sha256 = (file.read(1024).split() or [""])[0]
        except (OSError, UnicodeDecodeError):
            raise UserError(
                "the image's SHA-256 is not known",
                str(path),
                f"there is no {beside.name}",
                "give --sha256 with the digest of the page that you have the image from",
            ) from None
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256.strip().lower():
        raise UserError(
            f"{path.name} has another SHA-256",
            where,
            f"it is {found}, and {sha256.strip()[:64]} is wanted",
            "get the image anew; do not flash this one",
        )
    return Image(path, chip, found)


def flash(
    image: Image, given: Sequence[str], erase: bool, baud: int, progress: Progress, jobs: int
) -> list[Row]:
    """Flash every board and return a row each."""
    if importlib.util.find_spec("esptool") is None:
        raise UserError("esptool is not installed", remedy=f"run `{INSTALL}`")
    found = ports.find(given)
    if not found:
        raise UserError("no board was found", "--ports", "", "plug one in; `quelea ls` shows them")

    def one(port: Port, say: Say) -> Row:
        if erase:
            _esptool(image, port, baud, ["erase-flash"], say)
        place = hex(image.chip.offset)
        _esptool(image, port, baud, ["write-flash", place, str(image.path)], say)
        what = f"{image.path.name} for {image.chip.words} written and verified"
        return Row(port.path, "", DONE, what, facts={"sha256": image.sha256})

    return pool.each(found, lambda port: (port.path, ""), one, progress, jobs)


def argv(image: Image, port: Port, baud: int, words: list[str]) -> list[str]:
    """Return esptool's command line."""
    head = [sys.executable, "-u", "-m", "esptool", "--port", port.path, "--baud", str(baud)]
    return [*head, "--chip", image.chip.name, *words]


def _esptool(image: Image, port: Port, baud: int, words: list[str], say: Say) -> None:
    """Run esptool; BoardFailed with what it means."""
    process = subprocess.Popen(
        argv(image, port, baud, words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    reader = Reader(say)
    try:
        _follow(process, reader)
    finally:
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if process.returncode != 0:
        raise reader.failure()


def _follow(process: "subprocess.Popen[bytes]", reader: "Reader") -> None:
    assert process.stdout is not None
    deadline_s = time.monotonic() + FLASH_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left_s = min(deadline_s - time.monotonic(), SILENT_S)
            if left_s <= 0 or not selector.select(left_s):
                raise BoardFailed(
                    "esptool hangs", reader.last(), "unplug the board and plug it in again"
                )
            data = process.stdout.read1(LINE_BYTES_MAX)  # type: ignore[attr-defined]
            if not data:
                process.wait(SILENT_S)
                return
            reader.take(data)


class Reader:
    """What esptool says, line by line: progress to a person, the end kept for a failure."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._rest = b""
        self._lines: list[str] = []
        self.percent = -1

    def take(self, data: bytes) -> None:
        """Take bytes; lines end in CR, LF or a terminal's cursor move."""
        *lines, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = rest[-LINE_BYTES_MAX:]
        for raw in lines:
            line = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw.decode(errors="replace")).strip()
            if line:
                self._lines = [*self._lines[1 - LINES_MAX :], line[:LINE_BYTES_MAX]]
                self._note(line)

    def _note(self, line: str) -> None:
        found = _PERCENT.search(line) if line.startswith("Writing at") else None
        percent = min(100, int(found[1])) if found else self.percent
        if percent != self.percent:
            self.percent = percent
            self._say(f"{percent:3d} % written ...")
        elif line.startswith(("Connected", "Erasing", "Verifying")):
            self._say(line[:60] + " ...")

    def last(self) -> str:
        """Return the last line that says something."""
        return self._lines[-1] if self._lines else "it said nothing"

    def failure(self) -> BoardFailed:
        """Return what esptool's end means."""
        text = "\n".join([*self._lines, self._rest.decode(errors="replace")])
        fatal = list(_FATAL.finditer(text))
        said = fatal[-1][1] if fatal else self.last()
        for pattern, what, remedy in ERRORS:
            found = re.search(pattern, text, re.IGNORECASE)
            if (
                found
                and what == NO_PORT
                and any(row.startswith("Connected") for row in self._lines)
            ):
                return BoardFailed(UNPLUGGED, said, AGAIN)  # it was there before
            if found:
                return BoardFailed(what.format("", *found.groups()), said, remedy)
        return BoardFailed("esptool failed", said, "repeat; `python -m esptool` says more")
