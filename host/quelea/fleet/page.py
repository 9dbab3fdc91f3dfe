"""The live page beside a fleet: a process of its own, so that it is never in the fleet's way."""

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

START_S = 15.0
STOP_S = 5.0


class PageProcess:
    """Serves the run in `folder` until stop(), or until this process is gone.

    said: the line with the page's address, or what kept it from starting.
    """

    def __init__(self, folder: Path, allow_write: bool) -> None:
        line = [sys.executable, "-m", "quelea.watch", str(folder)]
        self._process = subprocess.Popen(
            [*line, *(["--allow-write"] if allow_write else [])],
            stdin=subprocess.PIPE,  # its end tells the page that the fleet is over
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.said = self._first_line()

    def _first_line(self) -> str:
        assert self._process.stderr is not None
        number, text, until_s = self._process.stderr.fileno(), b"", time.monotonic() + START_S
        while b"\n" not in text and time.monotonic() < until_s:
            if select.select([number], [], [], 0.2)[0]:
                piece = os.read(number, 4096)
                if not piece:
                    break
                text += piece
        return text.decode(errors="replace").strip() or "the live page does not start"

    def stop(self) -> None:
        """End it in order."""
        assert self._process.stdin is not None and self._process.stderr is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stderr.close()
