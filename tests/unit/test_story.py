"""The story: baselines collapse, coordination does not; lies, shocks, refusals and the command."""

import itertools
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quelea.cli import app
from quelea.errors import UserError
from quelea.journal import Journal
from quelea.story import retell, setting, tale, trials
from quelea.story.command import Options, command
from quelea.story.course import NEVER, Course, best_of, rounds_to_stay
from quelea.story.loop import Loop
from quelea_agent import rumours
from quelea_agent.choice import CHOICES
from quelea_proto.draws import Draws
from typer.testing import CliRunner

SEEDS = (101, 102)  # of no figure in the documents


def rows_of(*labels: str, seeds: tuple[int, ...] = SEEDS) -> trials.Rows:
    chosen = [trial for trial in trials.trials() if trial.label in labels]
    assert len(chosen) == len(labels)
    return {trial.label: [trials.measure(trial, seed) for seed in seeds] for trial in chosen}


def test_greed_collapses_and_coordination_comes_close_to_the_optimum() -> None:
    labels = ("greedy, rho 0.97", "coordinated, rho 0.97", "coordinated, rho 1.2")
    rows = rows_of(*labels, seeds=SEEDS[:1])
    checks = trials.checks(rows)
    assert len(checks) == 10
    one_seed = [check for check in checks if check.bound != 0.995]  # which is one of many seeds
    assert [check for check in one_seed if not check.ok] == []


def test_with_clocks_of_their_own_greed_collapses_less_and_coordination_holds() -> None:
    chosen = {trial.label: trial for trial in trials.trials()}
    greedy = chosen["greedy, rho 0.97"]
    at_once = trials.measure(greedy, SEEDS[0])
    greedy_own = trials.measure(greedy, SEEDS[0], own_clocks=True)
    assert at_once.last + 0.1 < greedy_own.last < tale.GREEDY_MOST
    assert trials.measure(chosen["coordinated, rho 0.97"], SEEDS[0], own_clocks=True).last > 0.98


def test_a_shock_is_borne_and_so_are_liars() -> None:
    labels = ("shock, rho 0.85", "10 % liars, rho 0.97", "20 % liars, rho 0.97")
    rows = rows_of(*labels, seeds=SEEDS[1:])
    assert [check for check in trials.checks(rows) if not check.ok] == []


def test_liars_win_where_nobody_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    label = "20 % liars, rho 0.97"
    checked = rows_of(label, seeds=SEEDS[:1])[label][0]
    monkeypatch.setattr(rumours.Rumours, "trusts", lambda self, slot: True)
    planted = rows_of(label, seeds=SEEDS[:1])[label][0]
    assert checked.last >= 0.97 > planted.last


@pytest.mark.parametrize("own_clocks", [False, True])
@pytest.mark.parametrize("rule", [row[0] for row in CHOICES])
def test_every_rule_runs_the_tale(rule: str, own_clocks: bool) -> None:
    loop = Loop(setting.draw(3, 0.97).setup(), own_clocks)
    loop.use(rule, True, True, True)
    for _ in range(20):
        loop.round()
        assert loop.overloaded == 0  # grants never exceed what a server has
        assert sum(loop.served_q) == loop.goodput_q
        assert loop.messages <= 2 * len(loop.agents)


def test_without_throttling_nothing_is_hidden() -> None:
    loop = Loop(setting.draw(3, 1.2).setup())
    loop.round()
    assert loop.overloaded == loop.overasked > 0
    assert sum(loop.served_q) <= loop.goodput_q < sum(loop.loads_q)


def test_the_optimum_is_that_of_trying_everything(seed: int) -> None:
    draws = random.Random(seed)
    for _ in range(5):
        capacities = [draws.randrange(3, 12) for _ in range(3)]
        demands = [draws.randrange(1, 9) for _ in range(6)]
        allowed = [draws.sample(range(3), 2) for _ in demands]
        best = 0
        for chosen in itertools.product(*allowed):
            loads = [0, 0, 0]
            for demand, server in zip(demands, chosen, strict=True):
                loads[server] += demand
            best = max(best, sum(map(min, loads, capacities)))
        assert setting.optimum(demands, allowed, capacities) == pytest.approx(best)


def test_an_instance_is_as_defined() -> None:
    for rho in (0.9, 0.97, 1.2):
        one = setting.draw(7, rho)
        assert sum(one.demands) == round(rho * 900)
        assert min(one.demands) >= 1
        assert all(len(set(row)) == 4 for row in (*one.allowed, *one.neighbours))
        assert best_of(Loop(one.setup()), one) <= min(900, sum(one.demands)) + 1e-6


def test_draws_are_even() -> None:
    for node in (1, 2, 65535):
        draws = Draws(9, node)
        counts = np.bincount([draws.below(10) for _ in range(20000)])
        assert len(counts) == 10
        assert (abs(counts - 2000) < 6 * 2000**0.5).all()
    assert len({Draws(seed, node).next() for seed in range(40) for node in range(40)}) > 1500


def test_rounds_to_stay_counts_to_the_end_of_the_window() -> None:
    assert rounds_to_stay(np.ones(40)) == 20
    share = np.concatenate([np.zeros(10), np.ones(50)])
    assert rounds_to_stay(share) == 30
    assert rounds_to_stay(np.concatenate([np.ones(50), np.zeros(10)])) == NEVER
    assert Course().goodput == []


def test_the_command_tells_draws_and_judges(tmp_path: Path) -> None:
    path = tmp_path / "story.png"
    done = CliRunner().invoke(
        app, ["story", "--png", str(path), "--runs", str(tmp_path), "--json"]
    )
    document = json.loads(done.stdout)
    assert done.exit_code == 0, done.stderr
    assert document["verdict"] is True
    assert [phase["phase"] for phase in document["phases"]] == [p.name for p in tale.phases()]
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert "optimum" in done.stderr
    retold(tmp_path, document)


def retold(folder: Path, document: dict[str, Any]) -> None:
    """What is told again from the journal is what was told."""
    with Journal.open(document["journal"]) as journal:
        assert journal.incomplete is None and journal.run()["verdict"] is True
        parts = retell.courses(journal)
        told = retell.explain(journal, "a07")
        with pytest.raises(UserError, match="a51"):
            retell.explain(journal, "a51")
    assert [phase.rounds for phase, _ in parts] == list(tale.ROUNDS)
    for (_, course), phase in zip(parts, document["phases"], strict=True):
        assert course.share[-tale.LAST :].mean() == pytest.approx(phase["share"], abs=1e-3)
    assert "a07 wants" in told["lines"][0]
    again = folder / "again.svg"
    run = str(Path(document["journal"]).parent)
    assert CliRunner().invoke(app, ["plot", run, "--svg", str(again)]).exit_code == 0
    assert "<svg" in again.read_text()
    shown = CliRunner().invoke(app, ["journal", "show", run])
    assert "coordination on" in shown.stdout and shown.exit_code == 0
    lines = CliRunner().invoke(app, ["replay", run, "--plain", "--speed", "0"])
    assert "50 of 50 nodes" in lines.stdout and lines.exit_code == 0


def test_a_rule_that_fails_fails_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tale, "ROUNDS", (25, 25, 25, 25))
    assert (
        command(Options(rule="greedy", throttle=False, png=tmp_path / "story.png", runs=tmp_path))
        == 1
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (Options(rule="wise"), "--rule"),
        (Options(lie="white"), "--lie"),
        (Options(rho=7.0), "--rho"),
        (Options(seed=-1), "--seed"),
        (Options(seeds=0), "--seeds"),
        (Options(liars=26), "--liars"),
    ],
)
def test_wrong_flags_are_refused_by_name(options: Options, word: str) -> None:
    with pytest.raises(UserError, match=word):
        command(options)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_table_leaves_no_process(number: signal.Signals) -> None:
    argv = [sys.executable, "-m", "quelea.cli", "story", "--seeds", "50", "--jobs", "2"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, start_new_session=True) as running:
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        until_s = time.monotonic() + 30
        while len(children.read_text().split()) < 2 and time.monotonic() < until_s:
            time.sleep(0.05)
        workers = children.read_text().split()
        running.send_signal(number)
        assert running.wait(30) == 130
    assert len(workers) >= 2
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
