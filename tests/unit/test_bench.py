"""The bench's own logic: what it judges, prints and refuses. No time is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from bench.__main__ import repeated  # noqa: E402
from bench.gathered import half_up, must_equal  # noqa: E402  (the path above comes first)
from bench.measure import Row, cpu, least, shown, table  # noqa: E402


def test_a_row_judges_by_its_bound() -> None:
    assert Row("a", 1, "b", 2, 2.0, bound=2).ok
    assert not Row("a", 1, "b", 2, 1.9, bound=2).ok
    assert Row("a", 1, "b", 2, 1.3, bound=1.3, is_most=True).ok
    assert not Row("a", 1, "b", 2, 1.4, bound=1.3, is_most=True).ok
    assert Row("a", 1, "b", 2, 0.0).ok


def test_the_table_marks_what_fails() -> None:
    lines = table([Row("slow", 1e-3, "peer", 1e-4, 0.1, bound=5), Row("shown", 1, "", 0, 1)])
    assert lines[1].startswith("NO") and ">= 5" in lines[1] and "1 ms" in lines[1]
    assert not lines[2].startswith(("NO", "ok"))


def test_times_are_shown_in_fitting_units() -> None:
    assert [shown(s) for s in (2.5, 2.5e-3, 2.5e-6, 2.5e-8, 0)] == [
        "2.5 s",
        "2.5 ms",
        "2.5 us",
        "25 ns",
        "-",
    ]


def test_every_work_is_run_as_often_as_the_others() -> None:
    ran: list[str] = []
    cpu([lambda: ran.append("a"), lambda: ran.append("b")], 4)
    assert ran.count("a") == ran.count("b") >= 4


def test_a_row_that_misses_is_measured_again_for_both_sides() -> None:
    left = [Row("a", 2.0, "b", 4.0, 2.0, bound=3), Row("a", 1.0, "b", 3.5, 3.5, bound=3)]
    made = repeated(lambda: [left.pop(0)])
    assert not left and made[0].ok and made[0].value == 3.5 and made[0].note == "2 times"
    never = repeated(lambda: [Row("a", 2.0, "b", 4.0, 2.0, bound=3)])
    assert not never[0].ok and never[0].note == "5 times"


def test_the_least_times_of_two_measurements() -> None:
    def both(unit: str, one: float, other: float) -> float:
        return least(
            Row("a", 2.0, "b", 8.0, one, unit), Row("a", 4.0, "b", 6.0, other, unit)
        ).value

    assert both("x peer", 4, 1.5) == 3 and both("x its time", 0.25, 0.66) == 2 / 6
    assert both("M agent-rounds/s", 100, 50) == 100 and both("ns", 20, 40) == 20
    assert both("q", 7, 8) == 8


def test_wrong_results_are_refused() -> None:
    must_equal(np.array([1, 2]), np.array([1, 2]), "same")
    with pytest.raises(AssertionError, match="1 places"):
        must_equal(np.array([1, 2]), np.array([1, 3]), "other")
    assert half_up(np.array([-1.5, -0.5, 0.5, 1.49])).tolist() == [-1, 0, 1, 1]


def test_json_is_one_object_on_standard_output() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--json", "--only", "isa"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    said = json.loads(ran.stdout)
    assert said["verdict"] is True and said["checks"] == [] and ran.returncode == 0
    assert {"cpu", "isa", "features"} <= set(said["machine"]) and "ours" in ran.stderr
