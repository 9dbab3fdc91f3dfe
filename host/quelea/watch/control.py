"""The way from a page to the process that runs an emulated fleet: a socket in the run's folder.

One JSON object a line each way. The file belongs to the user who started the run, and nobody else
may open it; what is offered is decided over there.
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quelea.errors import UserError

FILE = "control.sock"
ANSWER_S = 10.0
LINE_BYTES_MAX = 65_536


@contextlib.contextmanager
def short_path(folder: Path) -> Iterator[str]:
    """Yield a path of the socket that is short enough for the kernel, however deep the folder."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{number}/{FILE}"
    finally:
        os.close(number)


class Remote:
    """folder: of a run that was started with --allow-write; UserError when it takes no acts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._offers = self.act({"act": "offers"})
        if not self._offers.get("ok"):
            raise UserError(
                "this run takes no acts",
                "--allow-write",
                str(self._offers.get("note", "")),
                "start it with `quelea fleet --allow-write`, and watch while it runs",
            )

    def offers(self) -> dict[str, Any]:
        """Return what may be done: acts, each with its label, and the attacks there are."""
        return {key: value for key, value in self._offers.items() if key != "ok"}

    def act(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Ask for one act; return {"ok": whether it was done, "note": a sentence}."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
                asking.settimeout(ANSWER_S)
                with short_path(self.folder) as path:
                    asking.connect(path)
                asking.sendall(json.dumps(wanted).encode() + b"\n")
                with asking.makefile("rb") as lines:
                    answer = json.loads(lines.readline(LINE_BYTES_MAX))
        except (OSError, ValueError) as error:
            return {"ok": False, "note": f"the fleet does not answer: {error}"}
        return answer if isinstance(answer, dict) else {"ok": False, "note": "no answer"}
