"""CPython: the interpreter that runs the host, in a process without any installed package."""

import sys

from quelea.conform.targets.base import Files, Target, run_in_folder


class CPython(Target):
    kind = "cpython"

    def __init__(self, runtime: str | None = None) -> None:
        super().__init__("cpython")
        self.runtime = runtime or sys.executable

    def available(self) -> str | None:
        return None

    def run(self, files: Files, script: str, timeout_s: float) -> str:
        # -S -E: no site-packages, so that only the staged files can be imported.
        argv = [self.runtime, "-S", "-E", "-B", "main.py"]
        return run_in_folder(argv, files, script, timeout_s)
