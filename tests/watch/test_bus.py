"""Watching a fleet by its broker alone: a listener of its own, whose rows go into the model."""

import json
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from quelea.errors import UserError
from quelea.fleet import broker as brokers
from quelea.fleet import interpreter
from quelea.fleet.forkserver import Launcher
from quelea.watch.bus import Bus
from quelea.watch.hub import Hub
from quelea_proto.frames import STATE, Frame, frame_bytes, pack
from quelea_proto.topics import build

BIRTH = {"v": 1, "mode": "resilient", "rule": "wmsr", "faults_max": 1, "period_ms": 250, "fw": "9"}


def frame(node: int, seq: int, value_q: int) -> bytes:
    one = Frame(2)
    one.kind = STATE
    one.head[:] = [node, 1, 0, seq, value_q, value_q]
    one.used[:] = bytes([0, 0])
    buffer = bytearray(frame_bytes(STATE, 2))
    return bytes(buffer[: pack(one, buffer)])


def test_a_fleet_is_watched_by_its_broker_alone(tmp_path: Path) -> None:
    with Launcher(interpreter.find().linked_folder) as launcher:
        broker = brokers.create("nats", tmp_path / "broker", launcher)
        broker.start()
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, "nodes")
        client.connect(broker.host, broker.port)
        client.loop_start()
        user, password = broker.credentials("n01")
        source = Bus(f"mqtt://{user}:{password}@{broker.host}:{broker.port}", "demo")
        hub = Hub(source, {"where": source.where})
        try:
            until_s, seq = time.monotonic() + 20, 0
            while True:
                seq += 1
                for node in (1, 2):
                    node_id = f"n{node:02}"
                    birth = json.dumps(BIRTH | {"id": node_id, "node": node})
                    client.publish(build("birth", "demo", node_id), birth, 1, True)
                    client.publish(build("frame", "demo", node_id), frame(node, seq, 50 * node))
                hub.turn()
                if source.model.spread_q() == 50 and source.facts.rule == "wmsr":
                    break
                assert time.monotonic() < until_s, "nothing was heard"
                time.sleep(0.05)
            hello = json.loads(hub.hello()[0])
            assert [one["id"] for one in hello["members"]] == ["n01", "n02"]
            assert hello["facts"]["rule"] == "wmsr" and hello["audit_missing"]
            fields = hello["node_fields"]
            assert hello["nodes"][1][fields.index("value_q")] == 100
            assert hello["nodes"][1][fields.index("fw")] == "9"
        finally:
            hub.stop()
            client.loop_stop()
            client.disconnect()
            broker.stop()


def test_a_broker_that_is_not_there_is_said() -> None:
    with pytest.raises(UserError) as refused:
        Bus("http://127.0.0.1", "demo")
    assert "broker" in str(refused.value)
