"""The files that go to a target: protocol, agent, the conformance scripts, the portable tests."""

from pathlib import Path

import quelea_agent
import quelea_proto

DEVICE = Path(__file__).parent / "device"
KIT = "kit"  # files of tests/portable with this prefix are shared, not tests themselves


def _package(name: str, folder: Path, left_out: tuple[str, ...] = ()) -> dict[str, str]:
    files = {}
    for path in sorted(folder.rglob("*.py")):
        inner = path.relative_to(folder)
        if inner.parts[0] not in left_out:
            files[f"{name}/{inner.as_posix()}"] = path.read_text(encoding="utf-8")
    return files


def program_files() -> dict[str, str]:
    """Return {path on the target: text} of what every script may import.

    The agent's port/ is left out: it is the edge to sockets and boards, not the protocol.
    """
    files = _package("quelea_proto", Path(quelea_proto.__file__).parent)
    files |= _package("quelea_agent", Path(quelea_agent.__file__).parent, ("port",))
    files |= _package("quelea/conform/device", DEVICE)
    return files


def portable_folder() -> Path | None:
    """Return tests/portable of the source tree, or None in an installed copy."""
    folder = Path(__file__).resolve().parents[3] / "tests" / "portable"
    return folder if folder.is_dir() else None


def portable_tests(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return ({name: script}, {path: text of the shared kits}) of a folder of portable tests."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    kits = {name: text for name, text in texts.items() if name.startswith(KIT)}
    tests = {Path(name).stem: text for name, text in texts.items() if name not in kits}
    return tests, kits
