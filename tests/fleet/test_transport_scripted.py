"""How connections begin, last and end. Tests with a case belong to the suite of acceptance.py.

They run on real MicroPython with a 64 KB board's heap; where a case is cheap, on CPython too.
"""

import re
import socket
import struct
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from acceptance import CASES, DEFAULT, case
from edge_broker import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBLISH,
    SUBSCRIBE,
    Peer,
    ScriptedBroker,
    packet,
    text,
)
from edge_pair import BACKOFF_S_MAX, BOTH, DOWN, NAMES, UP, Pair
from edge_process import ROOT, drive
from quelea_agent.port import mqtt, tcp
from quelea_proto import fixed, limits
from waiting import until

GREETING = 2


def is_ping(seen) -> bool:
    return seen.kind == PINGREQ


def test_names_of_the_counters_are_those_of_the_suite() -> None:
    assert tuple(NAMES) == mqtt.NAMES


@case("life")
@BOTH
def test_life_of_a_connection_byte_by_byte(runtime: str) -> None:
    with Pair(runtime, keepalive_s=7, id="n42") as pair:
        peer = pair.broker.accept()
        greeting = peer.settle()
        flags = 0x02 | 0x04 | 0x08 | 0x20  # clean session; will, QoS 1, retained
        assert greeting.body == (
            text("MQTT") + bytes((4, flags, 0, 7)) + text("n42") + text("t/state") + text("lost")
        )
        kinds = [seen.kind for seen in peer.seen]
        assert kinds == [CONNECT, SUBSCRIBE, PUBLISH]
        assert peer.seen[1].flags == 2 and peer.seen[1].body[2:] == text("t/in") + b"\1"
        assert peer.seen[2].flags == 3  # QoS 1, retained
        counts = pair.stop(peer)
        assert counts["connects"] == 1 and counts["losses"] == 0
        tail = [(seen.kind, seen.payload) for seen in peer.seen[3:]]
        assert tail == [(PUBLISH, b"disconnected"), (DISCONNECT, b"")]


class Ticks:
    """A clock that a test can move on."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    ticks_add = staticmethod(fixed.ticks_add)
    ticks_diff = staticmethod(fixed.ticks_diff)

    def ticks_ms(self) -> int:
        return (time.monotonic_ns() // 1_000_000 + self.ahead_ms) & 0x3FFFFFFF


def connect(transport: mqtt.Transport, ticks: Ticks, broker: ScriptedBroker) -> Peer:
    """Bring up a transport that lives in this process."""
    transport.connect()
    until(lambda: transport.poll(ticks.ticks_ms()) or transport.state() == GREETING, 5, "TCP")
    peer = broker.accept()
    peer.answer(peer.read())
    until(lambda: transport.poll(ticks.ticks_ms() + 10) or transport.state() == UP, 5, "CONNACK")
    return peer


def test_each_packet_is_one_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CPython, in this process: what reaches the socket, call by call."""
    calls: list[bytes] = []
    send = tcp.Wire.send

    def record(self: tcp.Wire, data: bytes) -> int:
        calls.append(bytes(data))
        return send(self, data)

    monkeypatch.setattr(tcp.Wire, "send", record)
    ticks = Ticks()
    with ScriptedBroker() as broker:
        row = {"host": "127.0.0.1", "port": broker.port, "keepalive_s": 10}
        transport = mqtt.Transport(ticks, row, "n01", 1, (b"w", b"x"), lambda *_: None)
        connect(transport, ticks, broker)
        assert transport._raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        calls.clear()
        for number in range(10):
            transport.publish(b"t/x", bytes((number,)) * 60)
        transport.poll(ticks.ticks_ms())
        assert calls == [packet(0x30, text("t/x") + bytes((n,)) * 60) for n in range(10)]
        transport.close(0)


def test_only_a_connection_that_lasted_makes_the_next_attempt_early() -> None:
    """Else two nodes of the same name would throw each other out twice a second for ever."""
    ticks = Ticks()
    with ScriptedBroker() as broker:
        row = {"host": "127.0.0.1", "port": broker.port, "keepalive_s": 600}
        transport = mqtt.Transport(ticks, row, "n01", 1, (b"w", b"x"), lambda *_: None)
        waits = []
        for lasted_ms in (0, 0, 0, limits.RECONNECT_MS_MAX + 1000, 0):
            peer = connect(transport, ticks, broker)
            ticks.ahead_ms += lasted_ms
            peer.close()
            until(lambda: transport.poll(ticks.ticks_ms() + 10) or not transport.state(), 5, "end")
            waits.append(fixed.ticks_diff(transport._retry_ms, ticks.ticks_ms()))
        assert [500 * 2**step - 100 < wait for step, wait in enumerate(waits[:3])] == [True] * 3
        assert waits[3] < 1000 < waits[4] < 2000, waits
        assert transport.counts[mqtt.NAMES.index("closed")] == 5


@case("kill")
@BOTH
def test_kill_is_noticed_at_once_and_subscriptions_come_back(runtime: str) -> None:
    with Pair(runtime) as pair:
        first = pair.up()
        begin = time.monotonic()
        first.close()
        pair.client.until(lambda row: row.get("state") == DOWN and row["counts"][11] == 1)
        assert time.monotonic() - begin < 1.5
        peer = pair.up()
        assert time.monotonic() - begin < BACKOFF_S_MAX + 1.5
        assert [seen.kind for seen in peer.seen] == [CONNECT, SUBSCRIBE, PUBLISH]
        counts = pair.stop(peer)
        assert (counts["connects"], counts["losses"], counts["closed"]) == (2, 1, 1)


@case("kill")
def test_reset_is_noticed_at_once() -> None:
    with Pair() as pair:
        first = pair.up()
        first.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
        counts = pair.stop(pair.up())
        assert (counts["losses"], counts["reset"]) == (1, 1)


@case("refuse")
@BOTH
def test_refused_port_is_tried_again_without_spinning(runtime: str) -> None:
    pair = Pair.__new__(Pair)
    with socket.socket() as holder:  # a port that is ours, where nobody listens
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        pair.client = drive(runtime, port)
        pair.client.until(lambda row: row.get("counts", [0] * 17)[9] >= 2)
    pair.broker = ScriptedBroker(port)
    with pair:
        peer = pair.up()
        counts = pair.counts(peer)
        assert counts["refused"] >= 2 and counts["attempts"] == counts["refused"] + 1
        assert counts["turns"] < 12 * counts["attempts"]
        rows = [row for row in pair.client.rows if "state" in row]
        if isinstance(counts["attempts"], int):
            times = [next(r["at"] for r in rows if r["counts"][0] == n) for n in (1, 2, 3)]
            waits = [after - before for before, after in pairwise(times)]
            assert 450 <= waits[0] <= 1200 and 950 <= waits[1] <= 2400, waits
        pair.stop(peer)


@case("refuse")
def test_connack_that_says_no_is_tried_again() -> None:
    with Pair() as pair:
        for code in (5, 3):  # not authorised, server unavailable
            peer = pair.broker.accept()
            assert peer.read().kind == CONNECT
            peer.send(bytes((0x20, 2, 0, code)))
            peer.ended()
        counts = pair.stop(pair.up())
        assert (counts["rejected"], counts["losses"], counts["connects"]) == (2, 0, 1)


@case("half-open")
def test_half_open_connection_ends_within_the_keepalive() -> None:
    """The broker is gone without a word: pings are not answered, data is not refused."""
    with Pair(keepalive_s=2, publish_ms=100) as pair:
        peer = pair.up()
        assert peer.ended() < 4
        counts = pair.stop(pair.up())
        assert (counts["timeout"], counts["losses"]) == (1, 1)


@case("freeze")
def test_frozen_broker_takes_the_connection_and_answers_nothing() -> None:
    with Pair(keepalive_s=2) as pair:
        first = pair.broker.accept()
        assert first.read().kind == CONNECT
        assert 0.7 < first.ended() < 3
        counts = pair.stop(pair.up())
        assert (counts["timeout"], counts["attempts"], counts["connects"]) == (1, 2, 1)


@case("keepalive")
@pytest.mark.parametrize("publish_ms", [0, 50])
def test_keepalive_pings_whether_idle_or_busy(publish_ms: int) -> None:
    with Pair(keepalive_s=2, publish_ms=publish_ms) as pair:
        peer = pair.up()
        times = []
        for _ in range(3):
            peer.until(is_ping)
            times.append(time.monotonic())
        gaps = [after - before for before, after in pairwise(times)]
        assert all(0.7 < gap < 2 for gap in gaps), gaps
        counts = pair.counts(peer)
        assert counts["losses"] == 0
        if not publish_ms:
            assert counts["turns"] < 25  # idle means asleep
        pair.stop(peer)


@case("clock-wrap")
@BOTH
def test_clock_wraps_while_connected(runtime: str) -> None:
    with Pair(runtime, keepalive_s=2, publish_ms=100, until_wrap_ms=1500) as pair:
        peer = pair.up()
        before = pair.client.until(lambda row: row.get("state") == UP)["at"]
        peer.until(lambda seen: seen.payload == b"30")
        pings = sum(seen.kind == PINGREQ for seen in peer.seen)
        start = len(pair.client.rows)
        counts = pair.counts(peer)
        after = pair.client.until(lambda row: "turns" in row, start=start)["at"]
        assert after < 5000 < before, "the clock did not wrap"
        assert pings >= 2 and counts["losses"] == 0 and counts["turns"] < 150
        pair.stop(peer)


@case("clock-wrap")
def test_clock_wraps_while_waiting_to_reconnect() -> None:
    with Pair(until_wrap_ms=700) as pair:
        peer = pair.up()
        peer.close()
        begin = time.monotonic()
        peer = pair.up()
        assert time.monotonic() - begin < BACKOFF_S_MAX + 1.5
        assert pair.counts(peer)["turns"] < 30
        peer.close()
        assert pair.stop(pair.up())["connects"] == 3


@case("take-over")
def test_a_name_that_is_taken_over_again_and_again() -> None:
    """A broker ends the older of two connections of one name; each waits longer to come back."""
    with Pair() as pair:
        waits = []
        for _ in range(3):
            peer = pair.up()
            peer.close()
            begin = time.monotonic()
            pair.broker.accept().close()  # the other one is there again
            waits.append(time.monotonic() - begin)
        assert all(wait > 0.4 for wait in waits), waits
        assert waits[-1] > 1.5, waits
        assert pair.stop(pair.up())["losses"] == 3


def test_every_case_has_a_test_and_a_line_in_the_documents(request: pytest.FixtureRequest) -> None:
    lines = (ROOT / "docs" / "testing.md").read_text().splitlines()
    rows = [line.split("|")[1:3] for line in lines if line.startswith("| `")]
    told = {name.strip(" `"): text.strip() for name, text in rows}
    assert {name: told.get(name) for name in CASES} == CASES
    named = set()
    for file in Path(__file__).parent.glob("test_transport_*.py"):
        named |= set(re.findall(r'^@case\("([a-z-]+)"\)', file.read_text(), re.MULTILINE))
    assert named == set(CASES) and len(CASES) >= 12


@pytest.mark.parametrize(
    "name, status",
    [("quelea_agent.port.nowhere", 1), ("careless_transport", 1), ("silent_transport", 0)],
)
def test_another_transport_is_held_to_it(name: str, status: int) -> None:
    """One that cannot be loaded, one that leaves without a word, one without counters."""
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "acceptance"]
    argv += ["--transport", f"{name}:Transport", "-k", "byte_by_byte and micropython", "-x"]
    done = subprocess.run(
        [*argv, "--rootdir", str(ROOT), __file__], cwd=Path(__file__).parent, capture_output=True
    )
    assert done.returncode == status, done.stdout.decode()
    assert DEFAULT == "quelea_agent.port.mqtt:Transport"
