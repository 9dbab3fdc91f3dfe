"""Say which optional parts are missing here, and how to get them; tests that need one skip."""

import shutil
import sys
from importlib.util import find_spec

from quelea.conform.targets.microbit import Microbit
from quelea.conform.targets.wasm import Wasm

# module: the extra that brings it
EXTRAS = {
    "distributed": "cluster",
    "mpi4py": "mpi",
    "pyarrow": "parquet",
    "qiskit_aer": "quantum",
    "stim": "quantum",
    "nir": "spiking",
    "sklearn": "spiking",
    "libsumo": "traffic",
}


def sentences() -> list[str]:
    """Return one sentence a missing part, each with the command that installs it."""
    found = [target.available() for target in (Wasm(), Microbit())]
    if shutil.which("mosquitto") is None:
        found.append("mosquitto is missing; install it with: apt-get install mosquitto")
    if shutil.which("chromium") is None:
        found.append("Chromium is missing; install it with: apt-get install chromium")
    for module, extra in EXTRAS.items():
        if find_spec(module) is None:
            found.append(f"{module} is missing; install it with: pip install quelea[{extra}]")
    return [sentence for sentence in found if sentence]


def main() -> int:
    """Print them; always 0."""
    for sentence in sentences():
        print(f"left out: {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
