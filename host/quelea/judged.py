"""What commands that judge themselves have in common: table, verdict, exit status, a clean end."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table

from quelea.errors import EXIT_FALSE, EXIT_OK
from quelea.journal import Check

COLUMNS = ("", "check", "found", "bound")
NUMBERS = ("found", "bound")


def print_checks(console: Console, checks: Sequence[Check], digits: str = ".4g") -> None:
    """Print a row a check, what fails in red, and the verdict. digits: a format of numbers."""
    table = Table(box=None)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in NUMBERS else "left")
    for check in checks:
        table.add_row(
            "holds" if check.ok else "FAILS", check.name, f"{check.value:{digits}}",
            f"{check.bound:{digits}} {check.unit}", style=None if check.ok else "red",
        )  # fmt: skip
    console.print(table)
    console.print("The verdict holds." if all(one.ok for one in checks) else "It does not hold.")


def answer(checks: Sequence[Check], document: dict[str, Any], as_json: bool) -> int:
    """Return the exit status: 0 if every check holds, else 1. as_json: print one object first."""
    holds = all(check.ok for check in checks)
    if as_json:
        found = [check._asdict() for check in checks]
        print(json.dumps({"verdict": holds, "checks": found} | document))
    return EXIT_OK if holds else EXIT_FALSE


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end what is inside as Ctrl-C does, so that it leaves no process either."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
