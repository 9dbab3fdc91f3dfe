"""The report: a verdict that follows from its checks, for people and as JSON."""

import json

from quelea.conform.coverage import Coverage
from quelea.conform.difference import Difference
from quelea.conform.report import Report, TargetReport
from quelea.conform.targets import Description


def good(name="unix"):
    return TargetReport(
        name, True, description=Description("micropython", "1.29.0", 63), vector_rows=9, scripts=2,
        trace_cases=3, node_rounds=1000, node_rounds_asked=900, trace_s=0.1,
    )  # fmt: skip


def report(*targets):
    return Report(1, "the reference (cython)", list(targets))


def test_a_good_run_holds_and_its_json_has_the_agreed_form():
    run = report(good())
    assert run.verdict
    data = json.loads(json.dumps(run.to_dict()))
    assert data["verdict"] is True and data["targets"][0]["cases"] == 14
    assert all(set(check) == {"name", "ok", "value", "bound", "unit"} for check in data["checks"])
    assert data["targets"][0]["us_per_node_round"] == 100.0
    assert "zero differing bits" in run.text() and "1.29.0" in run.text()


def test_each_failure_alone_breaks_the_verdict():
    wrong, differs, short, absent = good(), good(), good(), TargetReport("wasm", True, "not here")
    wrong.wrong = ["rules.jsonl:3: got 5"]
    differs.difference = Difference("unix: case 1, step 2", 3, ("value_q: was 1",))
    short.node_rounds = 899
    for broken in (wrong, differs, short, absent):
        run = report(good("cpython"), broken)
        assert not run.verdict and "NOT conforming" in run.text()
    assert "rules.jsonl:3: got 5" in report(wrong).text()
    assert "value_q: was 1" in report(differs).text()
    assert report(differs).to_dict()["targets"][0]["differing_bits"] == 3


def test_a_target_nobody_asked_for_may_be_absent_but_not_all_of_them():
    absent = TargetReport("wasm", False, "Node.js is missing\nmore")
    assert report(good(), absent).verdict
    assert "not run: Node.js is missing" in report(good(), absent).text()
    assert not report(absent).verdict


def test_what_was_left_out_is_named_once_a_reason():
    target = good("microbit")
    target.left_out = ["script a: too large", "script b: too large", "traces: no room"]
    assert "script a, script b: too large\n  traces: no room" in report(target).text()


def test_coverage_names_what_has_no_test():
    run = report(good())
    run.coverage = Coverage(["A", "B"], {"A": ["x"]}, ["C"])
    assert "requirements with a test: 1 of 2; none for B; unknown in tests: C" in run.text()
    assert run.to_dict()["requirements"]["missing"] == ["B"]
