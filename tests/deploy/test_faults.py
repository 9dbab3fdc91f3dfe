"""A fleet with a board that hangs, a wrong chip, a full file system and one that is unplugged."""

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quelea.coordinator.link import Link, acknowledged
from quelea.deploy import bus as buses
from quelea.deploy import command, enroll, flash, logs
from quelea.deploy.bus import Bus
from quelea.deploy.chips import CHIPS
from quelea.deploy.deploy import Job, deploy
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.line import SerialLine
from quelea.deploy.pool import Progress
from quelea.deploy.virtual.board import Spec, VirtualBoard
from quelea.deploy.virtual.command import specs
from quelea.errors import UserError
from virtual_boards import (
    DEADLINE_S,
    QUIET,
    deployed,
    image,
    meeting,
    running,
    until,
)

FAULTS = ("b02:hang", "b03:wrong-chip", "b04:full", "b05:unplug:30000")
LEFT = "lib/quelea_agent/old.mpy"


def test_the_rest_comes_up_and_each_bad_board_is_named(tmp_path: Path) -> None:
    wanted = specs(6, "esp32", 0, FAULTS)
    with meeting(tmp_path, 6) as fleet, running(tmp_path, *wanted) as boards:
        rows = enroll.enroll(fleet, [str(tmp_path)], "", QUIET, 8)
        bad = {Path(row.board).parent.name: row for row in rows if not row.ok}
        assert set(bad) == {"b02", "b03"}
        assert "answers nothing" in bad["b02"].what and "reset button" in bad["b02"].remedy
        assert "the wrong chip: esp32" in bad["b03"].what and "[boards]" in bad["b03"].remedy
        ids = {Path(row.board).parent.name: row.node for row in rows if row.ok}

        rows_of = deployed(fleet)
        good = [rows_of[ids[name]] for name in ("b01", "b06")]
        full, gone = rows_of[ids["b04"]], rows_of[ids["b05"]]
        assert all(row.ok and "ready after" in row.what for row in good), good
        assert "file system is full" in full.what and "--erase" in full.remedy
        assert "bytes were to come" in full.why
        assert boards[4].unplugged and "unplugged" in gone.what, gone
        assert sum(row.ok for row in rows_of.values()) == 2
        here = sum(path.is_file() for path in boards[4].flash.rglob("*"))
        assert here and not (boards[4].flash / "main.py").exists()  # no mixture starts

        whole = VirtualBoard(Spec("b05"), tmp_path / "b05", boards[4]._runtime)
        whole.start()  # plugged in again
        try:
            again = deployed(fleet)[ids["b05"]]
        finally:
            whole.stop()
        total = good[0].facts["copied_files"]
        assert again.ok and 0 < again.facts["copied_files"] < total, again


def prompt_s(board: VirtualBoard) -> float:
    """Return how long a running node takes from Ctrl-C to the prompt."""
    with SerialLine(str(board.port)) as line:
        line.read(0.2)
        before_s = time.monotonic()
        line.write(b"\x03")
        heard = bytearray()
        until(lambda: heard.extend(line.read(0)) or b">>> " in heard, "the prompt")
        return time.monotonic() - before_s


def test_a_deployment_that_was_killed_is_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = Spec("b02", nvs=False)
    with meeting(tmp_path, 2) as fleet, running(tmp_path, Spec("b01"), plain) as boards:
        rows = enroll.enroll(fleet, [str(tmp_path)], "", QUIET, 8)
        assert all(row.ok for row in rows)
        assert (boards[1].flash / "secrets.json").stat().st_mode & 0o777 == 0o600
        assert not (boards[0].flash / "secrets.json").exists()
        rows = enroll.enroll(fleet, [str(tmp_path)], "", QUIET, 8)
        assert [row.state for row in rows] == ["unchanged", "unchanged"]
        words = ["deploy", str(fleet.path), "--no-wait", "--jobs", "2"]
        process = subprocess.Popen([sys.executable, "-m", "quelea.cli", *words])

        def copied() -> int:
            return min(len(list(board.flash.rglob("*.mpy"))) for board in boards)

        until(lambda: copied() >= 8, "some files of each")
        process.kill()
        process.wait()
        before = copied()
        first, second = deployed(fleet), deployed(fleet)
        assert all(row.ok for row in (*first.values(), *second.values())), first
        total = len(BoardFleet(str(fleet.path)).stage("n01").files)
        assert all(row.facts["copied_files"] <= total + 6 - before for row in first.values())
        assert [row.facts["copied_files"] for row in second.values()] == [0, 0]
        said: list[str] = []
        end_s = time.monotonic() + DEADLINE_S

        def heard() -> bool:
            said.append(capsys.readouterr().out)
            return "value_q" in "".join(said) or time.monotonic() > end_s

        logs.follow(fleet.endpoint, fleet.name, ["n02"], True, over=heard)
        shown = "".join(said)
        assert "n02 is ready" in shown and "n02 started: session" in shown and "value_q" in shown
        assert "n01" not in shown
        for _ in range(4):  # the quickest counts: others use the cores too
            took_s = min(prompt_s(board) for board in boards)
            if took_s < 0.1:
                break
            deployed(fleet)
        assert took_s < 0.1
        record = b"7 1 0 0 1 3 2 3 0 0123456789abcdef"  # a set from over the air runs
        (boards[0].flash / "boot.1").write_bytes(record)
        third = deployed(fleet)["n01"]
        assert third.ok and third.state == "done" and not (boards[0].flash / "boot.1").exists()
        assert all(row.state == "unchanged" for row in second.values())


def started(boards: list[VirtualBoard], before: list[int]) -> list[int]:
    """Return how often each board was started since `before` was counted."""
    return [board.starts - count for board, count in zip(boards, before)]


def test_a_watchdog_does_not_cut_a_deployment_off(tmp_path: Path) -> None:
    with meeting(tmp_path, 2) as fleet, running(tmp_path, Spec("b01"), Spec("b02")) as boards:
        assert all(row.ok for row in enroll.enroll(fleet, [str(tmp_path)], "", QUIET, 8))
        plain = fleet.path.read_text()
        for wdt_ms in (8000, 9000, 9100, 9200):  # the first sets it; later ones run under it
            fleet.path.write_text(plain.replace("[board]\n", f"[board]\nwdt_ms = {wdt_ms}\n"))
            before = [board.starts for board in boards]
            rows = deployed(BoardFleet(str(fleet.path)))
            assert all(row.ok for row in rows.values()), rows
            if wdt_ms == 8000:
                continue
            assert [row.facts["copied_files"] for row in rows.values()] == [3, 3], rows
            until(lambda since=before: min(started(boards, since)) >= 3, "boards that start")
            # To empty the heap, to be rid of the watchdog, and to run. A board that answers late
            # is reset once more, so a busy machine has two further goes.
            if started(boards, before) == [3, 3]:
                break
        assert started(boards, before) == [3, 3]


def test_changed_limits_start_nobody_while_one_may_run_with_the_old(tmp_path: Path) -> None:
    with meeting(tmp_path, 2) as fleet, running(tmp_path, Spec("b01"), Spec("b02")) as boards:
        enroll.enroll(fleet, [str(tmp_path)], "", QUIET, 8)
        assert all(row.ok for row in deployed(fleet).values())
        records = list(boards[0].flash.glob("headroom*"))
        old = boards[0].flash / LEFT  # of an earlier version
        old.write_bytes(b"")
        mark = boards[0].flash / "firmware.json"
        mark.write_text(mark.read_text().replace('"files":[', f'"files":["{LEFT}",'))
        assert records and fleet.secrets.node("n01")["limits"] == fleet.limits_digest
        text = fleet.path.read_text()
        fleet.path.write_text(text.replace("limit_q = 32000", "limit_q = 20000"))
        changed = BoardFleet(str(fleet.path))
        boards[1].stop()
        rows = deployed(changed)
        assert not any(row.ok for row in rows.values())
        assert "n02 may still run with other limits" in rows["n01"].why
        assert not (boards[0].flash / "main.py").exists()
        boards[1].start()
        rows = deployed(changed)
        assert all(row.ok for row in rows.values()), rows
        assert changed.secrets.node("n01")["limits"] == changed.limits_digest
        assert not old.exists()


def test_flash_names_the_wrong_chip_and_the_silent_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = image(tmp_path / "fw.bin", CHIPS[0].image_id)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(UserError, match="SHA-256 is not known"):
        flash.check(file, "")
    with pytest.raises(UserError, match="another SHA-256"):
        flash.check(file, "0" * 64)
    (tmp_path / "fw.bin.sha256").write_text(f"{digest}  fw.bin\n")
    checked = flash.check(file, "")
    plain = flash.argv
    few = ["--connect-attempts", "1"]  # seven, as they are without, take ten seconds

    def argv(*args: object) -> list[str]:
        row = plain(*args)
        return [*row[:4], *few, *row[4:]]

    monkeypatch.setattr(flash, "argv", argv)
    said: list[str] = []
    with running(tmp_path, *specs(3, "esp32", 0, ("b02:wrong-chip", "b03:hang"))) as boards:
        progress = Progress()
        monkeypatch.setattr(progress, "of", lambda name: said.append)
        done, wrong, silent = flash.flash(checked, [str(tmp_path)], False, 115200, progress, 3)
        assert done.ok and "written and verified" in done.what
        assert any("% written" in line for line in said)
        assert "the wrong chip: ESP32-" in wrong.what and "image is for ESP32" in wrong.what
        assert "loader does not answer" in silent.what and "BOOT" in silent.remedy
        assert boards[2].swallowed and not (boards[1].folder / "image.bin").exists()


def test_no_command_line_of_ours_touches_an_efuse(tmp_path: Path) -> None:
    file = image(tmp_path / "fw.bin", CHIPS[0].image_id)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    ran: list[list[str]] = []
    plain = subprocess.Popen

    def popen(argv: list[str], **more: object) -> subprocess.Popen[bytes]:
        ran.append(argv)
        return plain([sys.executable, "-c", ""], **more)

    flash.subprocess.Popen, before = popen, flash.subprocess.Popen
    try:
        checked = flash.check(file, digest)
        flash.flash(checked, [str(tmp_path / "x" / "port")], True, 115200, QUIET, 1)
    finally:
        flash.subprocess.Popen = before
    verbs = [word for argv in ran for word in argv if word.endswith("-flash")]
    assert verbs == ["erase-flash", "write-flash"]
    assert not any("fuse" in word or "burn" in word for argv in ran for word in argv)


def test_clean_takes_what_belongs_to_no_node(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with meeting(tmp_path, 2) as fleet:
        told = Link(fleet.endpoint, "writer", "host", on_message=lambda *_: None)
        told.start()
        assert told.up.wait(DEADLINE_S)
        mine = f"quelea/1/{fleet.name}/"
        kept = [mine + "n/n01/$state", mine + "n/n02/$birth", mine + "cfg", mine + "host/h/$state"]
        rubbish = [mine + "n/n99/$state", mine + "n/n99/$birth", mine + "old/n01"]
        for info in [told.publish(one, b"x", qos=1, retain=True) for one in kept + rubbish]:
            acknowledged(info)
        told.stop()
        for dry, found in ((True, 3), (False, 3), (False, 0)):
            capsys.readouterr()
            assert command.clean(str(fleet.path), dry, as_json=False) == 0
            assert sorted(capsys.readouterr().out.split()) == sorted(rubbish)[:found]


def test_a_broker_that_is_away_is_said_before_any_board_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with meeting(tmp_path, 2) as fleet:
        pass
    monkeypatch.setattr(buses, "CONNECT_S", 0.5)
    with (
        pytest.raises(UserError, match="the broker does not answer"),
        Bus(fleet.endpoint, fleet.name),
    ):
        pass  # pragma: no cover


def test_a_board_that_the_broker_refuses_says_so(tmp_path: Path) -> None:
    with meeting(tmp_path, 2) as fleet, running(tmp_path, Spec("b01")):
        fleet.secrets.node("n01")["password"] = "another"  # than the broker has
        enroll.enroll(fleet, [str(tmp_path)], "n01", QUIET, 8)
        with Bus(fleet.endpoint, fleet.name) as bus:
            job = Job(fleet, bus, ready_s=6.0)
            refused, missing = deploy(job, [], QUIET)
        assert refused.node == "n01" and "the broker refuses its password" in refused.what
        assert "enroll" in refused.remedy
        assert missing.node == "n02" and "no board is known" in missing.what
