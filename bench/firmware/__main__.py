"""`python -m bench.firmware`: instructions, bytes and time of a round; exit 1 if a check fails."""

import argparse
import json
import sys

from bench.firmware.report import report


def main() -> int:
    """Return 0 if every check holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.firmware", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object to standard output")
    parser.add_argument("--variants", action="store_true", help="also time the ways to compile")
    options = parser.parse_args()
    found = report(options.variants)
    print(*found.lines, sep="\n", file=sys.stderr if options.json else sys.stdout)
    if options.json:
        checks = [vars(check) for check in found.checks]
        print(json.dumps({"verdict": found.verdict, "checks": checks}))
    return 0 if found.verdict else 1


if __name__ == "__main__":
    sys.exit(main())
