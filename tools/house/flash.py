"""What is flashed: nothing built lies beside it, and no module is forgotten."""

from collections.abc import Iterator
from pathlib import Path

from house.source import Finding

BUILT = (".so", ".c", ".o", ".pyd", ".mpy", ".cpp")
ROOTS = (("quelea_proto", "shared/quelea_proto"), ("quelea_agent", "firmware/quelea_agent"))


def built_files(root: Path) -> Iterator[Finding]:
    """No build product in shared/ or firmware/, tracked or not: it would be staged and flashed."""
    for folder in ("shared", "firmware"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in BUILT:
                name = path.relative_to(root).as_posix()
                yield Finding(name, 1, "a build product; delete it: extensions live under host/")


def flashed(root: Path) -> set[str]:
    """Return the files that firmware/manifest.py names, from the root, by running it."""
    base = root / "firmware"
    files: set[str] = set()

    def package(name: str, files_: object = None, base_path: str = ".", **_: object) -> None:
        folder = (base / base_path / name).resolve()
        chosen = files_ if isinstance(files_, tuple | list) else None
        for path in folder.rglob("*.py"):
            if chosen is None or path.relative_to(folder).as_posix() in chosen:
                files.add(path.relative_to(root.resolve()).as_posix())

    def module(name: str, base_path: str = ".", **_: object) -> None:
        files.add((base / base_path / name).resolve().relative_to(root.resolve()).as_posix())

    def ignored(*_: object, **__: object) -> None:
        return None

    names = {"package": package, "module": module, "require": ignored, "metadata": ignored}
    manifest = base / "manifest.py"
    exec(compile(manifest.read_text(), str(manifest), "exec"), names)
    return files


def manifest(root: Path) -> Iterator[Finding]:
    """Every module of the protocol and the agent is in firmware/manifest.py."""
    if not (root / "firmware" / "manifest.py").exists():
        return
    listed = flashed(root)
    for _, folder in ROOTS:
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            if name not in listed:
                yield Finding(
                    name, 1, "not in firmware/manifest.py; a board would lack it: add it"
                )
