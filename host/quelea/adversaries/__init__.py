"""Adversaries: one a file, named by its file with dashes; usable in the fleet and simulator.

To add one: copy a neighbour, rename it. It is found by this folder; see forge.py for its form,
and quelea/attack/claims.py for the same lie told by thousands at once.
"""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from quelea.errors import UserError

FOLDER = Path(__file__).parent
HELPERS = ("forge", "knowledge")


def names() -> list[str]:
    """Return the adversaries' names, ascending."""
    found = (module.name for module in pkgutil.iter_modules([str(FOLDER)]))
    return sorted(name.replace("_", "-") for name in found if name not in HELPERS)


def path(name: str) -> Path:
    """Return the file of an adversary, to be staged; UserError for an unknown name."""
    if name not in names():
        allowed = ", ".join(names())
        raise UserError(f"no adversary named {name!r}", "--attack", f"one of: {allowed}")
    return FOLDER / (name.replace("-", "_") + ".py")


def load(name: str) -> ModuleType:
    """Return the module of an adversary; UserError for an unknown name."""
    return importlib.import_module(f"quelea.adversaries.{path(name).stem}")


def summary(name: str) -> str:
    """Return the first line of what an adversary says of itself."""
    return (load(name).__doc__ or "").strip().splitlines()[0]
