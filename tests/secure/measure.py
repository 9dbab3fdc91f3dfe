"""What signatures and tags cost a node, on MicroPython's unix port: python tests/secure/measure.py

Bytes of heap are those of a 64-bit machine; a board of 32 bits takes about half.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a program, for conftest

import boards
from quelea.secure import signing

DRIVER = Path(__file__).with_name("measure_driver.py")


def measure(folder: Path) -> dict[str, int]:
    """Return the figures of one run."""
    key = signing.new_key()
    file = folder / "document"
    document = signing.sign(key, b"cfg", b"x" * 600)
    file.write_text(f"{signing.public_bytes(key).hex()}\n{document.hex()}\n")
    return dict(boards.run(DRIVER, file, heap_kb=110))


def main() -> int:
    """Print one figure a line; always 0."""
    with tempfile.TemporaryDirectory() as folder:
        for name, value in measure(Path(folder)).items():
            print(f"{value:10,} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
