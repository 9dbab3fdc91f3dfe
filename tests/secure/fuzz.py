"""Fuzz every parser of signed documents, tags and configurations on MicroPython.

python tests/secure/fuzz.py [inputs, default 1000000] [seed]
"""

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a program, for conftest

import boards

PARSERS = ("auth", "signed", "cfg")
DRIVER = Path(__file__).with_name("fuzz_driver.py")


def fuzz(parser: str, seed: int, inputs: int) -> dict[str, Any]:
    """Return what the driver prints; AssertionError for an exception on the board."""
    return dict(boards.run(DRIVER, parser, seed, inputs))


def main() -> int:
    """Print one line a parser; 1 if something passed or the heap has grown."""
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    bad = 0
    for parser in PARSERS:
        begin = time.monotonic()
        row = fuzz(parser, seed, inputs)
        bad += bool(row["passed"]) or row["gained"] > 512
        print(f"{parser}: {row}, {time.monotonic() - begin:.0f} s", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
