"""A floor raised on real nodes by a signed document: held for it, and no cap above its units."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from quelea.configure import fleetfile
from quelea.fleet import chaos, staging
from quelea.fleet.options import FleetOptions
from quelea.fleet.run import run
from quelea.headroom import audit
from quelea.headroom.members_command import command
from quelea.journal import Journal
from quelea.secure import signing

TOML = """\
[fleet]
name = "members"
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
lease_s = 4
watchdog_s = 1

[load]
floor_q = 100
most_q = 4000
"""
FLOOR_Q = 5000  # more than its load can draw: whatever it holds of it is the floor's


def test_a_floor_rises_by_a_signed_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """REQ-MEMBERS-7"""
    key = signing.new_key()
    key_file = tmp_path / "sign.key"
    signing.save_key(key_file, key)
    file = tmp_path / "fleet.toml"
    file.write_text(TOML)
    stage_node = staging.stage_node

    def with_key(
        folder: Path, board: staging.Board, config: dict[str, Any], extra: Mapping[str, Any]
    ) -> None:
        stage_node(folder, board, config, {**extra, "sign.public": signing.public_bytes(key)})

    answers: list[tuple[int, float]] = []

    def act(trouble: chaos.Chaos) -> None:
        """In the place of the broker's restart; the run waits for it."""
        user, password = trouble.broker.credentials("host")
        address = f"mqtt://{user}:{password}@{trouble.broker.host}:{trouble.broker.port}"
        from_us = trouble.recorder.now_us()
        status = command("floor", [3, FLOOR_Q], str(file), address, "", key_file, True, False)
        answers.append((status, (trouble.recorder.now_us() - from_us) / 1e6))

    monkeypatch.setattr(staging, "stage_node", with_key)
    monkeypatch.setattr(chaos.Chaos, "restart_broker", act)
    monkeypatch.setattr(chaos.Chaos, "kill_node", lambda trouble: None)
    options, _ = fleetfile.apply(FleetOptions(config=str(file), runs=tmp_path))
    run(options, as_json=True)
    said = capsys.readouterr()
    report = json.loads(said.out[said.out.index("{") :])
    assert answers[0][0] == 0, said.err
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["limit: caps and units under way above it"]["ok"], report["violations"]
    parts = fleetfile.load(file)[1].parts(0)
    with Journal.open(Path(report["journal"])) as journal:
        rows = [audit.parse(payload) for _, _, payload in audit.rows_of(journal)]
    last = {row.node: row for row in rows if row is not None}
    held_q = {node: parts[node].floor_q + audit.owned_q(last[node], parts[node]) for node in last}
    assert held_q[3] >= FLOOR_Q > max(held_q[node] for node in held_q if node != 3), held_q
    with capsys.disabled():
        print(f"\nfollowed after {answers[0][1]:.1f} s: {held_q}")
