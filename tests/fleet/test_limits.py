"""A limit on real nodes: kept through a lost broker and a killed node, used, shared; and what the
verdict says when it was not kept."""

import json
import subprocess
import sys
from pathlib import Path

from quelea.headroom import audit
from quelea.headroom.audit import Part
from quelea.journal import Journal

TOML = """\
[fleet]
name = "loads"
nodes = 5
topology = "complete"
period_ms = 200
epoch_rounds = 20
seconds = 10
liars = 0
demand = "switched"

[limit]
limit_q = 10000
safety_percent = 100
turn_s = 4

[load]
least_q = 1000
most_q = 4000
unit_q = 500

[[member]]
node = 1
floor_q = 1000
priority = 1
"""


def test_a_limit_is_kept_and_shared_by_real_nodes(tmp_path: Path) -> None:
    """REQ-HEADROOM-1, REQ-HEADROOM-4: also by a node that was killed and begins at its floor."""
    file = tmp_path / "fleet.toml"
    file.write_text(TOML)
    command = [sys.executable, "-m", "quelea.cli", "fleet", "--json", "--config", str(file)]
    done = subprocess.run(
        [*command, "--runs", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    report = json.loads(done.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["limit: caps and units under way above it"]["ok"], done.stderr
    assert checks["fault took effect: broker-restart broker"]["ok"]
    figures = report["figures"]["limits"][0]
    assert figures["rows"] > 100 and figures["most_used_q"] > 5000, figures
    with Journal.open(Path(report["journal"])) as journal:
        rows = audit.rows_of(journal)
        given = journal.run()["headroom"]
        said = [audit.parse(payload) for _, _, payload in rows]
    assert all(one is not None for one in said)
    moved = {one.node for one in said if one and any(one.taken)}
    assert len(moved) >= 2, "units changed hands"
    numbers = [member["node"] for member in given["members"]]
    parts = {
        member["node"]: Part(
            tuple(n for n in numbers if n != member["node"]),
            member["floor_q"],
            member["initial_q"],
        )
        for member in given["members"]
    }
    assert audit.check(rows, parts, 10_000) == []
    assert audit.check(rows, parts, figures["most_used_q"] - 1), "a lower limit is seen broken"


def test_real_nodes_agree_on_a_level_beside_a_liar(tmp_path: Path) -> None:
    """REQ-HEADROOM-11, REQ-HEADROOM-1: levels go in, and what was settled is taken."""
    flags = (
        *("--nodes", "6", "--liars", "1", "--topology", "complete", "--limit", "12000"),
        *("--floors", "200", "--policy", "max-min-agreed", "--seconds", "7", "--no-chaos"),
        *("--period-ms", "100", "--epoch-rounds", "10", "--runs", str(tmp_path)),
    )
    command = [sys.executable, "-m", "quelea.cli", "fleet", "--json", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["limit: caps and units under way above it"]["ok"], done.stderr
    assert checks["honest values outside the honest hull"]["ok"], done.stderr
    assert checks["lies were told"]["ok"], done.stderr
    with Journal.open(Path(report["journal"])) as journal:
        honest = {row.number for row in journal.nodes() if not row.liar}
        newest = {row.node: row.document for row in journal.statuses() if row.node in honest}
    assert newest
    for document in newest.values():
        assert document["level_q"][1] in (-1, document["settled_q"])
    assert sum(document["level_q"][2] for document in newest.values()) > 0, "none was taken"
    spreads = [epoch["first_spread_q"] for epoch in report["figures"]["epochs"]]
    assert min(spreads) <= 100, "levels go into the consensus, which demands are not as close as"
