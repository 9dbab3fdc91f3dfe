"""MicroPython's unix port: the fleet's interpreter, or any other by its path."""

from pathlib import Path

from quelea.conform.targets.base import Files, Target, run_in_folder
from quelea.errors import UserError
from quelea.fleet.interpreter import Interpreter, find

HEAP_KB = 1024  # of 32-bit words; traces keep inputs that a board never holds


class Unix(Target):
    kind = "unix"

    def __init__(self, runtime: str | None = None) -> None:
        super().__init__(f"unix:{Path(runtime).name}" if runtime else "unix")
        self.runtime = runtime
        self._interpreter: Interpreter | None = None

    def _found(self) -> Interpreter:
        if self._interpreter is None:
            self._interpreter = find(self.runtime, HEAP_KB)
        return self._interpreter

    def available(self) -> str | None:
        try:
            self._found()
        except UserError as error:
            return str(error)
        return None

    def run(self, files: Files, script: str, timeout_s: float) -> str:
        return run_in_folder(self._found().exec_argv("main.py", HEAP_KB), files, script, timeout_s)
