"""Each fault of the proxy is seen at both ends of a real connection, and counted."""

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mqtt_client import Client
from quelea.fleet import broker, mqtt_probe, proxy_link
from quelea.fleet.forkserver import Launcher
from quelea.fleet.proxy import FaultyProxy
from tcp_server import Server
from waiting import until

WAIT_S = 10.0
SEED = 11


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", server.port, SEED) as made:
        yield made


@pytest.fixture
def connect(proxy: FaultyProxy) -> Iterator[Callable[..., socket.socket]]:
    made: list[socket.socket] = []

    def go(client_id: str = "") -> socket.socket:
        """Connect; with an id also send an MQTT CONNECT, and wait until it has passed."""
        link = socket.create_connection((proxy.host, proxy.port), WAIT_S)
        made.append(link)
        if client_id:
            packet = mqtt_probe.connect_packet(client_id)
            link.sendall(packet)
            assert receive(link, len(packet)) == packet
        return link

    yield go
    for link in made:
        link.close()


def receive(link: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        chunk = link.recv(min(65536, count - len(data)))
        if not chunk:
            break
        data += chunk
    return data


def silent(link: socket.socket, for_s: float) -> bool:
    link.settimeout(for_s)
    try:
        return not link.recv(1) and False
    except TimeoutError:
        return True
    finally:
        link.settimeout(WAIT_S)


def ends_by(link: socket.socket) -> str:
    try:
        while link.recv(65536):
            pass
    except ConnectionResetError:
        return "rst"
    return "fin"


def test_passes_bytes_unchanged(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], seed: int
) -> None:
    data = random.Random(seed).randbytes(3_000_000)
    links = [connect() for _ in range(3)]
    for link in links:
        threading.Thread(target=link.sendall, args=(data,), daemon=True).start()
    assert all(receive(link, len(data)) == data for link in links)
    counts = proxy.counters()
    assert counts["accepted"] == 3
    assert counts["bytes_up"] == counts["bytes_down"] == 3 * len(data)
    assert set(counts) == {"accepted", "bytes_up", "bytes_down"}  # no fault by itself


def test_delay_in_each_direction_keeps_the_order(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    link = connect()
    link.sendall(b"x")
    receive(link, 1)
    for up_ms, down_ms in ((150, 0), (0, 150), (80, 80)):
        proxy.slow(up_ms=up_ms, down_ms=down_ms)
        begin_s = time.monotonic()
        link.sendall(b"x")
        receive(link, 1)
        assert 0.15 <= time.monotonic() - begin_s < 0.15 + WAIT_S
    assert proxy.counters()["delayed"] == 4
    proxy.slow(up_ms=1, down_ms=1, jitter_ms=20)
    words = b"".join(b"%05d" % i for i in range(300))
    for i in range(300):
        link.sendall(b"%05d" % i)
        if i % 10 == 0:
            time.sleep(0.001)  # more pieces than one
    assert receive(link, len(words)) == words
    assert proxy.counters()["delayed"] > 24
    proxy.clear()
    link.sendall(b"x")
    begin_s = time.monotonic()
    assert receive(link, 1) == b"x" and time.monotonic() - begin_s < 0.1


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_cut_is_seen_at_both_ends(
    how: str, proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    one, two = connect("n01"), connect("n02")
    assert proxy.clients() == ["n01", "n02"]
    assert proxy.cut(how, clients=["n02", "n09"]) == 1
    assert ends_by(two) == how
    until(lambda: how in server.ends, WAIT_S, "the server's end")
    assert proxy.counters()["cut_" + how] == 1
    until(lambda: proxy.clients() == ["n01"], WAIT_S, "the other to stay")
    one.sendall(b"still")
    assert receive(one, 5) == b"still"
    with pytest.raises(ValueError, match="neither"):
        proxy.cut("gently")


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_ends_are_passed_on(
    how: str, proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    """What the broker does to its connections, the node sees, and the other way round."""
    linger = b"\x01\0\0\0\0\0\0\0"
    one = connect("n01")
    if how == "rst":
        server.links[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    server.links[0].shutdown(socket.SHUT_RD)
    server.links[0].close()
    if how == "fin":
        assert ends_by(one) == "fin"
    two = connect("n02")
    if how == "rst":
        two.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    two.close()
    until(lambda: server.ends[1] == how, WAIT_S, "the end")
    until(lambda: "n02" not in proxy.clients(), WAIT_S, "the link to go")


def test_last_bytes_arrive_before_the_end(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    server.echo = False  # an answer to a closed socket would be a reset
    proxy.slow(up_ms=50)
    link = connect()
    link.sendall(b"good bye")
    link.close()
    until(lambda: server.ends == ["fin"], WAIT_S, "the end")
    assert server.got[0] == b"good bye"


def test_freeze_holds_all_and_thaw_gives_it_back(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    old = connect("n01")
    assert proxy.freeze() == 1
    new = socket.create_connection((proxy.host, proxy.port), WAIT_S)
    old.sendall(b"held 1 ")
    new.sendall(b"held 2 ")
    server.links[0].sendall(b"answer ")
    assert silent(old, 0.15) and silent(new, 0.05)
    assert b"held" not in b"".join(server.got)
    assert proxy.counters()["frozen"] == 2
    assert proxy.thaw() == 2
    assert receive(old, 14) in (b"answer held 1 ", b"held 1 answer ")
    assert receive(new, 7) == b"held 2 "
    assert proxy.counters()["thawed"] == 2
    new.close()


def test_freeze_of_some(proxy: FaultyProxy, connect: Callable[..., socket.socket]) -> None:
    one, two = connect("n01"), connect("n02")
    assert proxy.freeze(clients=["n01"]) == 1
    three = connect("n03")  # later ones are not concerned
    for link in (one, two, three):
        link.sendall(b"x")
    assert receive(two, 1) == receive(three, 1) == b"x" and silent(one, 0.1)
    proxy.clear()
    assert receive(one, 1) == b"x"


def test_frozen_sender_is_pushed_back(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    """Memory stays bounded however long a fault lasts, and nothing is lost."""
    link = connect("n01")
    proxy.freeze()
    link.settimeout(0.3)
    chunk = bytes(65536)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 100_000_000:
            sent += link.send(chunk)
    held = next(iter(proxy._links.values())).up._held_bytes
    assert held <= proxy_link.HELD_BYTES_MAX + 262144
    link.settimeout(WAIT_S)
    before = len(server.got[0])
    proxy.thaw()
    assert receive(link, sent) == bytes(sent)
    assert len(server.got[0]) - before == sent


def test_congested_receiver_pushes_back(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    """A node that does not read is not the proxy's to buffer for."""
    link = connect("n01")
    server.links[0].settimeout(0.3)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 100_000_000:
            sent += server.links[0].send(bytes(65536))
    assert receive(link, sent) == bytes(sent)


def test_refusal_by_reset(proxy: FaultyProxy, connect: Callable[..., socket.socket]) -> None:
    old = connect("n01")
    proxy.refuse()
    with pytest.raises(ConnectionResetError):
        link = connect()
        link.recv(1)
    assert proxy.counters()["refused"] == 1
    old.sendall(b"x")
    assert receive(old, 1) == b"x"
    proxy.accept()
    connect("n02")


def test_refusal_by_nobody_listening(
    proxy: FaultyProxy, connect: Callable[..., socket.socket]
) -> None:
    old = connect("n01")
    port = proxy.port
    proxy.refuse("closed")
    with pytest.raises(ConnectionRefusedError):
        connect()
    old.sendall(b"x")
    assert receive(old, 1) == b"x"
    proxy.accept()
    assert proxy.port == port
    connect("n02")
    with pytest.raises(ValueError, match="closed"):
        proxy.refuse("politely")


def test_garbage_is_put_between_and_repeats_with_the_seed(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    link = connect("n01")
    assert proxy.garbage(100) == 1
    junk = receive(link, 100)
    link.sendall(b"after")
    assert receive(link, 5) == b"after"
    assert b"after" in server.got[0] and junk not in server.got[0]
    assert proxy.garbage(50, "up") == 1
    assert receive(link, 50) == bytes(server.got[0][-50:])
    counts = proxy.counters()
    assert (counts["garbage"], counts["garbage_bytes"]) == (2, 150)
    with FaultyProxy("127.0.0.1", server.port, SEED) as again:
        other = socket.create_connection((again.host, again.port), WAIT_S)
        until(lambda: again.clients() == ["#1"], WAIT_S, "the link")
        again.garbage(100)
        assert receive(other, 100) == junk
        other.close()


def test_drip(proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server) -> None:
    link = connect("n01")
    proxy.drip(5, 10.0, "down")
    data = bytes(range(100))
    begin_s = time.monotonic()
    link.sendall(data)
    pieces = []
    while sum(map(len, pieces)) < len(data):
        pieces.append(link.recv(1000))
    assert b"".join(pieces) == data
    assert time.monotonic() - begin_s >= 19 * 0.010
    assert len(pieces) >= 10  # the reader may find two at once
    assert proxy.counters()["drip_steps"] == 20
    link.sendall(data)
    assert link.recv(3)
    proxy.drip(0, 0.0)
    assert receive(link, 97) == data[3:]


def test_half_open(
    proxy: FaultyProxy, connect: Callable[..., socket.socket], server: Server
) -> None:
    one, two = connect("n01"), connect("n02")
    got = bytes(server.got[0])
    assert proxy.half_open(clients=["n01"]) == 1
    until(lambda: server.ends[0] == "rst", WAIT_S, "the broker's end")
    one.sendall(b"into the void")
    assert silent(one, 0.15)
    until(lambda: proxy.counters().get("half_open_bytes") == 13, WAIT_S, "the bytes lost")
    assert server.got[0] == got and proxy.counters()["half_open"] == 1
    two.sendall(b"x")
    assert receive(two, 1) == b"x"
    one.close()
    until(lambda: proxy.clients() == ["n02"], WAIT_S, "the link to go")


def test_share_is_picked_by_the_seed(server: Server) -> None:
    picked = []
    order = list(range(20))
    for seed in (1, 1, 2):
        order.reverse()  # who connects first must not matter
        with FaultyProxy("127.0.0.1", server.port, seed) as proxy:
            links = []
            for i in order:
                link = socket.create_connection((proxy.host, proxy.port), WAIT_S)
                packet = mqtt_probe.connect_packet(f"n{i:02}")
                link.sendall(packet)
                receive(link, len(packet))
                links.append(link)
            assert proxy.cut("fin", share=0.25) == 5
            until(lambda p=proxy: len(p.clients()) == 15, WAIT_S, "the cuts")
            picked.append(proxy.clients())
            for link in links:
                link.close()
    assert picked[0] == picked[1] != picked[2]


def test_broker_that_is_not_there(server: Server) -> None:
    with FaultyProxy("127.0.0.1", broker.free_port(), SEED) as proxy:
        with pytest.raises(ConnectionResetError):
            socket.create_connection((proxy.host, proxy.port), WAIT_S).recv(1)
        assert proxy.counters()["broker_unreachable"] == 1
        until(lambda: not proxy.clients(), WAIT_S, "the link to go")


def test_stop_breaks_connections_and_frees_the_port(server: Server) -> None:
    threads = threading.active_count()
    proxy = FaultyProxy("127.0.0.1", server.port, SEED)
    proxy.start()
    link = socket.create_connection((proxy.host, proxy.port), WAIT_S)
    until(lambda: len(server.links) == 1, WAIT_S, "the connection")
    proxy.stop()
    proxy.stop()
    assert ends_by(link) == "rst"
    until(lambda: threading.active_count() <= threads + 1, WAIT_S, "the thread's end")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((proxy.host, proxy.port), WAIT_S)
    with FaultyProxy("127.0.0.1", server.port, SEED, port=proxy.port) as again:
        assert again.port == proxy.port
        taken = FaultyProxy("127.0.0.1", server.port, SEED, port=proxy.port)
        with pytest.raises(OSError, match="in use"):
            taken.start()


def test_mqtt_client_survives_a_restart_behind_the_proxy(tmp_path: Path) -> None:
    with Launcher() as launcher:
        one = broker.create("nats", tmp_path, launcher)
        one.start()
        assert isinstance(one, broker.EmbeddedBroker)
        with FaultyProxy(one.host, one.port, SEED) as proxy:
            with Client(proxy.host, proxy.port, client_id="n01") as client:
                assert proxy.clients() == ["n01"]
                client.subscribe("t")
                one.restart()
                until(lambda: not client.connected, WAIT_S, "the loss")
                until(lambda: client.connected, WAIT_S, "the way back")
                client.subscribe("t")
                client.publish("t", b"again")
                until(lambda: client.got == [("t", b"again")], WAIT_S, "the message")
                proxy.garbage(40, "up")
                until(lambda: not client.connected, WAIT_S, "the broker's refusal")
            assert proxy.counters()["garbage"] == 1
        one.stop()
