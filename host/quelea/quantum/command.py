"""`quelea quantum`: runs the study, prints each figure beside its theory, draws it."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.quantum.agreement import agreement
from quelea.quantum.allocation import allocation
from quelea.quantum.figures import Figure
from quelea.quantum.setting import Setting
from quelea.quantum.shared_states import election, randomness, signalling

SECTIONS: tuple[tuple[str, Callable[[Setting], Iterator[Figure]]], ...] = (
    ("randomness", randomness),
    ("election", election),
    ("signalling", signalling),
    ("agreement", agreement),
    ("allocation", allocation),
)
NAMES = tuple(name for name, _ in SECTIONS)


def chosen(only: Sequence[str]) -> tuple[str, ...]:
    """Return the sections to run; UserError for one that does not exist."""
    for name in only:
        if name not in NAMES:
            raise UserError(f"no section named {name!r}", "--only", f"one of: {', '.join(NAMES)}")
    return tuple(name for name in NAMES if not only or name in only)


def line(figure: Figure) -> str:
    """Return a figure as one line of the table."""
    mark = "ok " if figure.ok else "NO "
    spread = f"[{figure.low:.4g}, {figure.high:.4g}]" if figure.low != figure.high else ""
    sign = "~" if figure.relation == "3 sigma" else figure.relation
    second = "  second look" if figure.again else ""
    return (
        f"{mark} {figure.name:<62} {figure.value:>9.4g} {sign:<2} {figure.theory:<9.4g} "
        f"{spread:<20} {figure.unit}, {figure.count:,}{second}"
    )


def study(setting: Setting, sections: Sequence[str], out: TextIO) -> list[Figure]:
    """Run the sections; print figures as they come."""
    found = []
    for name, make in SECTIONS:
        if name not in sections:
            continue
        print(f"\n{name}", file=out, flush=True)
        begun_s = time.monotonic()
        for figure in make(setting):
            print(line(figure), file=out, flush=True)
            found.append(figure)
        print(f"{name}: {time.monotonic() - begun_s:.1f} s", file=sys.stderr, flush=True)
    return found


def command(
    setting: Setting, only: Sequence[str] = (), png: Path | None = None, as_json: bool = False
) -> int:
    """Run, print and draw; return the exit status: 0 if every figure agrees with its theory."""
    sections = chosen(only)
    if png is not None:
        from quelea.quantum.picture import need_matplotlib

        need_matplotlib()
    print(f"seed {setting.seed}, {setting.shots} shots, {setting.runs} runs", file=sys.stderr)
    found = study(setting, sections, sys.stderr if as_json else sys.stdout)
    wrong = [figure for figure in found if not figure.ok]
    if png is not None:
        from quelea.quantum.picture import draw

        draw(found, png)
    print(
        f"\n{len(found)} figures, {len(wrong)} off; {sum(f.again for f in found)} on a second "
        "look. value ~ theory: within 3 sigma; in brackets: 99.73 % confidence.",
        file=sys.stderr,
    )
    for figure in wrong:
        print(f"off: {figure.section}: {line(figure)}", file=sys.stderr)
    if as_json:
        print(json.dumps({
            "verdict": not wrong, "checks": [figure.as_check() for figure in found],
            "seed": setting.seed, "shots": setting.shots, "runs": setting.runs,
        }))  # fmt: skip
    return EXIT_FALSE if wrong else EXIT_OK
