"""MicroPython's raw REPL over a process's pipes: send source, get what it printed and its error.

Ctrl-A enters, Ctrl-D runs what was sent (or, with nothing sent, resets), answers end in 0x04.
"""

import os
import select
import subprocess
import time

from quelea.conform.targets.base import TargetError

ENTER, INTERRUPT, RUN = b"\x01", b"\x03", b"\x04"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
READ_BYTES = 4096
START_S = 30.0


class RawRepl:
    """The interpreter behind a process whose stdin and stdout are its serial line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._in = process.stdin
        self._out = process.stdout
        self._seen = b""

    def _until(self, mark: bytes, deadline_s: float) -> bytes:
        """Return what comes before mark and drop both; TargetError at the deadline."""
        while mark not in self._seen:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise TargetError("the serial line went quiet", said=self._text(self._seen))
            if not select.select([self._out], [], [], min(left_s, 1.0))[0]:
                continue
            data = os.read(self._out.fileno(), READ_BYTES)
            if not data:
                raise TargetError("the emulator ended", said=self._text(self._seen))
            self._seen += data
        before, _, self._seen = self._seen.partition(mark)
        return before

    @staticmethod
    def _text(data: bytes) -> str:
        return data.decode(errors="replace").replace("\r\n", "\n")

    def _write(self, data: bytes) -> None:
        try:
            self._in.write(data)
            self._in.flush()
        except BrokenPipeError:
            raise TargetError("the emulator ended") from None

    def enter(self) -> None:
        """Wait for the interpreter's first prompt, then switch to the raw REPL."""
        deadline_s = time.monotonic() + START_S
        self._until(b">>> ", deadline_s)
        self._write(b"\r" + INTERRUPT + INTERRUPT + ENTER)
        self._until(PROMPT, deadline_s)

    def reset(self) -> None:
        """Reset softly: an empty heap, the same files."""
        self._write(RUN)
        self._until(PROMPT, time.monotonic() + START_S)

    def execute(self, source: str, timeout_s: float) -> tuple[str, str]:
        """Run source; return (what it printed, its traceback or "")."""
        deadline_s = time.monotonic() + timeout_s
        self._write(source.encode() + RUN)
        self._until(b"OK", deadline_s)
        printed = self._until(RUN, deadline_s)
        error = self._until(RUN, deadline_s)
        self._until(b">", deadline_s)
        return self._text(printed), self._text(error)
