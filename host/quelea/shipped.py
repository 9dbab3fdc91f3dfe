"""Files that ship with Quelea, or one's own: found by a bare name, or by a path."""

import difflib
from pathlib import Path

from quelea.errors import UserError


def names(folder: Path) -> list[str]:
    """Return the names of the TOML files that ship in a folder, ascending."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def find(folder: Path, name: str, what: str, where: str, remedy: str) -> Path:
    """Return the file of a name or path; UserError for neither.

    what: a noun for the message; where: the argument; remedy: when no name is near.
    """
    path = folder / f"{name}.toml"
    if "/" not in name and path.is_file():
        return path
    if Path(name).is_file():
        return Path(name)
    known = names(folder)
    near = difflib.get_close_matches(name, known, n=1)
    raise UserError(
        f"there is no {what} {name!r}",
        where,
        f"a path of a TOML file, or one of: {', '.join(known)}",
        f"did you mean {near[0]}?" if near else remedy,
    )
