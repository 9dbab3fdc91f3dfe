"""Whole conformance runs: zero differing bits on every target that is here."""

import json
import sys

import pytest
from conftest import need
from quelea.conform import traces
from quelea.conform.command import command
from quelea.conform.conform import conform
from quelea.conform.report import TargetReport
from quelea.conform.targets import CPython, Microbit, Unix, Wasm
from quelea.errors import UserError


def run(target, node_rounds, seed=1):
    """Return the report's part of one target, after its verdict."""
    reason = target.available()
    need(reason is None, target.name, reason or "")
    report = conform([target], node_rounds, seed, asked=True)
    assert report.verdict, report.text()
    part = report.targets[0]
    assert isinstance(part, TargetReport)
    return part


def test_micropython_unix_agrees_with_the_reference_in_100_000_node_rounds(seed):
    part = run(Unix(), 100_000, seed)
    assert part.node_rounds >= 100_000 and part.trace_cases > 300
    assert part.left_out == []


def test_32_bit_micropython_agrees_and_allocates_nothing():
    part = run(Wasm(), 20_000)
    assert part.node_rounds >= 4_000 and part.left_out == []
    assert part.description is not None and part.description.small_int_bits == 31


def test_the_microbit_agrees_in_rules_flows_and_fixed_point():
    part = run(Microbit(), 20_000)
    assert part.node_rounds == 0 and part.vector_rows > 1600 and part.scripts >= 10
    # What does not fit is named, and what must fit is not among it.
    assert any("whole-node traces" in line for line in part.left_out)
    for line in part.left_out:
        assert not line.startswith(("rule", "flows", "fixed", "checksum")), line
        assert not line.startswith(("script rule", "script flows", "script fixed")), line


def test_long_runs_compute_the_reference_in_processes_of_its_own(monkeypatch):
    monkeypatch.setattr(traces, "BULK_ROUNDS", 20_000)
    monkeypatch.setattr(traces, "CASES_PER_CHUNK_BULK", 20)
    monkeypatch.setattr(traces, "PROGRESS_EVERY_S", 0.0)
    said = []
    report = conform([CPython()], 20_000, 3, progress=said.append)
    assert report.verdict, report.text()
    assert report.targets[0].node_rounds >= 20_000
    assert any("of 20,000 node-rounds" in line for line in said)


def test_the_command_prints_one_object_and_returns_the_verdict(capfd, monkeypatch, tmp_path):
    assert command(["cpython"], 0, 1, (), as_json=True) == 0
    out, err = capfd.readouterr()
    data = json.loads(out)
    assert data["verdict"] is True and data["targets"][0]["node_rounds"] == 0
    assert "verdict: zero differing bits" in err
    # A target asked for and not there is a failure.
    assert command(["cpython"], 0, 1, [str(tmp_path / "micropython")]) == 1
    assert "NOT conforming" in capfd.readouterr().out


@pytest.mark.parametrize(
    "arguments, flag",
    [
        ({"targets": ["esp32"]}, "--target"),
        ({"node_rounds": -1}, "--node-rounds"),
        ({"seed": 2**30}, "--seed"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(arguments, flag):
    with pytest.raises(UserError) as caught:
        command(**arguments)
    assert caught.value.where == flag and "allowed" in caught.value.why


def test_an_interpreter_that_is_no_micropython_is_refused_with_its_path():
    report = conform([Unix(sys.executable)], 0, 1, asked=True)
    assert not report.verdict
    assert sys.executable in report.targets[0].reason or "python" in report.targets[0].reason
