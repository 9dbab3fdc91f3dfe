"""Real nodes with a cadence: quiet until a step, seen coming by spikes; nobody is accused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from quelea.errors import UserError
from quelea.fleet import plan
from quelea.fleet.options import FleetOptions


def test_real_nodes_are_quiet_until_a_step(tmp_path: Path) -> None:
    """REQ-CADENCE-1, on MicroPython; the detector is the shipped spiking network."""
    flags = (
        *("--nodes", "8", "--liars", "0", "--faults-max", "1", "--seconds", "11", "--seed", "4"),
        *("--period-ms", "80", "--epoch-rounds", "30", "--cadence", "16", "--surge", "spikes"),
    )
    command = [sys.executable, "-m", "quelea.cli", "fleet", "--json", "--runs", str(tmp_path)]
    done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=120)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["honest values outside the honest hull"]["ok"], done.stderr
    assert checks["honest nodes accused by the audit"]["ok"], done.stderr
    assert checks["surges seen by nodes"]["ok"], done.stderr
    # on a machine that stands still for whole rounds there is news: late frames, stale neighbours
    assert checks["messages a node and quiet round"]["value"] < 0.5, done.stderr
    assert checks["rounds from a step to agreement"]["value"] is not None, done.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (FleetOptions(cadence=49), "0 to 48"),
        (FleetOptions(surge="spikes"), "--cadence 16"),
        (FleetOptions(cadence=8, surge="gut"), "off, rule, spikes"),
        (FleetOptions(dead_band=5), "--cadence 16"),
    ],
)
def test_what_cannot_be_is_refused(options: FleetOptions, says: str) -> None:
    with pytest.raises(UserError) as caught:
        plan.make(options)
    assert says in str(caught.value)


def test_a_fleet_without_a_cadence_is_planned_as_ever() -> None:
    made = plan.make(FleetOptions(nodes=4, liars=0))
    assert made.options.chaos and made.options.demand == "homes"
    assert not {"quiet_rounds_max", "dead_band_q", "surge"} & set(made.configs[1])
    quiet = plan.make(FleetOptions(nodes=4, liars=0, cadence=16, surge="spikes"))
    assert quiet.configs[1]["quiet_rounds_max"] == 16 and quiet.configs[1]["surge"]
    assert len(json.dumps(quiet.configs[1])) < 4096
