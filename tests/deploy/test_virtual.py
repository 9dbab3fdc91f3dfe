"""Virtual boards: what mpremote, esptool and our raw REPL find is what they find on a board."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quelea.deploy.chips import CHIPS, of_image
from quelea.deploy.failure import BoardFailed
from quelea.deploy.line import SerialLine
from quelea.deploy.repl import Repl
from quelea.deploy.virtual import boot
from quelea.deploy.virtual.board import Spec, VirtualBoard
from quelea.deploy.virtual.command import specs
from quelea.errors import UserError
from virtual_boards import image, running, until

COUNTING = """
import time
print("program started")
while True:
    time.sleep_ms(20)
"""


def tool(name: str, *words: str) -> tuple[int, str]:
    """Run a Python program; return (exit status, all that it said)."""
    done = subprocess.run(
        [sys.executable, "-m", name, *words], capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def hear(line: SerialLine, mark: bytes) -> None:
    """Read until a board has said mark."""
    heard = bytearray()
    until(lambda: heard.extend(line.read(0.01)) or mark in heard, mark.decode())


def test_mpremote_drives_a_virtual_board(tmp_path: Path) -> None:
    text = tmp_path / "some.txt"
    text.write_text("quelea\n" * 2000)
    with running(tmp_path, Spec("b01"), Spec("b02", flash_kb=64)) as boards:
        for board in boards:
            connect = ("mpremote", "connect", str(board.port))
            status, said = tool(*connect, "cp", str(text), ":other.txt")
            assert status == 0, said
            status, said = tool(*connect, "fs", "sha256sum", "other.txt")
            assert hashlib.sha256(text.read_bytes()).hexdigest() in said
    assert (boards[0].flash / "other.txt").read_bytes() == text.read_bytes()
    assert not (boards[1].flash / "other.txt").exists()  # it is in the littlefs


def test_nothing_undoes_a_reset_that_was_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C between the mark and the end, which is put off so that it comes in time."""
    end = 'system("kill -9 $PPID")'
    assert boot._SOURCE.count(end) == 1
    monkeypatch.setattr(
        boot, "_SOURCE", boot._SOURCE.replace(end, "import time; time.sleep(2); " + end)
    )
    with running(tmp_path, Spec("b01")) as (board,), SerialLine(str(board.port)) as line:
        repl = Repl(line)
        repl.enter()
        before = board.starts
        repl.restart()
        hear(line, b"rst:0x")
        assert board.starts == before
        line.write(b"\x03\x03")
        until(lambda: board.starts > before, "a reset")


def test_a_program_is_stopped_and_started_again(tmp_path: Path) -> None:
    with running(tmp_path, Spec("b01")) as (board,), SerialLine(str(board.port)) as line:
        Repl(line).enter()
        repl = Repl(line)
        repl.enter()
        assert not repl.stopped
        (board.flash / "main.py").write_text(COUNTING)
        for hard in (True, False):
            repl = Repl(line)
            repl.enter()
            starts = board.starts
            repl.restart(hard)
            until(lambda starts=starts: board.starts == starts + 1, "a new MicroPython")
            hear(line, b"program started")
            repl = Repl(line)
            repl.enter()
            assert repl.stopped
            assert repl.run("print(2 + 3)") == "5\n"


def test_interrupt_to_prompt_takes_no_100_ms(tmp_path: Path) -> None:
    with running(tmp_path, Spec("b01")) as (board,), SerialLine(str(board.port)) as line:
        Repl(line).enter()
        (board.flash / "main.py").write_text(COUNTING)
        took_s = []
        for _ in range(8):  # the quickest counts: the machine may be busy with other things
            Repl(line).restart(hard=False)
            hear(line, b"program started")
            before_s = time.monotonic()
            line.write(b"\x03")
            hear(line, b">>> ")
            took_s.append(time.monotonic() - before_s)
            line.write(b"\x01")
            if took_s[-1] < 0.1:
                break
        assert min(took_s) < 0.1, took_s


def test_scripts_of_any_length_come_back_whole(tmp_path: Path) -> None:
    with running(tmp_path, Spec("b01")) as (board,), SerialLine(str(board.port)) as line:
        repl = Repl(line)
        repl.enter()
        for size in (0, 1, 127, 128, 129, 5000):
            assert repl.run(f"print({size})\n#" + "x" * size) == f"{size}\n"
        with pytest.raises(BoardFailed, match="ZeroDivisionError"):
            repl.run("1 // 0")
        assert repl.run("print('still here')") == "still here\n"


def failure(board: VirtualBoard, *scripts: str) -> BoardFailed:
    """Return what goes wrong when scripts are run on a board."""
    with pytest.raises(BoardFailed) as caught, SerialLine(str(board.port)) as line:
        repl = Repl(line)
        repl.enter(tries=1)
        for script in scripts:
            repl.run(script)
    return caught.value


def test_faults_are_named_with_their_remedy(tmp_path: Path) -> None:
    fill = "with open('big', 'wb') as f:\n  for i in range(40): f.write(b'x' * 1024)"
    hang = Spec("b01", hang=True)
    with running(tmp_path, hang, Spec("b02", flash_kb=32), Spec("b03", unplug_bytes=300)) as all3:
        silent, full, gone = all3
        said = failure(silent)
        assert "answers nothing" in said.what and "reset button" in said.remedy
        assert silent.swallowed > 0
        said = failure(full, fill)
        assert "file system is full" in said.what and "--erase" in said.remedy
        said = failure(gone, "#" + "x" * 400, "#" + "x" * 400)
        assert "unplugged" in said.what and "plug it in again" in said.remedy
        assert gone.unplugged
        assert "there is no board" in failure(gone).what


@pytest.mark.parametrize("chip", (CHIPS[0], CHIPS[3]), ids=lambda chip: chip.name)
def test_esptool_flashes_what_it_verifies(tmp_path: Path, chip) -> None:
    file = image(tmp_path / "fw.bin", chip.image_id)
    assert of_image(file) == chip
    with running(tmp_path, Spec("b01", chip=chip)) as (board,):
        port = ("esptool", "--port", str(board.port))
        place = hex(chip.offset)
        status, said = tool(*port, "--chip", chip.name, "write-flash", place, str(file))
        assert status == 0 and "Hash of data verified" in said, said
        with open(board.folder / "image.bin", "rb") as flashed:
            flashed.seek(chip.offset)
            wrote = flashed.read(file.stat().st_size)
        assert wrote[24:] == file.read_bytes()[24:]  # esptool sets the flash's size in the header
        other = CHIPS[(CHIPS.index(chip) + 2) % len(CHIPS)]
        status, said = tool(*port, "--chip", other.name, "write-flash", "0", str(file))
        assert status != 0 and f"This chip is {chip.words}, not {other.words}" in said
        with SerialLine(str(board.port)) as line:  # and the program is back
            repl = Repl(line)
            repl.enter()
            assert repl.run("print(1)") == "1\n"


@pytest.mark.parametrize(
    ("count", "chip", "flash_kb", "fault", "flag"),
    [
        (0, "esp32", 0, "b01:hang", "--boards"),
        (2, "z80", 0, "b01:hang", "--chip"),
        (2, "esp32", 7, "b01:hang", "--flash-kb"),
        (2, "esp32", 0, "b03:hang", "--fault"),
        (2, "esp32", 0, "b01:burn", "--fault"),
        (2, "esp32", 0, "b01:unplug:x", "--fault"),
    ],
)
def test_boards_that_cannot_be_are_refused(
    count: int, chip: str, flash_kb: int, fault: str, flag: str
) -> None:
    with pytest.raises(UserError) as caught:
        specs(count, chip, flash_kb, [fault])
    assert caught.value.where == flag


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fw.bin"
    for data in (b"", b"\xe9", b"\x00" * 5000, b"\xe9" + b"\xff" * 5000):
        path.write_bytes(data)
        with pytest.raises(UserError):
            of_image(path)
    with pytest.raises(UserError):
        of_image(tmp_path / "none.bin")
