"""Write the shipped surge network into its portable test; `--check` fails if that is stale."""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NETWORK = ROOT / "host" / "quelea" / "spiking" / "networks" / "surge.json"
SCRIPT = ROOT / "tests" / "portable" / "spiking_network.py"
LINE_CHARS = 84


def rows() -> str:
    """Return the tuple ROWS as source."""
    lines = ["ROWS = ("]
    for layer in json.loads(NETWORK.read_text())["layers"]:
        names = ("inputs", "neurons", "weight_shift", "du", "dv", "threshold")
        biases = [str(bias) for bias in layer["biases"]]
        lines.append(f"    ({', '.join(str(layer[name]) for name in names)},")
        lines.append("     (")
        lines += [f"        {', '.join(biases[k : k + 8])}," for k in range(0, len(biases), 8)]
        lines.append("     ),")
        text = layer["weights"]
        pieces = [text[k : k + LINE_CHARS] for k in range(0, len(text), LINE_CHARS)]
        lines += [f'     "{piece}"' for piece in pieces]
        lines.append("    ),")
    return "\n".join([*lines, ")  # fmt: skip"])


def main() -> int:
    """Write, or compare with --check; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    found = SCRIPT.read_text()
    begin = found.index("ROWS = (")
    end = found.index("\n\n\n", begin)
    text = found[:begin] + rows() + found[end:]
    if parser.parse_args().check:
        return int(text != found)
    SCRIPT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
