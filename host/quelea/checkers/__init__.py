"""Checkers: one property a file, read only from a run's journal; found by this folder.

A checker is `check(record, facts) -> list of violations`; [] is well. Record holds the journal's
frames as columns, Facts what the run was meant to be, which the journal keeps as well. To add one:
copy a neighbour and rename it; scenarios then name it in their checks.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from quelea.checkers.facts import Facts, read_facts
from quelea.checkers.record import Record, Violation, read_journal
from quelea.errors import UserError
from quelea.journal import Journal

FOLDER = Path(__file__).parent
HELPERS = ("boots", "facts", "moves", "record")
KEPT_MAX = 20  # violations kept of one checker

__all__ = ["Facts", "Record", "Violation", "judge", "load", "names", "read_facts", "read_journal"]


def names() -> list[str]:
    """Return the checkers' names, ascending: file names with dashes."""
    found = (module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    return sorted(name.replace("_", "-") for name in found if name not in HELPERS)


def load(name: str) -> ModuleType:
    """Return the module of a checker; UserError for an unknown name."""
    if name not in names():
        raise UserError(
            f"no checker named {name!r}", "checks", f"one of: {', '.join(names())}", "correct it"
        )
    return importlib.import_module(f"quelea.checkers.{name.replace('-', '_')}")


def judge(journal: Journal, chosen: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return {checker: violations} of the chosen checkers (all of them by default)."""
    facts = read_facts(journal)
    record = read_journal(journal, facts.liars)
    return {name: list(load(name).check(record, facts))[:KEPT_MAX] for name in chosen or names()}
