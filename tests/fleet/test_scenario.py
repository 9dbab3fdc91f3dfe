"""`quelea fleet --scenario`: the simulator's files on real nodes, judged by the same checkers."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from quelea import scenarios
from quelea.fleet import packets
from quelea.simulator.run import run_seed

LIES = """
[fleet]
nodes = 8
topology = "complete"
faults_max = 1
epoch_rounds = 20
[demand]
change_s = 9.0
[liars]
count = 1
attack = "inconsistent"
[faults]
loss = 0.1
duplicate = 0.1
replay = 0.2
damage = 0.05
delay_ms = 60.0
crash = 0.02
pause = 0.02
swap = 0.005
wrap = true
forge = 0.2
jump = 0.01
echo = 0.1
[phases]
safety_s = 40.0
[real]
seconds = 8
period_ms = 50
"""
FLOWS = """
[fleet]
nodes = 8
topology = "complete"
mode = "exact"
hi_q = 700
[demand]
change_s = 9.0
[faults]
loss = 0.1
partition = 0.2
flap = 0.5
heal = 0.3
broker = 0.02
crash = 0.02
[phases]
safety_s = 40.0
[real]
seconds = 7
period_ms = 40
"""


def fleet(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "quelea.cli", "fleet", "--json", "--runs", str(folder)]
    return subprocess.run(
        [*command, *flags], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("text", "faults", "left_out"),
    [
        (LIES, {"loss", "duplicate", "replay", "damage", "wrap", "crash"}, {"jump", "echo"}),
        (FLOWS, {"loss", "partition", "crash"}, set()),
    ],
)
def test_one_file_holds_in_the_simulator_and_on_real_nodes(
    tmp_path: Path, text: str, faults: set[str], left_out: set[str]
) -> None:
    file = tmp_path / "both.toml"
    file.write_text(text)
    assert run_seed(scenarios.load(str(file)), 2).violations == {}
    done = fleet(tmp_path, "--scenario", str(file), "--seed", "2")
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    failed = [check["name"] for check in report["checks"] if not check["ok"]]
    assert failed == [] and done.returncode == 0, done.stderr
    figures = report["figures"]
    assert faults <= set(figures["fired"]), "what never took effect proves nothing"
    assert set(figures["not_injected"]) == left_out
    assert all(name in done.stderr for name in left_out)
    assert figures["agreement_checked"] and figures["options"]["seed"] == 2


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--scenario", "lossy-sixteen", "--liars", "3"), "--liars together with a scenario"),
        (("--scenario", "lossy-sixten"), "did you mean lossy-sixteen?"),
        (("--scenario", "canary", "--broker", "nats-cluster"), "cluster"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, flags: tuple[str, ...], says: str
) -> None:
    done = fleet(tmp_path, *flags)
    assert done.returncode == 2 and says in done.stderr and done.stdout == ""


def test_a_stream_is_cut_into_packets_wherever_it_was_broken(seed: int) -> None:
    rng = random.Random(seed)
    topic = b"quelea/1/demo/n/n03/x"
    sent = [packets.publish(topic, rng.randbytes(rng.randrange(400))) for _ in range(60)]
    sent.insert(7, b"\xd0\x00")
    stream, reader, got = b"".join(sent), packets.Packets(), []
    while stream:
        size = rng.randrange(1, 300)
        got += reader.feed(stream[:size])
        stream = stream[size:]
    assert got == sent
    assert reader.feed(b"\x30\xff\xff\xff\xff\xff") == [b"\x30\xff\xff\xff\xff\xff"]
    assert reader.feed(b"any") == [b"any"], "what is no MQTT passes as it comes"


def test_only_frames_are_taken_for_frames() -> None:
    def read(topic: str, first: int = 0x30) -> packets.Published | None:
        packet = packets.publish(topic.encode(), b"payload")
        return packets.frame(bytes((first,)) + packet[1:])

    assert read("quelea/1/demo/n/n03/x") == ("n03", "", b"quelea/1/demo/n/n03/x", b"payload")
    assert read("quelea/1/demo/d/n03/n05") == (
        "n03",
        "n05",
        b"quelea/1/demo/d/n03/n05",
        b"payload",
    )
    assert read("quelea/1/demo/n/n03/status") is None
    assert read("other/1/demo/n/n03/x") is None
    assert read("quelea/1/demo/n/n03/x", 0x32) is None, "QoS 1 carries a packet number"
    assert packets.frame(b"\xd0\x00") is None
