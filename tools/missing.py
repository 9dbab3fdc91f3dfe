"""Say which optional parts are missing here, and how to get them; tests that need one skip."""

import shutil
import sys

from quelea.conform.targets.microbit import Microbit
from quelea.conform.targets.wasm import Wasm


def sentences() -> list[str]:
    """Return one sentence a missing part, each with the command that installs it."""
    found = [target.available() for target in (Wasm(), Microbit())]
    if shutil.which("mosquitto") is None:
        found.append("mosquitto is missing; install it with: apt-get install mosquitto")
    return [sentence for sentence in found if sentence]


def main() -> int:
    """Print them; always 0."""
    for sentence in sentences():
        print(f"left out: {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
