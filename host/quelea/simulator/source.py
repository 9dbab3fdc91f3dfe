"""Where the nodes' code comes from: as installed, from somebody's folder, with a change in it.

`quelea sim --firmware PATH` and `quelea mutants` run the simulated fleet on such a copy; the
simulator around it, the adversaries and the checkers stay as installed.
"""

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from quelea.errors import UserError
from quelea.simulator import narrow, private
from quelea.simulator.private import PACKAGES, Firmware

FLAG = "--firmware"
PLACES = ("", "firmware", "shared", "../shared")  # where a package may lie, seen from PATH


@dataclass(frozen=True)
class Edit:
    """A change of one module's text: find, which stands there once, becomes replace."""

    module: str
    find: str
    replace: str


@dataclass(frozen=True)
class Source:
    """folders: (package, folder) of what is not taken as installed."""

    folders: tuple[tuple[str, str], ...] = ()
    edit: Edit | None = None

    def __str__(self) -> str:
        given = dict(self.folders)
        return ", ".join(f"{name} from {given.get(name, 'the installation')}" for name in PACKAGES)


INSTALLED = Source()


@lru_cache(maxsize=8)
def firmware(source: Source, watched: bool = False) -> Firmware:
    """Return the code; watched: with every operation checked for 31 bits (simulator.narrow).

    Raises whatever the code raises when it is loaded.
    """

    def transform(module: str, text: str, path: str) -> ast.Module:
        edit = source.edit
        if edit is not None and edit.module == module:
            text = text.replace(edit.find, edit.replace)
        return narrow.wrap(module, text, path) if watched else ast.parse(text, path)

    folders = {name: Path(folder) for name, folder in source.folders}
    code = private.load(transform, {narrow.CHECK: narrow.checked}, folders)
    narrow.drain()  # the relations asserted in limits.py leave 31 bits on purpose
    return code


def of_folder(path: Path) -> Source:
    """Return the code in a copy of firmware/, shared/ or the whole tree; UserError for no code."""
    found = []
    for package in PACKAGES:
        own = [path] if path.name == package else []
        for folder in (*own, *(path / place / package for place in PLACES)):
            if (folder / "__init__.py").is_file():
                found.append((package, str(folder.resolve())))
                break
    if not found:
        raise UserError(
            f"no nodes' code in {path}",
            FLAG,
            f"a folder that holds {' or '.join(PACKAGES)}, or a copy of the tree with both",
            "name a copy of firmware/",
        )
    source = Source(tuple(found))
    _loads(source)
    return source


def _loads(source: Source) -> None:
    """Raise UserError with file and line where the code cannot even be loaded."""
    try:
        firmware(source)
    except SyntaxError as error:
        where = f"{error.filename}:{error.lineno}"
        raise UserError(f"{error.msg}", where, "no Python", "correct the line") from None
    except Exception as error:
        where = _where(error, source)
        text = f"{type(error).__name__}: {error}"
        raise UserError(text, where, "raised when it is loaded", "correct it") from None


def _where(error: BaseException, source: Source) -> str:
    """Return file:line of the innermost frame in the nodes' code, with the flag where there is
    none."""
    where, trace = FLAG, error.__traceback__
    folders = tuple(folder for _, folder in source.folders)
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.startswith(folders) and linecache.getline(name, trace.tb_lineno):
            where = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return where
