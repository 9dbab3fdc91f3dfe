"""Training by real MicroPython processes, a few: with a liar, damage, and one that is killed."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import need
from quelea.cli import main
from quelea.errors import UserError
from quelea.federate import fleet, fleet_command, fleet_data, fleet_float
from quelea.federate.fleet_audit import Audit, disagreement
from quelea_agent.federated import Course
from waiting import alive, until

NODES, DEGREE, ROUNDS = 8, 6, 24
COURSE = Course(1, ROUNDS, 4, 6, 4, 16, 6)
ENDLESS = Course(1, 60_000, 0, 1, 4, 60_000, 4)


@pytest.fixture(autouse=True, scope="module")
def _digits() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        need(False, "scikit-learn", "pip install 'quelea[federate]'")


@pytest.fixture(scope="module")
def ground() -> fleet_data.Ground:
    return fleet_data.lay(NODES, DEGREE, 0.5, 3, 0)


def test_a_liar_and_damage_change_nothing_that_counts(
    tmp_path: Path, ground: fleet_data.Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REQ-FEDERATED-1 to REQ-FEDERATED-4: every round of the honest is done again."""
    monkeypatch.setattr(fleet, "SPOIL_EVERY", 10)
    with fleet.TrainFleet(ground, tmp_path, "midpoint", 1, wait_ms=60_000) as running:
        running.train(COURSE, {2: "sign-flip"})
        honest = [number for number in running.numbers if number != 2]
        audit = Audit(running, COURSE)
        replays = [audit.replay(number) for number in honest]
        reports = [running.report(number) for number in honest]
        pids = [running.supervisor.pid(name) or 0 for name in running.ids]
        spoilt = running.spoilt
    for pid in pids:
        until(lambda pid=pid: not alive(pid), 30, "a node's last words")
    assert [one.complete for one in replays] == [True] * len(honest)
    assert sum(one.rounds for one in replays) == ROUNDS * len(honest)
    assert sum(one.differing for one in replays) == 0
    for report, replay in zip(reports, replays, strict=True):
        assert report["right"] == round(replay.accuracy[-1] * len(ground.test_y))
        assert report["compiled"] and report["held"] == 0
        assert report["heap"][1] < 0.9 * report["heap"][0]
    assert spoilt > 5
    assert sum(report["refused"] for report in reports) >= spoilt
    best = fleet_float.together(ground, COURSE)
    assert np.mean([one.accuracy[-1] for one in replays]) > best - 0.08
    assert disagreement(replays) < 0.3
    assert audit.replay(2).differing > 0  # the same audit sees who says what it has not trained


def test_a_killed_node_is_not_waited_for_and_comes_back(
    tmp_path: Path, ground: fleet_data.Ground
) -> None:
    """REQ-FEDERATED-2, REQ-FEDERATED-4 and REQ-FEDERATED-5, over the broker."""
    with fleet.TrainFleet(ground, tmp_path, "midpoint", 1, wait_ms=400) as running:
        others = [number for number in running.numbers if number != 1]

        def reached(numbers: list[int]) -> int:
            return min(int(running.report(number).get("round", 0)) for number in numbers)

        wait(running, lambda: reached(others) > 5, "the first rounds")
        running.supervisor.kill(fleet.node_id(1), 2.0)
        at = reached(others)
        wait(running, lambda: reached(others) > at + 10, "rounds without it")
        wait(running, lambda: running.report(1).get("session") == 2, "its return")
        wait(running, lambda: reached([1]) >= reached(others) - 10 > at, "its catching up")
        assert running.report(1)["jumps"] > 0
        assert sum(int(running.report(number)["partial"]) for number in others) > 0


def wait(running: fleet.TrainFleet, holds: Callable[[], bool], what: str) -> None:
    """Await a condition; the host says again and again what is to be done."""
    told_s = 0.0

    def looked() -> bool:
        nonlocal told_s
        if time.monotonic() > told_s + 1:
            told_s = time.monotonic()
            running.tell(ENDLESS, {})
        return holds()

    until(looked, 120, what)


def test_a_damaged_file_of_samples_ends_the_node_with_a_sentence(
    tmp_path: Path, ground: fleet_data.Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = bytearray(ground.own_file(0))
    damaged[40] ^= 1
    monkeypatch.setattr(fleet_data.Ground, "own_file", lambda self, node: bytes(damaged))
    monkeypatch.setattr("quelea.fleet.crowd.READY_S", 2.0)
    with (
        pytest.raises(UserError, match=r"own\.bin: the checksum is wrong"),
        fleet.TrainFleet(ground, tmp_path, "midpoint", 1),
    ):
        pass


@pytest.mark.parametrize("flags", [
    {"nodes": 3}, {"nodes": 49}, {"rounds": 5}, {"liars": 4}, {"liars": -1}, {"lie": "none"},
    {"rule": "best"}, {"seed": -1},
])  # fmt: skip
def test_flags_out_of_range_are_refused(flags: dict[str, object]) -> None:
    with pytest.raises(UserError) as refused:
        fleet_command.Options(**flags).check()  # type: ignore[arg-type]
    assert refused.value.where == f"--{next(iter(flags))}"


def test_a_table_has_every_lie() -> None:
    assert fleet_command.Options(liars=0).lies == ()
    assert fleet_command.Options(lie="random").lies == ("random",)
    assert len(fleet_command.Options(table=True).lies) == 4


@pytest.mark.parametrize("nodes, degree", [(4, 3), (5, 4), (9, 8), (16, 8)])
def test_every_size_has_a_graph(nodes: int, degree: int) -> None:
    options = fleet_command.Options(nodes=nodes, liars=0)
    assert options.degree == degree
    near = fleet_data.lay(nodes, options.degree, 0.3, 1, 0).near
    assert {len(row) for row in near} == {degree}


def test_the_command_says_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "SPOIL_EVERY", 5)
    options = fleet_command.Options(nodes=4, liars=1, rounds=6, runs=tmp_path, rule="wmsr")
    status = fleet_command.command(options, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert status == 1 and found["verdict"] is False  # six rounds are too few
    assert [len(phase["liars"]) for phase in found["phases"]] == [0, 1]
    named = {check["name"]: check for check in found["checks"]}
    assert named["all honest: rounds that the reference does otherwise"]["ok"]
    assert named["damaged parcels refused"]["ok"]
    assert Path(found["picture"]).stat().st_size > 5000
    assert all(phase["bytes_a_node_and_round"] == 1336 for phase in found["phases"])


@pytest.mark.parametrize("words, flag", [
    (["--fleet", "--attack", "alie"], "--attack"),
    (["--fleet", "--topology", "ring"], "--topology"),
    (["--lie", "edge"], "--lie"),
    (["--fleet", "--lie", "no"], "--lie"),
])  # fmt: skip
def test_flags_of_the_host_and_of_boards_are_told_apart(
    words: list[str], flag: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sys.argv", ["quelea", "federate", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert flag in capsys.readouterr().err
