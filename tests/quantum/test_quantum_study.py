"""The study's judgement: right figures pass, wrong ones do not, and the command says which."""

import json

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.quantum import allocation, figures, search, theory
from quelea.quantum.command import command
from quelea.quantum.noise import Noise
from quelea.quantum.setting import Setting
from quelea.quantum.state import States

SMALL = Setting(shots=400, runs=60, depolarise=(0.05,), wait=(0.2,))


def draws(*chances):
    """Return a draw whose chance of a hit changes from call to call."""
    left = list(chances)

    def draw(shots, random):
        return (random.random(shots) < left.pop(0)).astype(float)

    return draw


def test_a_figure_off_once_gets_one_second_look():
    right = figures.probability("s", "right", 0.5, draws(0.5), 1000, 1)
    assert (right.ok, right.again, right.count) == (True, False, 1000)
    second = figures.probability("s", "second", 0.5, draws(0.9, 0.5), 1000, 1)
    assert (second.ok, second.again, second.count) == (True, True, 4000)
    wrong = figures.probability("s", "wrong", 0.5, draws(0.55, 0.55), 4000, 1)
    assert (wrong.ok, wrong.again) == (False, True)
    assert wrong.low > 0.5


def test_a_certain_event_may_not_fail_once():
    almost = figures.probability("s", "certain", 1.0, draws(0.999, 0.999), 10_000, 1)
    assert not almost.ok


def test_wilson_covers_as_often_as_it_says(seed):
    random = np.random.default_rng(seed)
    hits = random.binomial(400, 0.1, 4000)
    inside = [low <= 0.1 <= high for low, high in (figures.wilson(h, 400) for h in hits)]
    assert np.mean(inside) > 0.99


def test_the_command_holds_every_figure_to_its_theory(capsys):
    assert command(SMALL, as_json=True) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["verdict"] is True
    assert report["seed"] == 1
    assert "seed 1" in said.err
    assert len(report["checks"]) > 90
    for section in ("randomness", "election", "signalling", "agreement", "allocation"):
        assert any(check["name"].startswith(section) for check in report["checks"])
    names = [check["name"] for check in report["checks"]]
    assert len(set(names)) == len(names)


def test_one_seed_gives_the_same_figures(capsys):
    texts = []
    for _ in range(2):
        command(SMALL, ["election"])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    command(Setting(seed=2, shots=400, runs=60), ["election"])
    assert capsys.readouterr().out != texts[0]


@pytest.mark.parametrize(
    ("section", "name", "wrong"),
    [
        ("election", "classical_election", lambda nodes: 0.5),
        ("randomness", "even_parity", lambda coherence, nodes: (1 + coherence) / 2),
        ("agreement", "local_rounds", lambda honest: 2.0**honest),
        ("allocation", "minimum_queries", lambda size: size / 2),
    ],
)
def test_a_wrong_formula_is_exit_status_1(section, name, wrong, monkeypatch, capsys):
    monkeypatch.setattr(theory, name, wrong)
    setting = Setting(shots=2000, runs=60, depolarise=(0.05,), wait=())
    assert command(setting, [section]) == 1
    assert "off:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Setting(shots=10), lambda: Setting(runs=1), lambda: Setting(seed=-1),
        lambda: Setting(depolarise=(0.8,)), lambda: Setting(t2=0.0), lambda: Setting(t2=2.1),
        lambda: Setting(readout=0.6), lambda: States(13), lambda: Noise(wait=-1),
        lambda: search.after(np.zeros(5000, np.bool_), 1), lambda: command(SMALL, ["nothing"]),
    ],
)  # fmt: skip
def test_bad_values_are_refused(refused):
    with pytest.raises(UserError):
        refused()


def test_minimum_finds_the_cheapest_within_its_budget(seed):
    random = np.random.default_rng(seed)
    for size in (2, 3, 17, 50, 64):
        loads = allocation.costs(size, random)
        found = search.minimum(loads, random)
        assert found.item == int(np.argmin(loads))
        assert found.held <= theory.minimum_bound(size) <= found.queries


def test_minimum_of_equal_costs_is_the_first(seed):
    random = np.random.default_rng(seed)
    assert search.minimum(np.array([7, 3, 3, 3, 9]), random).item == 1


def test_the_picture_is_drawn(tmp_path, need):
    from importlib.util import find_spec

    need(find_spec("matplotlib"), "matplotlib", "pip install quelea[plot]")
    path = tmp_path / "quantum.png"
    assert command(SMALL, ["election"], path) == 0
    assert path.read_bytes().startswith(b"\x89PNG")
