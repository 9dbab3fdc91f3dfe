"""The recorded runs of docs/maddpg are those of the settings as they stand, and hold."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from quelea.learn.maddpg.command import checks
from quelea.learn.maddpg.tasks import TASKS

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("env", ["speaker-listener", "spread"])
def test_a_recorded_run_holds_and_is_what_the_page_says(env):
    task = TASKS[env]()
    found = json.loads((DOCS / "maddpg" / f"{env}.json").read_text())
    assert found["settings"] == task.settings.document()
    assert [row["seed"] for row in found["seeds"]] == [1, 2, 3, 4, 5]
    assert all(row["judged"] >= 500 for row in found["seeds"])
    assert all(check.ok for check in checks(task, found)) and found["verdict"]
    with (DOCS / "maddpg" / f"{env}.csv").open(newline="") as file:
        points = list(csv.DictReader(file))
    for row in found["seeds"]:
        last = [point for point in points if int(point["seed"]) == row["seed"]][-1]
        assert int(last["episodes"]) == row["episodes"]
        assert np.isclose(float(last["evaluated"]), row["curve_last"], atol=1e-3)
    page = (DOCS / "learning.md").read_text()
    means = [row["mean"] for row in found["seeds"]]
    line = f"| {', '.join(f'-{-mean:.1f}' for mean in means)} | **-{-np.mean(means):.1f}** |"
    assert line in page
    assert all(f"-{-row['mean']:.1f}" in page for row in found["rivals"].values())
