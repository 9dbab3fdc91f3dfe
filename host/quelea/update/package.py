"""A release folder: the staged firmware with a package.json, so that `mpremote mip` installs it.

<folder>/package.json           urls of lib/, beside it
         lib/<package>/...mpy   what goes to the board's /lib
         main.py, start.mpy     to be copied to the board's top folder
         sha256.txt             of every file, as sha256sum writes it
"""

import hashlib
import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from quelea.errors import UserError
from quelea.fleet import staging
from quelea.update.release import LIB

PACKAGE = "package.json"
SUMS = "sha256.txt"


@dataclass(frozen=True)
class Folder:
    """A release as it lies on a disk. top: files for the board's top folder."""

    path: Path
    files: int
    total_bytes: int
    top: tuple[str, ...]


def package_json(targets: Collection[str], version: str) -> str:
    """Return the text of package.json for files below lib/, by MicroPython's form of it."""
    urls = [[target[len(LIB) :], target] for target in sorted(targets) if target.startswith(LIB)]
    return json.dumps({"urls": urls, "version": version}, indent=1) + "\n"


def write(folder: Path, parts: Collection[str], version: str) -> Folder:
    """Write a release; UserError where the folder has something else in it.

    An older release in the folder is replaced, whole.
    """
    board = staging.stage(parts=parts)
    if folder.exists() and any(folder.iterdir()) and not (folder / SUMS).is_file():
        raise UserError(
            f"{folder} has files that are no release",
            why="a release replaces what is in its folder",
            remedy="name another folder, or empty this one",
        )
    shutil.rmtree(folder, ignore_errors=True)
    try:
        shutil.copytree(board.path, folder)
        targets = [file.target for file in board.files]
        (folder / PACKAGE).write_text(package_json(targets, version))
        names = sorted([*targets, PACKAGE])
        sums = [
            f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
            for name in names
        ]
        (folder / SUMS).write_text("".join(sums))
    except OSError as error:
        raise UserError(f"{folder} cannot be written", why=error.strerror or "") from None
    top = tuple(target for target in targets if not target.startswith(LIB))
    return Folder(folder, len(targets), board.total_bytes, top)


def command(folder: Path, parts: Collection[str], *, as_json: bool) -> int:
    """Write a release and say how a board gets it; return 0."""
    import sys
    from importlib.metadata import version

    made = write(folder, parts, version("quelea"))
    copies = " ".join(f"{folder}/{name}" for name in made.top)
    print(
        f"{made.files} files, {made.total_bytes} bytes, in {folder}; on a board:\n"
        f"  mpremote mip install {folder}/{PACKAGE}\n  mpremote cp {copies} :",
        file=sys.stderr,
    )
    if as_json:
        row = {"folder": str(folder), "files": made.files, "bytes": made.total_bytes}
        check = {
            "name": "release written", "ok": True, "value": made.files, "bound": 1, "unit": "files"
        }  # fmt: skip
        print(json.dumps({"verdict": True, "checks": [check], "results": row}))
    return 0
