"""Read `firmware/manifest.py`, the one list of what a board gets.

It is a manifest of MicroPython's own form, run with these names:
  options.defaults(part=False, ...), options.part      what a board may have beside the core
  package(name, base_path=".", files=None, opt=None)   a folder of modules, ours
  module(file, base_path=".", opt=None)                one file
  require_dist(dist, version, package=..., skip=())    a package of a wheel from the registry
The last is ours. Its files come from site-packages, with exactly this version, and unchanged
since they were installed (RECORD). skip: patterns below the package, for what a board never runs.
"""

import base64
import fnmatch
import hashlib
import importlib.util
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from quelea.errors import UserError

NAME = "manifest.py"
_SHARE = "share/quelea/"  # where the wheel puts the files that belong to no package
_REINSTALL = "reinstall with `pip install --force-reinstall {dist}=={version}`"


@dataclass(frozen=True)
class Source:
    """A file of the board: target is its name there, without `lib/` and still with `.py`."""

    target: PurePosixPath
    path: Path
    opt: int = 0  # mpy-cross -O


def find() -> Path:
    """Return the manifest of this tree, else that of the installed wheel; UserError if neither."""
    spec = importlib.util.find_spec("quelea_agent")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        beside = Path(folder).parent / NAME
        if beside.parent.name == "firmware" and beside.is_file():
            return beside
    try:
        files = metadata.distribution("quelea").files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith(_SHARE + NAME):
            return Path(str(file.locate())).resolve()
    raise UserError(
        "the list of the firmware's files (firmware/manifest.py) is not installed",
        remedy="reinstall quelea, or run it from its source tree",
    )


def read(manifest: Path, parts: Collection[str] | None = None) -> list[Source]:
    """Return the sources that a manifest lists, by target; UserError names the faulty line.

    parts: what to take beside the core, by the names of its options; None takes all there are.
    """
    reader = _run(manifest, parts)
    unknown = sorted(set(parts or ()) - set(reader.options.values))
    if unknown:
        raise UserError(
            f"the firmware has no part {', '.join(unknown)}",
            where=str(manifest),
            remedy=f"its parts are {', '.join(reader.options.values) or 'none'}",
        )
    rows = sorted(reader.sources, key=lambda row: row.target)
    for before, after in itertools.pairwise(rows):
        if before.target == after.target:
            raise UserError(
                f"{after.target} is listed twice", where=str(manifest), remedy="remove one"
            )
    return rows


def parts_of(manifest: Path) -> list[str]:
    """Return the names of the parts that a manifest can add to the core, in its order."""
    return list(_run(manifest, None).options.values)


def _run(manifest: Path, parts: Collection[str] | None) -> "_Reader":
    reader = _Reader(manifest, parts)
    try:
        text = manifest.read_text()
        exec(compile(text, str(manifest), "exec"), reader.names())
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"the manifest cannot be read: {error}",
            where=_line_of(manifest, error),
            remedy="it may call package(), module(), require_dist(), metadata() "
            "and options.defaults()",
        ) from error
    return reader


class _Options:
    """MicroPython's `options`: what defaults() names can be asked for as attributes."""

    def __init__(self, parts: Collection[str] | None) -> None:
        self._parts = parts
        self.values: dict[str, bool] = {}

    def defaults(self, **values: bool) -> None:
        for name, value in values.items():
            self.values[name] = value or self._parts is None or name in self._parts

    def __getattr__(self, name: str) -> bool:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(f"options.defaults() does not name {name}") from None


class _Reader:
    def __init__(self, manifest: Path, parts: Collection[str] | None) -> None:
        self.manifest = manifest
        self.options = _Options(parts)
        self.folder = manifest.parent
        self.sources: list[Source] = []

    def names(self) -> dict[str, Any]:
        return {
            "options": self.options,
            "package": self.package,
            "module": self.module,
            "require_dist": self.require_dist,
            "metadata": lambda **_: None,
        }

    def package(
        self,
        name: str,
        files: Sequence[str] | None = None,
        base_path: str = ".",
        opt: int | None = None,
    ) -> None:
        """Add a package from base_path, or as it is installed where there is no such folder."""
        folder = self.folder / base_path / name
        if not folder.is_dir():
            folder = _installed(name, self.manifest)
        names = list(files) if files is not None else _modules(folder)
        for file in names:
            self.add(PurePosixPath(name) / file, folder / file, opt)

    def module(self, file: str, base_path: str = ".", opt: int | None = None) -> None:
        """Add one file to the board's top folder."""
        self.add(PurePosixPath(file), self.folder / base_path / file, opt)

    def require_dist(
        self, dist: str, version: str, *, package: str, skip: Sequence[str] = ()
    ) -> None:
        """Add a package of an installed distribution, checked against its RECORD."""
        found = _distribution(dist, version, self.manifest)
        unused = set(skip)
        for file in found.files or ():
            if file.parts[0] != package or file.suffix != ".py":
                continue
            inside = PurePosixPath(*file.parts[1:])
            hits = {pattern for pattern in skip if fnmatch.fnmatch(str(inside), pattern)}
            unused -= hits
            if not hits:
                path = Path(str(file.locate()))
                _check_record(path, file.hash, dist, version)
                self.add(PurePosixPath(package) / inside, path, None)
        if unused:
            raise ValueError(f"{dist} has no file {', '.join(sorted(unused))} to skip")

    def add(self, target: PurePosixPath, path: Path, opt: int | None) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        self.sources.append(Source(target, path, opt or 0))


def _modules(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.py"))


def _installed(name: str, manifest: Path) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"the package {name} is not installed", where=str(manifest), remedy="reinstall quelea"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _distribution(dist: str, version: str, manifest: Path) -> metadata.Distribution:
    try:
        found = metadata.distribution(dist)
    except metadata.PackageNotFoundError:
        raise UserError(
            f"{dist}, which the firmware needs, is not installed",
            where=str(manifest),
            remedy=f"run `pip install {dist}=={version}`",
        ) from None
    if found.version != version:
        raise UserError(
            f"{dist} {found.version} is installed, the firmware is made with {version}",
            where=str(manifest),
            remedy=f"run `pip install {dist}=={version}`",
        )
    return found


def _check_record(path: Path, recorded: Any, dist: str, version: str) -> None:
    """UserError unless the file is what the wheel's RECORD says."""
    remedy = _REINSTALL.format(dist=dist, version=version)
    if recorded is None:
        raise UserError(f"{dist} was installed without hashes of {path}", remedy=remedy)
    digest = hashlib.new(recorded.mode, path.read_bytes()).digest()
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != recorded.value:
        raise UserError(f"{path} was changed after {dist} was installed", remedy=remedy)


def _line_of(manifest: Path, error: BaseException) -> str:
    """Return file:line of the manifest's statement that failed."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(manifest):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{manifest}:{line}" if line else str(manifest)
