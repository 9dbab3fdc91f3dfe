"""What is flashed: nothing built lies beside it, and no module is forgotten."""

from collections.abc import Iterator
from pathlib import Path

from house.source import Finding

BUILT = (".so", ".c", ".o", ".pyd", ".mpy", ".cpp")
ROOTS = ("shared/quelea_proto", "firmware/quelea_agent")
NOT_FLASHED = ("firmware/quelea_agent/port/cpython.py",)  # the edge of a computer


def built_files(root: Path) -> Iterator[Finding]:
    """No build product in shared/ or firmware/, tracked or not: it would be staged and flashed."""
    for folder in ("shared", "firmware"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in BUILT:
                name = path.relative_to(root).as_posix()
                yield Finding(name, 1, "a build product; delete it: extensions live under host/")


class _EveryPart:
    """MicroPython's `options`, with every part asked for."""

    def defaults(self, **_: bool) -> None:
        return None

    def __getattr__(self, name: str) -> bool:
        return True


def flashed(root: Path) -> set[str]:
    """Return the files that firmware/manifest.py names, from the root, by running it."""
    base = root / "firmware"
    found: set[str] = set()

    def package(
        name: str, files: tuple[str, ...] | None = None, base_path: str = ".", **_: object
    ) -> None:
        folder = (base / base_path / name).resolve()
        for path in folder.rglob("*.py"):
            if files is None or path.relative_to(folder).as_posix() in files:
                found.add(path.relative_to(root.resolve()).as_posix())

    def module(name: str, base_path: str = ".", **_: object) -> None:
        found.add((base / base_path / name).resolve().relative_to(root.resolve()).as_posix())

    def ignored(*_: object, **__: object) -> None:
        return None

    names: dict[str, object] = {"package": package, "module": module}
    names.update({name: ignored for name in ("require", "require_dist", "metadata")})
    names["options"] = _EveryPart()
    manifest = base / "manifest.py"
    exec(compile(manifest.read_text(), str(manifest), "exec"), names)
    return found


def manifest(root: Path) -> Iterator[Finding]:
    """Every module of the protocol and the agent is flashed, but for those named above."""
    if not (root / "firmware" / "manifest.py").exists():
        return
    listed = flashed(root)
    for folder in ROOTS:
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if name not in listed and name not in NOT_FLASHED:
                yield Finding(
                    name, 1, "not in firmware/manifest.py; a board would lack it: add it"
                )
