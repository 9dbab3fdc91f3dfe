"""`quelea spike`: its targets hold on the shipped networks; a worse one is exit status 1."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import spiking_rows
from quelea.errors import UserError
from quelea.spiking import board, folds, network, tasks
from quelea.spiking.command import Report, command, held_out
from quelea.spiking.network import LayerRow, NetworkRow


def test_the_surge_network_keeps_up_with_the_dense_one(capsys):
    assert command(["surge"], as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] is True
    assert any("differing integers on unix" in check["name"] for check in report["checks"])
    assert len(report["cadence"]) == 6


def test_the_digits_are_read_with_fewer_operations_than_a_dense_network(capsys, need):
    need(find_spec("sklearn"), "scikit-learn", "pip install quelea[spiking]")
    assert command(["digits"], as_json=True) == 0
    row = network.shipped("digits")
    assert row.steps <= 8
    assert max(abs(int(layer.weights.min())) for layer in row.layers) <= 8


def test_a_worse_network_is_exit_status_1(tmp_path, capsys):
    right = network.shipped("surge")
    first = right.layers[0]
    worse = LayerRow(
        -first.weights.clip(-7, 7), first.weight_shift, first.du, first.dv, first.threshold,
        first.biases,
    )  # fmt: skip
    row = NetworkRow((worse, right.layers[1]), right.steps, right.top, right.code)
    network.save(row, tmp_path / "worse.json")
    assert command(["surge"], network=tmp_path / "worse.json") == 1
    assert "does not hold: surge: F1" in capsys.readouterr().err


def test_a_wrong_bit_on_the_board_is_seen(monkeypatch):
    row = network.shipped("surge")
    values = tasks.surge("homes")[1].values[:5]
    target = board.targets()[0]
    assert board.compare(target, row, values).differing == 0
    files = board.stage.program_files()
    path = "quelea_agent/spiking.py"
    floor = files[path].replace("return size if value >= 0 else -size", "return size")
    assert floor != files[path]
    monkeypatch.setattr(board.stage, "program_files", lambda: {**files, path: floor})
    assert board.compare(target, row, values).differing > 0


def test_the_portable_script_has_the_shipped_network():
    found = spiking_rows.SCRIPT.read_text()
    scope = {}
    exec(found[found.index("ROWS = (") : found.index("\n\n\n", found.index("ROWS = ("))], scope)
    for line, layer in zip(scope["ROWS"], network.shipped("surge").layers, strict=True):
        assert line[-1] == layer.packed().hex()
        assert list(line[6]) == layer.biases.tolist()


@pytest.mark.parametrize(
    "arguments",
    [
        {"chosen": ["chess"]}, {"network": "x.json"}, {"seed": -1},
        {"chosen": ["surge"], "series": "no-such-file.csv"},
    ],
)  # fmt: skip
def test_wrong_arguments_are_refused(arguments, tmp_path):
    if "network" in arguments:
        arguments = {"network": tmp_path / "x.json"}
    with pytest.raises(UserError):
        command(**arguments)


def test_homes_held_out_in_turn_are_judged_together(monkeypatch):
    classes = np.array([1, 1, 0, 0])

    def told(ours):
        def held(seeds, say):
            for fold in range(folds.FOLDS):
                for seed in seeds:
                    yield folds.Fold(fold, seed, classes, np.array(ours), np.array([1, 1, 1, 0]))

        return held

    for ours, holds in (([1, 1, 1, 0], True), ([1, 0, 0, 0], False)):
        monkeypatch.setattr(folds, "folds", told(ours))
        report = Report()
        held_out(2, report, lambda _: None)
        (check,) = report.checks
        assert check["ok"] is holds
        assert check["bound"] == pytest.approx(0.8 - 0.01)
        assert [row["dense"] for row in report.rows["folds"]] == [pytest.approx(0.8)] * 2
    with pytest.raises(UserError, match="out of range"):
        command(["surge"], folds=101)
