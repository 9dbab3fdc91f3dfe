"""Run every test: those that only compute on all cores, then those that have clocks, one by one.

    python tools/suite.py            # all
    python tools/suite.py ARGS...    # what pytest makes of ARGS, as it is

A folder of tests that is not named here runs in the second part: real processes, brokers, boards
and pages keep time, and other work beside them would be measured with them.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPUTE = (
    "conform",
    "federate",
    "learn",
    "packaging",
    "portable",
    "quantum",
    "simulate",
    "spiking",
    "sweep",
    "unit",
    "vectors",
)
NONE_COLLECTED = 5  # pytest's exit code


def parts() -> list[list[str]]:
    """Return the two lists of arguments."""
    folders = sorted(path.name for path in (ROOT / "tests").iterdir() if path.is_dir())
    compute = [f"tests/{name}" for name in folders if name in COMPUTE]
    clocks = [f"tests/{name}" for name in folders if name[0] not in "._" and name not in COMPUTE]
    # one file stays with one worker, so that what a file builds once is built once
    workers = ["-n", str(os.cpu_count() or 1), "--dist", "loadfile"]
    return [[*workers, *compute], clocks]


def run(arguments: list[str]) -> int:
    """Run pytest with these arguments; return its exit code."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT).returncode


def main() -> int:
    """Return 0 if all passed, else the exit code of the first part that did not."""
    if len(sys.argv) > 1:
        return run(sys.argv[1:])
    codes = [run(part) for part in parts()]
    return next((code for code in codes if code not in (0, NONE_COLLECTED)), 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
