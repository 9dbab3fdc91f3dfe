"""What is flashed: every module of the tree, nothing else, small enough, with allowed imports."""

import ast
from pathlib import Path

import pytest
from quelea.fleet import manifest, staging

ROOT = Path(__file__).resolve().parents[2]
FLASH_BYTES_MAX = 80 * 1024  # of bytecode on one board, the MQTT client included
MANIFEST = ROOT / "firmware" / "manifest.py"
PARTS = manifest.parts_of(MANIFEST)
NOT_FLASHED = {"quelea_agent/port/cpython.py"}
OURS = ("quelea_proto", "quelea_agent")
# parts of no use alone: what they are flashed with
BESIDE = {"agreed": ["sharing"], "floors": ["members"]}

# What MicroPython's unix port and its boards have in common, and the edges may use.
PURE = {"binascii", "json", "micropython"}
EDGE = PURE | {"array", "errno", "gc", "hashlib", "os", "select", "socket", "sys", "time"}
BOARD = EDGE | {"esp32", "machine", "network"}
CPYTHON = EDGE | {"signal"}
# beside the settings of an emulated liar, or columns that compiled functions can read
STAGED = {
    "quelea_agent/gradients.py": {"array"},
    "quelea_agent/port/federated.py": {"attack"},
    "quelea_agent/port/tls_wire.py": {"tls"},  # of the image, not every one
    "quelea_agent/port/run.py": {"attack"},
    "quelea_agent/port/story.py": {"attack"},
    "quelea_agent/port/update.py": {"start"},
}


def tree() -> dict[str, Path]:
    """Return every module of the protocol and the agent by its path on the board."""
    found = {}
    for folder, package in (
        (ROOT / "shared", "quelea_proto"),
        (ROOT / "firmware", "quelea_agent"),
    ):
        for path in sorted((folder / package).rglob("*.py")):
            found[path.relative_to(folder).as_posix()] = path
    return found


def allowed(name: str) -> set[str]:
    """Return the modules of others that the module at this path may import."""
    if not name.startswith("quelea_agent/port/"):
        return PURE | STAGED.get(name, set())
    if name.endswith(("/esp32.py", "/enrolled.py")):
        return BOARD
    return (CPYTHON if name in NOT_FLASHED else EDGE) | STAGED.get(name, set())


def imported(path: Path) -> set[str]:
    """Return the top names of what a module imports, in functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: import by the full name"
            names.add(node.module.partition(".")[0])
    return names


def imported_of_ours(path: Path) -> set[str]:
    """Return the full names of our modules that a module imports when it is loaded."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    ours = {name for name in names if name.partition(".")[0] in OURS}
    known = {path for name in ours for path in paths(name)} & set(tree())
    return {name for name in ours if set(paths(name)) & known}


def paths(module: str) -> tuple[str, str]:
    """Return where a module or package of ours may lie on the board."""
    folder = module.replace(".", "/")
    return f"{folder}.py", f"{folder}/__init__.py"


def test_manifest_lists_every_module() -> None:
    listed = {str(source.target) for source in manifest.read(MANIFEST)}
    assert listed == set(tree()) - NOT_FLASHED | {"main.py", "start.py"}


@pytest.mark.parametrize("part", ["", *PARTS])
def test_the_core_fits_with_any_part(part: str, tmp_path: Path) -> None:
    board = staging.stage(root=tmp_path, manifest=MANIFEST, parts=[part] if part else [])
    for file in board.files:
        print(f"{file.bytes:6} {file.target}")
    print(f"{board.total_bytes:6} of {FLASH_BYTES_MAX}")
    assert board.total_bytes <= FLASH_BYTES_MAX
    assert all(file.bytes for file in board.files)


@pytest.mark.parametrize("part", ["", *PARTS])
def test_what_is_flashed_together_imports_nothing_else(part: str) -> None:
    parts = [part, *BESIDE.get(part, [])] if part else []
    listed = {str(source.target) for source in manifest.read(MANIFEST, parts)}
    for name in sorted(listed - {"main.py", "start.py"}):
        missing = {
            module for module in imported_of_ours(tree()[name]) if not listed & set(paths(module))
        }
        assert not missing or name in STAGED, f"{name} imports {', '.join(sorted(missing))}"


@pytest.mark.parametrize("name", sorted(tree()))
def test_imports_are_those_of_a_board(name: str) -> None:
    extra = imported(tree()[name]) - allowed(name) - set(OURS)
    assert not extra, f"{name} imports {', '.join(sorted(extra))}"
    if name.startswith("quelea_proto/"):
        assert "quelea_agent" not in imported(tree()[name])
