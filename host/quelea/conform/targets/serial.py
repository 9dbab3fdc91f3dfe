"""A board at a serial port, through mpremote: the staged folder is mounted, nothing is flashed."""

import importlib.util
import sys
import tempfile
from pathlib import Path

from quelea.conform.targets.base import MAIN, Files, Target, run_process, write_files

INSTALL = "pip install 'quelea[boards]'"
# Modules of an earlier run must not be taken for the staged ones where nothing was reset.
FORGET = """
import sys
for _name in list(sys.modules):
    if _name.split(".")[0] in ("quelea", "quelea_proto", "quelea_agent") or _name[:3] == "kit":
        del sys.modules[_name]
"""


class Serial(Target):
    kind = "serial"
    parallel = False
    rounds_share = 0.01

    def __init__(self, port: str, soft_reset: bool = True) -> None:
        """soft_reset False: for an interpreter that would end instead of starting anew."""
        super().__init__(port)
        self.port = port
        self.soft_reset = soft_reset

    def available(self) -> str | None:
        if importlib.util.find_spec("mpremote") is None:
            return f"mpremote is missing; install it with: {INSTALL}"
        if not Path(self.port).exists():
            return f"there is no serial port {self.port}; `mpremote devs` lists them"
        return None

    def run(self, files: Files, script: str, timeout_s: float) -> str:
        with tempfile.TemporaryDirectory(prefix="quelea-conform-") as name:
            folder = Path(name)
            write_files(folder, files, FORGET + script)
            # -u: else its own line about the mount comes after what the board prints.
            argv = [sys.executable, "-u", "-m", "mpremote", "connect", self.port]
            argv += [] if self.soft_reset else ["resume"]
            argv += ["mount", str(folder), "run", str(folder / MAIN)]
            printed = run_process(argv, folder, timeout_s).replace("\r\n", "\n")
        # The first line is mpremote's own: what it mounted and where.
        return printed.partition("\n")[2]
