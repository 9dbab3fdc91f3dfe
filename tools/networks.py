"""Write host/quelea/kernels/src/networks.h: the comparator networks of the fast kernels; --check.

Each line is one network that nets/prove.py has proven for all inputs (those that only sort more
than 20 values are proven part by part in the tests). Meaning of a line's parts:

    R(j)     a row to load          S(a, b)  both in order     L / H(a, b)  the smaller / larger
    T(j)     a row to add           B(j)     one of the F smallest     A(j)  one of the F largest
"""

import argparse
import sys
from pathlib import Path

from nets.build import sorting
from nets.cut import Ranks, cost, select
from nets.prove import Group, Step

HEADER = Path(__file__).resolve().parent.parent / "host/quelea/kernels/src/networks.h"
VALUES_MAX = 17  # sixteen neighbours and the own value: what one register each can hold
SORT_MAX = 32  # whole sorts in registers; beyond, AVX-512 has none left
WIDTH = 99


def _row(steps: list[Step]) -> str:
    return " ".join(f"{name}({a}, {b})" for name, a, b in steps)


def _marks(letter: str, wires: tuple[int, ...]) -> str:
    return " ".join(f"{letter}({wire})" for wire in wires)


def _wrapped(text: str) -> list[str]:
    """Break a line at blanks outside parentheses; every line but the last ends in a backslash."""
    words = text.replace(", ", ",\0").split(" ")
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > WIDTH - 2:
            lines.append(line)
            line = "    " + word
        else:
            line = f"{line} {word}" if line else word
    return [part.replace("\0", " ") for part in [*lines, line]]


def _cheaper(
    count: int, kept: Ranks, rest: Ranks, kept_sums: int, rest_sums: int
) -> tuple[str, list[Step], list[Group]]:
    """Return ("KEPT" or "REST", steps, groups), whichever takes fewer operations in all."""
    first, first_groups = select(count, kept)
    second, second_groups = select(count, rest)
    if cost(first) + kept_sums <= cost(second) + rest_sums:
        return "KEPT", first, first_groups
    return "REST", second, second_groups


def _late(count: int, faults: int) -> tuple[list[Step], tuple[int, ...], int, int]:
    """Return the steps on count - 1 values after which a last one can be added: it counts as
    itself, but within the values at ranks F - 1 and count - 1 - F of the others.

    (If it is smaller than the former, that one is kept in its place, and so on.)
    """
    low, high = faults - 1, count - 1 - faults
    kept: Ranks = [(faults, high)] if faults < high else []
    steps, groups = select(count - 1, [(low, low + 1), *kept, (high, high + 1)], tried=6)
    members = groups[1][2] if kept else ()
    return steps, members, low, high


def _trim(count: int, faults: int) -> str:
    last = count - faults
    form, steps, groups = _cheaper(
        count,
        [(faults, last)],
        [(0, faults), (last, count)],
        count - 2 * faults - 1,
        count - 1 + 2 * faults,
    )
    wires = tuple(wire for _, _, members in groups for wire in members)
    sums = count - 2 * faults - 1 if form == "KEPT" else count - 1 + 2 * faults
    if count > 2 * faults + 1:
        late, members, low, high = _late(count, faults)
        if cost(late) + 2 + len(members) < cost(steps) + sums:
            kept = f"{_row(late)}, {_marks('T', members)}, {low}, {high}"
            return f"TRIM_LATE({count}, {faults}, {kept}, {count - 1})"
    return f"TRIM_{form}({count}, {faults}, {_row(steps)}, {_marks('T', wires)})"


def _ring(count: int, faults: int) -> str:
    """Two neighbouring agents of a ring share all but one of their values."""
    steps, members, low, high = _late(count + 1, faults)
    return f"RING({count}, {faults}, {_row(steps)}, {_marks('T', members)}, {low}, {high})"


def _wmsr(count: int, faults: int) -> str:
    last = count - faults
    ends = [(0, faults), (last, count)]
    form, steps, groups = _cheaper(
        count,
        [ends[0], (faults, last), ends[1]],
        ends,
        count - 2 * faults - 1,
        count - 1,
    )
    middle = groups[1][2] if form == "KEPT" else ()
    marks = f"{_marks('B', groups[0][2])} {_marks('A', groups[-1][2])}"
    kept = f", {_marks('T', middle)}" if form == "KEPT" else ""
    return f"WMSR_{form}({count}, {faults}, {_row(steps)}, {marks}{kept})"


def _pair(count: int, faults: int) -> str:
    low, high = faults, count - 1 - faults
    ranks = [(low, low + 1)] if low == high else [(low, low + 1), (high, high + 1)]
    steps, _ = select(count, ranks)
    return f"PAIR({count}, {faults}, {_row(steps)}, {low}, {high})"


def _sort(count: int) -> str:
    steps: list[Step] = [("S", a, b) for a, b in sorting(count)]
    return f"SORT({count}, {_row(steps)})"


def render() -> str:
    """Return the whole header."""
    blocks = [
        "/* Written by tools/networks.py, which says what the letters mean; do not edit.\n"
        " * Included several times: whoever does so defines TRIM_KEPT, TRIM_REST, TRIM_LATE,\n"
        " * RING, WMSR_KEPT, WMSR_REST, PAIR and SORT. */"
    ]
    for rule in (_trim, _pair, _wmsr):
        for count in range(3, VALUES_MAX + (0 if rule is _wmsr else 1)):
            for faults in range(1, (count - 1) // 2 + 1):
                blocks.append("\n".join(_wrapped(rule(count, faults))))
    for reach in range(2, VALUES_MAX // 2 + 1):
        for faults in range(1, reach):
            blocks.append("\n".join(_wrapped(_ring(2 * reach, faults))))
    for count in range(2, SORT_MAX + 1):
        blocks.append("\n".join(_wrapped(_sort(count))))
    return "\n".join(blocks) + "\n"


def main() -> int:
    """Write the header, or with --check say whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    check = parser.parse_args().check
    text = render()
    if not check:
        HEADER.parent.mkdir(parents=True, exist_ok=True)
        HEADER.write_text(text)
        return 0
    if HEADER.exists() and HEADER.read_text() == text:
        return 0
    print(f"{HEADER.name} is stale; run: python tools/networks.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
