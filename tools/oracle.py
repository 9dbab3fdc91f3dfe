"""Write the vectors of shared/quelea_proto/vectors/ from exact definitions; --check compares.

The definitions are in tools/exact/ and import nothing of Quelea. Frame vectors are append-only:
a row that stands in frames.jsonl is never changed, not even by this tool.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from exact import fixed, flow_cases, frames, rules, topics

FOLDER = Path(__file__).resolve().parent.parent / "shared" / "quelea_proto" / "vectors"
Rows = Callable[[], Iterator[dict[str, object]]]
FILES: tuple[tuple[str, Rows, bool], ...] = (  # name, rows, append-only?
    ("rules.jsonl", rules.rows, False),
    ("fixed.jsonl", fixed.rows, False),
    ("frames.jsonl", frames.rows, True),
    ("flows.jsonl", flow_cases.rows, False),
    ("topics.jsonl", topics.rows, False),
)


def render(rows: Iterator[dict[str, object]]) -> list[str]:
    """Return one compact JSON object a row, ASCII only."""
    return [json.dumps(row, separators=(",", ":")) for row in rows]


def changed_row(old: list[str], new: list[str]) -> int:
    """Return the 1-based line of the first old row that new changes or drops; 0 when none."""
    for i, line in enumerate(old):
        if i >= len(new) or new[i] != line:
            return i + 1
    return 0


def update(folder: Path, check: bool) -> list[str]:
    """Write (or with check compare) every file; return one sentence a problem."""
    problems = []
    for name, rows, append_only in FILES:
        path = folder / name
        old = path.read_text().splitlines() if path.exists() else []
        new = render(rows())
        if new == old:
            continue
        line = changed_row(old, new) if append_only else 0
        if line:
            problems.append(
                f"{path}:{line}: a frame vector would change; frames are append-only: leave the "
                "row and add a kind or a row at the end"
            )
        elif check:
            problems.append(f"{path}: stale; run `python tools/oracle.py` and commit the result")
        else:
            path.write_text("\n".join(new) + "\n")
            print(f"{name}: {len(new)} rows")
    return problems


def main() -> int:
    """Return 0, or 1 with a sentence a problem on standard error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    problems = update(FOLDER, parser.parse_args().check)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
