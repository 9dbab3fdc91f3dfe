"""How a node makes one vector of many: one rule a file, named by its file with dashes.

To add one: copy a neighbour. A file has `combine(round) -> (combining, size)` integers, of
gossip.Round, and LIARS, whether it is meant to withstand any.
"""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from quelea.errors import UserError

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the rules' names, ascending."""
    return sorted(one.name.replace("_", "-") for one in pkgutil.iter_modules([str(FOLDER)]))


def load(name: str) -> ModuleType:
    """Return the module of a rule; UserError for an unknown name."""
    if name not in names():
        raise UserError(f"no rule named {name!r}", "--rule", f"one of: {', '.join(names())}")
    return importlib.import_module(f"quelea.federate.rules.{name.replace('-', '_')}")
