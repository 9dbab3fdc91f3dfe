"""The coordinator at real brokers: it comes back, cleans up, keeps up, and is not needed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mqtt_client import Client
from quelea.coordinator import Coordinator, clear_retained, link
from quelea.errors import UserError
from quelea.fleet import broker as brokers
from quelea.fleet import interpreter, staging
from quelea.fleet.accounts import Accounts
from quelea.fleet.broker import EmbeddedBroker
from quelea.fleet.external import ExternalBroker
from quelea.fleet.forkserver import Launcher
from quelea.fleet.supervisor import NodeSpec, Supervisor
from quelea.journal import Journal, MemoryRecorder, NodeRow, Writer
from quelea_proto.topics import build
from test_coordinator_intake import frame
from waiting import until

Need = Callable[..., object]
WAIT_S = 20.0
FLEET = "demo"
NODES = (NodeRow(1, "n01", (2, 3)), NodeRow(2, "n02", (1, 3)), NodeRow(3, "n03", (1, 2)))
ROOT = f"quelea/1/{FLEET}/"


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher(interpreter.find().linked_folder) as made:
        yield made


@pytest.fixture(params=["nats", "mosquitto"])
def broker(
    request: pytest.FixtureRequest, need: Need, launcher: Launcher, tmp_path: Path
) -> Iterator[EmbeddedBroker]:
    if request.param == "mosquitto":
        folders = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
        found = brokers.find_program("mosquitto", folders=folders)
        need(found, "mosquitto", "apt-get install mosquitto")
    one = brokers.create(request.param, tmp_path / "broker", launcher)
    assert isinstance(one, EmbeddedBroker)
    one.start()
    yield one
    one.stop()


class Host:
    """A coordinator, its recorder, and the events it told."""

    def __init__(self, broker: link.Endpoint, start: bool = True, **more: Any) -> None:
        self.recorder = MemoryRecorder()
        self.events: list[tuple[str, str, dict[str, Any], int]] = []
        settings = {"nodes": NODES, "period_ms": 250} | more
        self.one = Coordinator(
            broker,
            FLEET,
            self.recorder,
            on_event=lambda *event: self.events.append(event),
            **settings,
        )
        if start:
            self.one.start()
            assert self.one.wait_connected(WAIT_S), self.one.view().problem

    def named(self, name: str) -> list[dict[str, Any]]:
        return [detail for _, event, detail, _ in self.events if event == name]

    def __enter__(self) -> "Host":
        return self

    def __exit__(self, *_: object) -> None:
        self.one.stop()
        self.recorder.close()


def client(broker: EmbeddedBroker, name: str = "") -> Client:
    return Client(broker.host, broker.port, client_id=name)


def listening(host: Host, via: Client) -> None:
    """Return once the coordinator's subscription is in force."""
    node = len(host.one.view().nodes)

    def heard() -> bool:
        via.publish(f"{ROOT}n/probe/status", b"{}")
        return len(host.one.view().nodes) > node

    until(heard, WAIT_S, "the coordinator to listen")


def test_frames_reach_the_view_and_the_journal(broker: EmbeddedBroker) -> None:
    with Host(broker) as host, client(broker) as node:
        listening(host, node)
        for seq in range(1, 301):
            node.publish(build("frame", FLEET, "n01"), frame(1, seq))
        node.publish(build("direct", FLEET, "n02", "n03"), frame(2, 1))
        node.publish(build("frame", FLEET, "n01"), b"\xff" * 40)
        until(lambda: host.one.view().refused, WAIT_S, "the last message")
        view = host.one.view()
        assert view.connected and view.problem == ""
        assert (view.node("n01").seq, view.node("n01").lost) == (300, 0)
        assert view.node("n01").present and not view.node("n03").present
        journal = host.recorder.journal()
        assert [row.seq for row in journal.frames(node=1)] == list(range(1, 301))
        assert [(row.channel, row.dest) for row in journal.frames(node=2)] == [("d", 3)]
        assert journal.causes() == {"version": 1}


def test_what_is_announced_is_kept_for_those_who_come_later(broker: EmbeddedBroker) -> None:
    seqs = []
    for _ in range(2):
        with Host(broker) as host:
            until(lambda h=host: len(seqs) == 0 or h.one.intake.config, WAIT_S, "the old one")
            seqs.append(host.one.announce({"rule": "wmsr", "period_ms": 250}))
            seqs.append(host.one.announce({"rule": "mean", "period_ms": 250}))
            until(lambda h=host: h.one.intake.config.get("seq") == seqs[-1], WAIT_S, "its echo")
    assert seqs == sorted(set(seqs)), "never twice the same, also in the next run"
    with client(broker) as late:
        late.subscribe(ROOT + "#", qos=1)
        until(lambda: len(late.got) >= 2, WAIT_S, "what was retained")
        kept = {topic.removeprefix(ROOT): json.loads(payload) for topic, payload in late.got}
    assert kept["cfg"] == {"v": 1, "rule": "mean", "period_ms": 250, "seq": seqs[-1]}
    assert kept["host/host/$state"]["online"] is False
    with Host(broker) as host, pytest.raises(UserError, match="bytes") as caught:
        host.one.announce({"text": "x" * 2_000})
    assert "1024" in caught.value.why


def test_a_broker_that_comes_late_and_one_that_dies_and_returns(
    launcher: Launcher, tmp_path: Path
) -> None:
    port = brokers.free_port()
    broker = brokers.create("nats", tmp_path / "broker", launcher, port=port)
    assert isinstance(broker, EmbeddedBroker)
    with Host(broker, start=False) as host:
        host.one.announce({"rule": "wmsr"})
        host.one.start()
        until(lambda: "no broker" in host.one.view().problem, WAIT_S, "a first try")
        assert not host.one.view().connected
        broker.start()
        assert host.one.wait_connected(WAIT_S)
        for times in (1, 2):
            with client(broker) as node:
                listening(host, node) if times == 1 else None
                until(lambda: host.one.intake.config, WAIT_S, "the configuration")
                node.publish(build("frame", FLEET, "n01"), frame(1, times * 10))
                until(lambda t=times: host.one.view().node("n01").seq == t * 10, WAIT_S, "it")
            broker.kill()
            until(lambda t=times: len(host.named("broker-lost")) == t, WAIT_S, "the loss")
            assert not host.one.view().connected and "lost" in host.one.view().problem
            host.one.intake.config = {}
            broker._launch()
            until(lambda t=times: len(host.named("broker-back")) == t, WAIT_S, "the return")
        assert host.named("broker-back")[0]["away_ms"] >= 0
        with client(broker) as node:
            # the subscription is there again, and so is the configuration
            until(lambda: host.one.intake.config.get("rule") == "wmsr", WAIT_S, "it")
            node.publish(build("frame", FLEET, "n01"), frame(1, 21))
            until(lambda: host.one.view().node("n01").seq == 21, WAIT_S, "a frame afterwards")
        names = [row.name for row in host.recorder.journal().events()]
        assert names.count("connected") == 1 and names.count("broker-lost") == 2
    broker.stop()


def test_a_frozen_broker_is_given_up_and_found_again(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "KEEPALIVE_S", 1)
    with Host(broker) as host:
        broker.freeze()
        try:
            until(lambda: host.named("broker-lost"), WAIT_S, "the loss to be noticed")
        finally:
            broker.thaw()
        until(lambda: host.named("broker-back"), WAIT_S, "the return")
        assert host.one.view().connected


def test_presence_at_a_real_broker(broker: EmbeddedBroker) -> None:
    """A silent node goes with its lease; a broken connection tells sooner, by its will."""
    with Host(broker, lease_periods=40) as host, client(broker) as other:
        listening(host, other)
        other.publish(build("frame", FLEET, "n01"), frame(1, 1))
        other.publish(build("state", FLEET, "n02"), b"ready", 1, True)
        until(lambda: len(host.named("present")) >= 3, WAIT_S, "both")
        started_s = time.monotonic()
        other.publish(build("state", FLEET, "n02"), b"lost", 1, True)
        until(lambda: host.named("absent"), WAIT_S, "the will's effect")
        assert time.monotonic() - started_s < 9.0, "the whole lease is 10 s"
        assert host.named("absent")[0]["node"] == "n02"
        assert host.named("absent")[0]["reason"] == "last will"
        assert host.one.view().node("n01").present


def test_commands_and_answers(broker: EmbeddedBroker) -> None:
    with Host(broker) as host, client(broker, "n01") as node:
        listening(host, node)
        node.subscribe(build("command", FLEET, "n01", "+"), 1)
        answers: list[dict[str, Any] | None] = []
        asker = threading.Thread(
            target=lambda: answers.append(host.one.ask("n01", "sense", {"value_q": 5}, WAIT_S))
        )
        asker.start()
        until(lambda: node.got, WAIT_S, "the command")
        topic, payload = node.got[0]
        command = json.loads(payload)
        assert topic.endswith("cmd/n01/sense") and command["value_q"] == 5
        assert 0 < command["tok"] < 1 << 30
        reply = {"tok": command["tok"], "verb": "sense", "ok": True}
        node.publish(build("reply", FLEET, "n01"), b'{"tok":1,"ok":false}', 1)
        node.publish(build("reply", FLEET, "n01"), json.dumps(reply).encode(), 1)
        asker.join(WAIT_S)
        assert answers == [reply]
        assert host.one.ask("n02", "status", timeout_s=0.05) is None
        assert host.named("command")[0]["verb"] == "sense"
        tokens = [host.one.command("all", "status") for _ in range(3)]
        assert len(set(tokens)) == 3


def test_nothing_of_the_fleet_is_left_at_the_broker(broker: EmbeddedBroker) -> None:
    other_fleet = "quelea/1/other/n/n01/$state"
    with client(broker) as node:
        node.publish(other_fleet, b"ready", 1, True)
        for name in ("n01", "n02"):
            node.publish(build("birth", FLEET, name), b"{}", 1, True)
            node.publish(build("state", FLEET, name), b"lost", 1, True)
        host = Host(broker)
        host.one.announce({"rule": "wmsr"})
        watcher = Host(broker, host_id="watch", nodes=None)
        listening(watcher, node)
        watcher.one.stop()
        cleared = host.one.stop(clean=True)
    assert sorted(topic.removeprefix(ROOT) for topic in cleared) == [
        "cfg", "host/host/$state", "n/n01/$birth", "n/n01/$state", "n/n02/$birth", "n/n02/$state"
    ]  # fmt: skip
    assert cleared[0].endswith("$state"), "states go first"
    with client(broker) as late:
        late.subscribe("quelea/1/#", qos=1)
        until(lambda: late.got, WAIT_S, "what is retained")
        assert late.got == [(other_fleet, b"ready")]
    assert clear_retained(broker, FLEET) == []


def test_a_refused_account_is_said_in_words(launcher: Launcher, tmp_path: Path) -> None:
    accounts = Accounts.create(FLEET, ["n01"])
    broker = brokers.create("nats", tmp_path / "broker", launcher, accounts=accounts)
    broker.start()
    wrong = ExternalBroker(f"mqtt://host:wrong@{broker.host}:{broker.port}")
    host = Host(wrong, start=False)
    host.one.start()
    until(lambda: "refused" in host.one.view().problem, WAIT_S, "the refusal")
    assert not host.one.wait_connected(0.05)
    host.one.stop()
    with Host(broker) as right:
        assert right.one.view().problem == ""
    broker.stop()


def test_an_exception_of_ours_does_not_end_the_listening(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Host(broker) as host, client(broker) as node:
        listening(host, node)
        taken = host.one.intake.take

        def broken(topic: str, payload: bytes, retained: bool, t_us: int) -> None:
            if topic.endswith("n01/x"):
                raise RuntimeError("planted")
            taken(topic, payload, retained, t_us)

        monkeypatch.setattr(host.one.intake, "take", broken)
        node.publish(build("frame", FLEET, "n01"), frame(1, 1))
        node.publish(build("frame", FLEET, "n02"), frame(2, 1))
        until(lambda: host.one.view().node("n02").seq == 1, WAIT_S, "the next frame")
        assert host.named("crash") == [{"error": "RuntimeError: planted"}]


def test_a_burst_is_recorded_to_the_last_frame(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """4,000 frames as fast as one connection sends them, while the journal is on disk."""
    recorder = Writer(tmp_path / "journal.sqlite")
    one = Coordinator(broker, FLEET, recorder, nodes=NODES)
    one.start()
    assert one.wait_connected(WAIT_S)
    with client(broker) as node:
        until(lambda: one.view().connected, WAIT_S, "the subscription")
        node.publish(ROOT + "n/n02/status", b"{}")
        for seq in range(1, 4_001):
            node._mqtt.publish(build("frame", FLEET, "n01"), frame(1, seq))
        until(lambda: one.view().node("n01").seq == 4_000, WAIT_S, "the last frame")
    one.stop()
    assert recorder.close() is None
    with Journal.open(tmp_path) as journal:
        assert [row.seq for row in journal.frames()] == list(range(1, 4_001))
        assert [row.lost for row in journal.traffic() if row.node == 1] == [0]


COORDINATOR = """
import sys, time
from pathlib import Path
from quelea.coordinator import Coordinator
from quelea.fleet.external import ExternalBroker
from quelea.journal import Writer
writer = Writer(Path(sys.argv[2]) / "journal.sqlite")
one = Coordinator(ExternalBroker(sys.argv[1]), "demo", writer)
one.start()
assert one.wait_connected(20)
one.announce({"rule": "wmsr"})
end_s = time.monotonic() + 30
while one.view().frames < 40 and time.monotonic() < end_s:
    time.sleep(0.01)
print("hears" if one.view().frames >= 40 else one.view(), flush=True)
time.sleep(30)
"""


def config(number: int, broker: EmbeddedBroker) -> dict[str, Any]:
    """Return cfg.json of one of four nodes that all know each other."""
    others = [n for n in range(1, 5) if n != number]
    near = [[n, f"n0{n}", sorted({1, 2, 3, 4} - {n}).index(number)] for n in others]
    address = {"host": broker.host, "port": broker.port, "keepalive_s": 10}
    return {
        "v": 1, "fleet": FLEET, "id": f"n0{number}", "node": number, "neighbours": near,
        "mode": "resilient", "rule": "wmsr", "faults_max": 1, "period_ms": 100,
        "epoch_rounds": 0, "broker": address, "status_ms": 500,
        "sensor": {"kind": "constant", "value_q": 100 * number},
    }  # fmt: skip


def test_nodes_do_not_notice_that_the_coordinator_is_killed(
    launcher: Launcher, tmp_path: Path
) -> None:
    broker = brokers.create("nats", tmp_path / "broker", launcher)
    assert isinstance(broker, EmbeddedBroker)
    broker.start()
    runtime = interpreter.find()
    board = staging.stage(mpy_version=runtime.mpy)
    with Supervisor(launcher) as supervisor, client(broker) as spy:
        spy.subscribe(ROOT + "#")
        for number in range(1, 5):
            folder = tmp_path / f"n0{number}"
            staging.stage_node(folder, board, config(number, broker))
            argv = runtime.argv("main.py", 110)
            log = folder / "node.log"
            spec = NodeSpec(folder.name, argv, folder, log, board.env(), runtime.linked)
            supervisor.start(spec)
        command = [sys.executable, "-c", COORDINATOR, f"mqtt://{broker.host}:{broker.port}"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(
            [*command, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=env
        ) as child:
            assert child.stdout is not None
            said = child.stdout.readline()
            before = len(spy.got)
            child.send_signal(signal.SIGKILL)
        logs = [(tmp_path / f"n0{n}" / "node.log").read_text() for n in range(1, 5)]
        assert said == "hears\n", logs
        frames = 4 * 30  # each node's next three seconds
        until(lambda: len(heard(spy, before)) >= frames, WAIT_S, "frames after the kill")
        status_topic = build("status", FLEET, "n01")
        after = [json.loads(p) for t, p in spy.got[before:] if t == status_topic]
        got = list(spy.got)
    broker.stop()
    assert ROOT + "host/host/$state" in [topic for topic, _ in got[before:]], "the host's will"
    for number in range(1, 5):
        rows = [p for t, p in got if t == build("frame", FLEET, f"n0{number}")]
        with_head = MemoryRecorder()
        for payload in rows:
            with_head.frame(0, "x", number, 0, payload)
        seqs = [(row.session, row.seq) for row in with_head.journal().frames()]
        assert seqs == [(1, seq) for seq in range(seqs[0][1], seqs[0][1] + len(rows))]
    assert after and all(doc["held"] is False and doc["live"] == 3 for doc in after)
    assert "losses" not in after[-1]["mqtt"]
    with Journal.open(tmp_path) as journal:
        assert not journal.closed and len(list(journal.frames())) > 0
        assert {row.number for row in journal.nodes()} == {1, 2, 3, 4}


def heard(spy: Client, since: int) -> list[bytes]:
    """Return the frames that the spy got after so many messages."""
    return [payload for topic, payload in spy.got[since:] if topic.endswith("/x")]
