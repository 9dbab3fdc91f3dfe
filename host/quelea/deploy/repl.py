"""MicroPython's raw REPL: stop what runs, send source, get what it printed, start again.

    Ctrl-C stops a program, Ctrl-A enters, Ctrl-E A Ctrl-A asks for raw paste, Ctrl-D runs,
    answers end in Ctrl-D: what was printed, then the traceback.

Nothing that a board sends raises anything but BoardFailed, and none of it is kept beyond
OUTPUT_BYTES_MAX.
"""

import time

from quelea.deploy.failure import BoardFailed
from quelea.deploy.line import Line

STOP, ENTER, FRIENDLY, RUN = b"\r\x03\x03", b"\r\x01", b"\r\x02", b"\x04"
PASTE = b"\x05A\x01"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
BANNER = b"MicroPython "
OUTPUT_BYTES_MAX = 1 << 18  # the longest that our scripts print is the hashes of all files
QUIET_S = 0.1  # after Ctrl-C: a program that ends in order has last words
ENTER_S = 2.0
ENTER_TRIES = 3
CLEAR_S = 10.0
RESET_MARK = b"rst:0x"  # how the ROM of an ESP32 begins after a reset
RESET_S = 5.0
ANSWER_S = 10.0
STEP_BYTES = 256  # of source without raw paste, which has no flow control
STEP_S = 0.01
WINDOW_MAX = 1 << 14
HANGS = "press its reset button and repeat; if it stays silent, flash it: `quelea flash`"


class Repl:
    """The raw REPL of the board at the other end of a line."""

    def __init__(self, line: Line, step_bytes: int = STEP_BYTES) -> None:
        """step_bytes: what the board's input buffer holds, where there is no raw paste."""
        self._line = line
        self._seen = bytearray()
        self._step_bytes = step_bytes
        self._paste = True  # until the board says that it has none
        self.stopped = False  # a program ran when we came

    # -- coming and going -----------------------------------------------------------------------
    def enter(self, tries: int = ENTER_TRIES) -> None:
        """Stop what runs and enter, the heap empty; BoardFailed if the board does not follow."""
        heard = bytearray()
        for left in range(tries, 0, -1):
            if left == 1:  # what Ctrl-C does not stop, its reset line may
                self._line.pulse_reset()
            self._line.write(STOP)
            self._drain(heard)
            self._line.write(ENTER)
            before = self._take(PROMPT, ENTER_S)
            heard += before if before is not None else self._seen
            del heard[:-OUTPUT_BYTES_MAX]
            self._seen.clear()
            if before is not None:
                if not self.stopped and (BANNER in heard or b"KeyboardInterrupt" in heard):
                    self.stopped = True
                    self.clear()
                return
        if not heard:
            raise BoardFailed("the board answers nothing", f"{tries} times Ctrl-C", HANGS)
        said = bytes(heard[-200:]).decode(errors="replace")
        if b"waiting for download" in heard:
            raise BoardFailed("the board waits in its ROM loader", said, "press its reset button")
        if b"rst:0x" in heard and BANNER not in heard:
            raise BoardFailed("there is no MicroPython on the board", said, "`quelea flash`")
        raise BoardFailed("the board does not come to its prompt", f"it said: {said}", HANGS)

    def clear(self) -> None:
        """Empty the heap: a soft reset in the raw REPL runs no main.py."""
        self._line.write(RUN)
        if self._take(PROMPT, CLEAR_S) is None:
            self._seen.clear()
            self.enter()

    def leave(self) -> None:
        """Go back to the prompt for people; what was stopped stays so."""
        self._line.write(FRIENDLY)

    def restart(self, hard: bool = True) -> None:
        """Start the board's program anew: by a reset, or by a soft one where that is wanted."""
        if hard:
            self._line.write(b"import machine\nmachine.reset()\n" + RUN)
        else:
            self._line.write(FRIENDLY)
            self._drain(bytearray())
            self._line.write(RUN)

    def reset(self) -> None:
        """Reset the board and stop what it starts: a watchdog that ran on at the prompt ends."""
        self.restart()
        self._take(RESET_MARK, RESET_S)  # a chip that prints none has had its time
        self._seen.clear()
        self.enter()

    # -- running --------------------------------------------------------------------------------
    def run(self, source: str, timeout_s: float = ANSWER_S) -> str:
        """Run source and return what it printed; BoardFailed for its exception or for silence."""
        data = source.encode()
        if not (self._paste and self._sent_by_paste(data, timeout_s)):
            self._send_plain(data, timeout_s)
        printed = self._must(RUN, timeout_s)
        error = self._must(RUN, timeout_s)
        self._must(b">", timeout_s)
        if error.strip():
            raise trouble(error.decode(errors="replace"))
        return printed.decode(errors="replace").replace("\r\n", "\n")

    def _sent_by_paste(self, data: bytes, timeout_s: float) -> bool:
        """Send with the board's flow control; False if it has none."""
        self._line.write(PASTE)
        answer = self._exactly(2, timeout_s)
        if answer != b"R\x01":
            self._paste = False
            if answer != b"R\x00":  # an old MicroPython took it for Ctrl-A: a new prompt
                self._seen[:0] = answer
                self._must(PROMPT, timeout_s)
            return False
        window = step = min(int.from_bytes(self._exactly(2, timeout_s), "little"), WINDOW_MAX)
        at = 0
        while at < len(data):
            while window == 0 or self._seen:
                sign = self._exactly(1, timeout_s)
                if sign != b"\x01":
                    raise BoardFailed(
                        "the board broke off what it was sent",
                        "" if sign == RUN else f"it sent {sign!r}",
                        "repeat the command",
                    )
                window = min(window + step, WINDOW_MAX)
            piece = data[at : at + window]
            self._line.write(piece)
            at += len(piece)
            window -= len(piece)
            if at < len(data):
                self._seen += self._line.read(0)
        self._line.write(RUN)
        self._must(RUN, timeout_s)
        return True

    def _send_plain(self, data: bytes, timeout_s: float) -> None:
        for at in range(0, len(data), self._step_bytes):
            if at:
                time.sleep(STEP_S)  # without flow control the board needs time to take it
            self._line.write(data[at : at + self._step_bytes])
        self._line.write(RUN)
        self._must(b"OK", timeout_s)

    # -- bytes ----------------------------------------------------------------------------------
    def _take(self, mark: bytes, timeout_s: float) -> bytes | None:
        """Return what comes before mark and drop both; None when it does not come."""
        deadline_s = time.monotonic() + timeout_s
        searched = 0
        while True:
            at = self._seen.find(mark, searched)
            if at >= 0:
                before = bytes(self._seen[:at])
                del self._seen[: at + len(mark)]
                return before
            if len(self._seen) > OUTPUT_BYTES_MAX:
                raise BoardFailed(
                    "the board talks without end", self._said(), "reset it, or flash it anew"
                )
            searched = max(0, len(self._seen) - len(mark))
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return None
            self._seen += self._line.read(min(left_s, 0.5))

    def _must(self, mark: bytes, timeout_s: float) -> bytes:
        before = self._take(mark, timeout_s)
        if before is None:
            raise BoardFailed(
                f"the board went silent for {timeout_s:g} s",
                self._said(),
                "press its reset button and repeat the command",
            )
        return before

    def _exactly(self, count: int, timeout_s: float) -> bytes:
        deadline_s = time.monotonic() + timeout_s
        while len(self._seen) < count:
            if time.monotonic() >= deadline_s:
                raise BoardFailed(
                    f"the board went silent for {timeout_s:g} s", self._said(), HANGS
                )
            self._seen += self._line.read(0.5)
        data = bytes(self._seen[:count])
        del self._seen[:count]
        return data

    def _drain(self, heard: bytearray) -> None:
        """Take what comes until it is quiet."""
        deadline_s = time.monotonic() + ENTER_S
        while time.monotonic() < deadline_s:
            data = self._line.read(QUIET_S)
            if not data:
                return
            heard += data
            del heard[:-OUTPUT_BYTES_MAX]

    def _said(self) -> str:
        said = bytes(self._seen[-200:]).decode(errors="replace").strip()
        return f"it said: {said}" if said else ""


def trouble(traceback: str) -> BoardFailed:
    """Return the failure that a board's traceback means."""
    last = traceback.strip().rpartition("\n")[2]
    if "ENOSPC" in last or "Errno 28" in last or last == "OSError: 28":
        return BoardFailed(
            "the board's file system is full",
            last,
            "remove files (`mpremote fs ls`, `fs rm`), or erase: `quelea flash --erase`",
        )
    if last.startswith("MemoryError"):
        return BoardFailed("the board is out of memory", last, "reset it and repeat")
    if "EROFS" in last or "Errno 30" in last:
        return BoardFailed("the board's file system is read-only", last, "`quelea flash --erase`")
    return BoardFailed(f"the board raised {last[:120]}", traceback, "repeat the command")
