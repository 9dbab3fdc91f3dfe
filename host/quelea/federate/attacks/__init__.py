"""What liars say: one attack a file, named by its file with dashes.

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
    """Return the attacks' names, ascending."""
    return sorted(one.name.replace("_", "-") for one in pkgutil.iter_modules([str(FOLDER)]))


def load(name: str) -> ModuleType:
    """Return the module of a attack; UserError for an unknown name."""
    if name not in names():
        raise UserError(f"no attack named {name!r}", "--attack", f"one of: {', '.join(names())}")
    return importlib.import_module(f"quelea.federate.attacks.{name.replace('-', '_')}")
