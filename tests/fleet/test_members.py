"""Members on real nodes: one dies, the others take its units over, it comes back and has none."""

import json
from pathlib import Path

import pytest
from quelea.configure import fleetfile
from quelea.fleet import chaos
from quelea.fleet.options import FleetOptions
from quelea.fleet.run import run
from quelea.headroom import audit, audit_members
from quelea.journal import Journal

TOML = """\
[fleet]
name = "members"
nodes = 5
topology = "complete"
period_ms = 200
epoch_rounds = 20
seconds = 14
liars = 0

[limit]
limit_q = 10000
safety_percent = 100
lease_s = 2
watchdog_s = 1
majority = true

[load]
floor_q = 100
most_q = 8000
"""


def test_a_majority_takes_over_what_a_dead_member_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """REQ-MEMBERS-3 and -4: the one that was killed stays at its floor when it is back."""
    monkeypatch.setattr(chaos, "NODE_DOWN_S", 5.0)
    monkeypatch.setattr(chaos, "NODE_AT", 0.3)
    monkeypatch.setattr(chaos, "BROKER_AT", 0.02)
    file = tmp_path / "fleet.toml"
    file.write_text(TOML)
    options, _ = fleetfile.apply(FleetOptions(config=str(file), runs=tmp_path))
    run(options, as_json=True)
    report = json.loads(capsys.readouterr().out)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["limit: caps and units under way above it"]["ok"], report["violations"]
    with Journal.open(Path(report["journal"])) as journal:
        rows = audit.rows_of(journal, kinds=(3, 12))
        killed = next(one.target for one in journal.faults() if one.name == "node-kill")
    victim = int(killed[1:])
    said = {source: audit.parse(payload) for _, source, payload in rows if payload[0] == 0x23}
    pulses = [(t_us, audit_members.parse_pulse(row)) for t_us, _, row in rows if row[0] == 0x2C]
    last = {one.node: one for _, one in pulses if one is not None}
    others = [node for node in last if node != victim]
    assert len(others) == 4
    for node in others:
        slot = victim - 1 if victim < node else victim - 2
        assert last[node].gone[slot], f"{node} still counts on {victim}"
    heir = said[min(others)]
    assert heir is not None and heir.taken[victim - 1 - (victim > heir.node)] > 0
    here = said[victim]
    assert here is not None and here.cap_q == 100, "it is back, at its floor"
    parts = fleetfile.load(file)[1].parts(0)
    assert audit_members.check(rows, parts, 10_000, 5_000_000) == []
    assert audit_members.check(rows, parts, 800, 5_000_000), "a lower limit is seen broken"
