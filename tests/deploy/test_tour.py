"""From nothing to a running fleet of virtual boards, by the lines that docs/boards.md shows."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from quelea.fleet.broker import free_port
from virtual_boards import until

DOCS = Path(__file__).resolve().parents[2] / "docs" / "boards.md"
QUELEA = (sys.executable, "-m", "quelea.cli")
BOARDS = 4  # the documented commands have 8
STEP_S = 120


def lines(name: str) -> list[list[str]]:
    """Return the commands of a block of the tour, as words, with BOARDS boards."""
    found = re.search(rf"<!-- tour: {name} -->\n```\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found, name
    rows = [line.split() for line in found[1].splitlines()]
    assert rows and all(row[0] == "quelea" for row in rows)
    return [[str(BOARDS) if word == "8" else word for word in row[1:]] for row in rows]


def quelea(folder: Path, words: list[str], status: int = 0) -> str:
    """Run a command to its end and return its standard output."""
    done = subprocess.run(
        [*QUELEA, *words], cwd=folder, capture_output=True, text=True, timeout=STEP_S
    )
    assert done.returncode == status, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_documented_way(tmp_path: Path) -> None:
    (create, serve), (start,) = lines("broker"), lines("boards")
    quelea(tmp_path, create)
    file = tmp_path / "fleet.toml"
    file.write_text(file.read_text().replace("port = 1883", f"port = {free_port()}"))
    running = []
    try:
        for words in (start, serve):
            with open(tmp_path / f"{words[0]}.log", "wb") as log:
                running.append(
                    subprocess.Popen([*QUELEA, *words], cwd=tmp_path, stdout=log, stderr=log)
                )
        log = tmp_path / "broker.log"
        until(lambda: b"until Ctrl-C" in log.read_bytes(), "the broker")
        until(lambda: b"until Ctrl-C" in (tmp_path / "virtual.log").read_bytes(), "the boards")
        said = {words[0]: quelea(tmp_path, words) for words in lines("fleet")}
        assert f"{BOARDS} of {BOARDS} boards are as asked" in said["up"]
        assert said["up"].count("ready after") == BOARDS
        assert said["deploy"].count("all files were there, ready after") == BOARDS
        assert said["logs"].count("is ready") == BOARDS
        assert not said["clean"].strip()
        _nothing_secret(tmp_path)
        assert all(f"  n0{number}  " in said["up"] for number in range(1, BOARDS + 1))
    finally:
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            process.wait(STEP_S)
    assert [process.returncode for process in running] == [0, 0]


def _nothing_secret(folder: Path) -> None:
    """No password is in any file that others may read."""
    text = (folder / "secrets.toml").read_text()
    passwords = re.findall(r'password = "(.+)"', text)
    assert len(passwords) == BOARDS + 1
    looked = 0
    for above, _, names in os.walk(folder):
        for name in names:
            path = Path(above) / name
            if not path.is_file() or path.stat().st_mode & 0o077 == 0:
                continue
            looked += 1
            data = path.read_bytes()
            assert not any(word.encode() in data for word in passwords), path
    assert looked
    configs = list(folder.glob("boards/*/flash/cfg.json"))
    assert len(configs) == BOARDS
    for path in configs:
        assert not any(word in path.read_text() for word in passwords)
