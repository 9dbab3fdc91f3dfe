"""`quelea fleet` end to end: real nodes, a real broker, and a verdict that can fail."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from quelea.journal import Journal

QUICK = ("--period-ms", "100", "--epoch-rounds", "30")


def fleet(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run `quelea fleet --json` with its journals in folder."""
    command = [sys.executable, "-m", "quelea.cli", "fleet", "--json", "--runs", str(folder)]
    return subprocess.run(
        [*command, *flags], capture_output=True, text=True, timeout=120, check=False
    )


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the JSON object that the run printed."""
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def failed(report: dict[str, Any]) -> list[str]:
    """Return the names of the checks that do not hold."""
    return [check["name"] for check in report["checks"] if not check["ok"]]


def test_liars_and_faults_leave_the_verdict_standing(tmp_path: Path) -> None:
    done = fleet(tmp_path, "--seconds", "14", *QUICK)
    report = result(done)
    assert failed(report) == [], done.stderr
    assert done.returncode == 0 and report["verdict"] is True
    names = {check["name"] for check in report["checks"]}
    assert {"lies were told", "honest values outside the honest hull"} <= names
    with Journal.open(Path(report["journal"])) as journal:
        assert {fault.name: fault.fired for fault in journal.faults()} == {
            "broker-restart": 1,
            "node-kill": 1,
        }


@pytest.mark.parametrize("attack", ["in-hull", "inconsistent", "oscillate", "drift"])
def test_attacks(tmp_path: Path, attack: str) -> None:
    done = fleet(tmp_path, "--seconds", "8", "--no-chaos", "--attack", attack, *QUICK)
    assert failed(result(done)) == [], done.stderr


def test_the_plain_mean_fails(tmp_path: Path) -> None:
    done = fleet(
        tmp_path, "--seconds", "6", "--no-chaos", "--rule", "mean", "--attack", "const-max",
        "--force", *QUICK,
    )  # fmt: skip
    assert done.returncode == 1
    assert "honest values outside the honest hull" in failed(result(done))


def test_exact_mode(tmp_path: Path) -> None:
    done = fleet(tmp_path, "--seconds", "16", "--mode", "exact", "--liars", "0", *QUICK)
    assert failed(result(done)) == [], done.stderr


def test_fanout(tmp_path: Path) -> None:
    done = fleet(tmp_path, "--seconds", "8", "--no-chaos", "--fanout", "5", *QUICK)
    assert failed(result(done)) == [], done.stderr


def test_a_bad_network(tmp_path: Path) -> None:
    done = fleet(
        tmp_path, "--seconds", "12", "--no-chaos", "--network", "delay:30,cut:3,garbage:5", *QUICK
    )
    report = result(done)
    assert failed(report) == [], done.stderr
    fired = {check["name"]: check["value"] for check in report["checks"]}
    for name in ("delay", "cut", "garbage"):
        assert fired[f"fault took effect: {name} network"] > 0


def test_mosquitto(tmp_path: Path, need: Any) -> None:
    found = next((p for p in ("/usr/sbin/mosquitto", "/usr/bin/mosquitto") if os.access(p, 1)), "")
    need(found, "mosquitto", "apt-get install mosquitto")
    done = fleet(tmp_path, "--seconds", "10", "--broker", "mosquitto", *QUICK)
    assert failed(result(done)) == [], done.stderr


def test_ctrl_c_ends_all_and_leaves_a_journal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quelea.cli", "fleet", "--runs", str(tmp_path), *QUICK]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if " ready, " in line and "frames" in line and " 0 frames" not in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "stopped" in rest and "journal.sqlite" in rest
    with Journal.open(tmp_path / "latest" / "journal.sqlite") as journal:
        assert any(event.name == "stopped" for event in journal.events())
        assert next(journal.frames())
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s and alive_in(tmp_path):
        os.sched_yield()
    assert alive_in(tmp_path) == []


def alive_in(folder: Path) -> list[int]:
    """Return the processes whose working directory is below folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in os.readlink(entry / "cwd"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--rule", "average"), "one of: mean, trimmed-mean"),
        (("--attack", "nice"), "one of:"),
        (("--topology", "ring", "--faults-max", "1"), "growth:3"),
        (("--nodes", "1"), "2 to 2000"),
        (("--liars", "16"), "0 to 15"),
        (("--mode", "exact"), "--liars 0"),
        (("--broker", "mqtt://127.0.0.1:1"), "127.0.0.1:1"),
        (("--runtime", "/nonexistent"), "/nonexistent"),
        (("--demand", "/nonexistent.csv"), "/nonexistent.csv"),
        (("--seconds", "1"), "5 to"),
        (("--name", "No Such"), "inner dashes"),
        (("--topology", "file:/nonexistent"), "/nonexistent"),
        (("--epoch-rounds", "2"), "4 and more"),
        (("--network", "lag:3"), "delay, drip, cut"),
        (("--network", "cut:0"), "from 1 to 3600 s"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, flags: tuple[str, ...], says: str) -> None:
    done = fleet(tmp_path, *flags)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    assert flags[0] in done.stderr or flags[1] in done.stderr


def test_a_wrong_demand_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("a,b\n1,2\n3,x\n")
    done = fleet(tmp_path, "--demand", str(path))
    assert done.returncode == 2 and f"{path}:3" in done.stderr and "'x'" in done.stderr
