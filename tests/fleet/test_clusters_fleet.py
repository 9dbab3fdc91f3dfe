"""`quelea fleet --clusters` end to end: real nodes, a lying delegate, a verdict that holds."""

import json
import subprocess
import sys
from pathlib import Path


def test_clusters_of_real_nodes_agree_in_spite_of_a_lying_delegate(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quelea.cli", "fleet", "--json", "--runs", str(tmp_path),
         "--clusters", "3", "--nodes", "16", "--seconds", "14", "--no-chaos",
         "--period-ms", "100", "--epoch-rounds", "60"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert [check["name"] for check in report["checks"] if not check["ok"]] == [], done.stderr
    names = {check["name"] for check in report["checks"]}
    assert {"lies of delegates", "entries outside what honest delegates said"} <= names
    assert report["figures"]["delegates"]["sizes"] == [5, 5, 6]
