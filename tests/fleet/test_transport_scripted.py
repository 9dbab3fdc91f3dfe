"""The client acceptance suite, first half: a broker that misbehaves on purpose.

Any MQTT client that is to stand behind `Transport` must pass it. It runs on real MicroPython with
a 64 KB board's heap; where a case is cheap, on CPython too.
"""

import socket
import struct
import time
from itertools import pairwise

import pytest
from edge_broker import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBLISH,
    SUBSCRIBE,
    Peer,
    ScriptedBroker,
    packet,
    publish,
    text,
)
from edge_process import Process, drive

DOWN, UP = 0, 3
NAMES = [
    "attempts",
    "connects",
    "losses",
    "sent",
    "received",
    "oversize",
    "offline_drops",
    "queue_drops",
    "unresolved",
    "refused",
    "rejected",
    "closed",
    "reset",
    "timeout",
    "garbage",
    "crash",
    "memory",
]
QUEUE = 32  # messages kept for a broker that is slow
BACKOFF_S_MAX = 1.0  # of the first attempt after a loss
BOTH = pytest.mark.parametrize("runtime", ["micropython", "cpython"])


class Pair:
    """A scripted broker and the client under test."""

    def __init__(self, runtime: str = "micropython", **options: object) -> None:
        self.broker = ScriptedBroker()
        self.client: Process = drive(runtime, self.broker.port, **options)

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.kill()
        self.broker.close()

    def up(self) -> Peer:
        """Accept the client and bring it up."""
        peer = self.broker.accept()
        peer.settle()
        return peer

    def counts(self, peer: Peer) -> dict[str, int]:
        """Ask the client for its counters; the connection works, or this fails."""
        start = len(self.client.rows)
        peer.send(publish("t/in", b"report"))
        row = self.client.until(lambda row: "turns" in row, start=start)
        return {"turns": row["turns"], **dict(zip(NAMES, row["counts"], strict=True))}

    def stop(self, peer: Peer) -> dict[str, int]:
        """End the client in order; return its last counters."""
        peer.send(publish("t/in", b"stop"))
        peer.until(lambda seen: seen.kind == DISCONNECT)
        peer.close()
        row = self.client.until(lambda row: "end" in row)
        assert self.client.end() == 0
        assert self.client.noise == []
        return dict(zip(NAMES, row["end"], strict=True))


def is_ping(seen) -> bool:
    return seen.kind == PINGREQ


def test_names_of_the_counters_are_those_of_this_file() -> None:
    from quelea_agent.port import mqtt

    assert tuple(NAMES) == mqtt.NAMES


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


def test_each_packet_is_one_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """On CPython, in this process: what reaches the socket, call by call."""
    from quelea_agent.port import mqtt, tcp
    from quelea_proto import fixed

    class Ticks:
        ticks_add = staticmethod(fixed.ticks_add)
        ticks_diff = staticmethod(fixed.ticks_diff)

        @staticmethod
        def ticks_ms() -> int:
            return time.monotonic_ns() // 1_000_000 & 0x3FFFFFFF

    calls: list[bytes] = []
    send = tcp.Wire.send

    def record(self: tcp.Wire, data: bytes) -> int:
        calls.append(bytes(data))
        return send(self, data)

    monkeypatch.setattr(tcp.Wire, "send", record)
    with ScriptedBroker() as broker:
        row = {"host": "127.0.0.1", "port": broker.port, "keepalive_s": 10}
        transport = mqtt.Transport(Ticks, row, "n01", 1, (b"w", b"x"), lambda *_: None)
        transport.connect()
        transport.poll(Ticks.ticks_ms())
        peer = broker.accept()
        for _ in range(20):
            transport.poll(Ticks.ticks_ms() + 20)
            if calls:
                break
        peer.answer(peer.read())
        while transport.state() != UP:
            transport.poll(Ticks.ticks_ms() + 1000)
        no_delay = transport._raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert no_delay == 1
        calls.clear()
        for number in range(10):
            transport.publish(b"t/x", bytes((number,)) * 60)
        transport.poll(Ticks.ticks_ms())
        assert calls == [packet(0x30, text("t/x") + bytes((n,)) * 60) for n in range(10)]
        transport.close(0)


@BOTH
def test_kill_is_noticed_at_once_and_subscriptions_come_back(runtime: str) -> None:
    with Pair(runtime) as pair:
        first = pair.up()
        begin = time.monotonic()
        first.close()
        pair.client.until(lambda row: row.get("state") == DOWN and row["counts"][11] == 1)
        assert time.monotonic() - begin < 0.5
        peer = pair.up()
        assert time.monotonic() - begin < BACKOFF_S_MAX + 0.5
        assert [seen.kind for seen in peer.seen] == [CONNECT, SUBSCRIBE, PUBLISH]
        counts = pair.stop(peer)
        assert (counts["connects"], counts["losses"], counts["closed"]) == (2, 1, 1)


def test_reset_is_noticed_at_once() -> None:
    with Pair() as pair:
        first = pair.up()
        first.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
        counts = pair.stop(pair.up())
        assert (counts["losses"], counts["reset"]) == (1, 1)


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
        times = [next(r["at"] for r in rows if r["counts"][0] == n) for n in (1, 2, 3)]
        waits = [after - before for before, after in pairwise(times)]
        assert 450 <= waits[0] <= 1200 and 950 <= waits[1] <= 2400, waits
        pair.stop(peer)


def test_connack_that_says_no_is_tried_again() -> None:
    with Pair() as pair:
        for code in (5, 3):  # not authorised, server unavailable
            peer = pair.broker.accept()
            assert peer.read().kind == CONNECT
            peer.send(bytes((0x20, 2, 0, code)))
            peer.ended()
        counts = pair.stop(pair.up())
        assert (counts["rejected"], counts["losses"], counts["connects"]) == (2, 0, 1)


def test_half_open_connection_ends_within_the_keepalive() -> None:
    """The broker is gone without a word: pings are not answered, data is not refused."""
    with Pair(keepalive_s=2, publish_ms=100) as pair:
        peer = pair.up()
        assert peer.ended() < 2.6
        counts = pair.stop(pair.up())
        assert (counts["timeout"], counts["losses"]) == (1, 1)


def test_frozen_broker_takes_the_connection_and_answers_nothing() -> None:
    with Pair(keepalive_s=2) as pair:
        first = pair.broker.accept()
        assert first.read().kind == CONNECT
        assert 0.7 < first.ended() < 2.0
        counts = pair.stop(pair.up())
        assert (counts["timeout"], counts["attempts"], counts["connects"]) == (1, 2, 1)


@BOTH
def test_oversize_message_is_skipped_and_acknowledged(runtime: str) -> None:
    with Pair(runtime) as pair:
        peer = pair.up()
        peer.send(publish("t/in", b"x" * 5000, 9) + publish("t/in", b"after"))
        assert peer.until(lambda seen: seen.kind == PUBACK).packet_id == 9
        pair.client.until(lambda row: row.get("got") == ["t/in", 5, "after"])
        counts = pair.stop(peer)
        assert (counts["oversize"], counts["losses"]) == (1, 0)


def test_endless_message_ends_the_connection() -> None:
    """200 MB are announced and dripped: pings go out, their answers cannot come in."""
    with Pair(keepalive_s=2) as pair:
        peer = pair.up()
        peer.send(b"\x30" + b"\x80\x80\x80\x64" + text("t/in") + b"x" * 3000)
        for _ in range(400):
            try:
                peer.send(b"x" * 50)
            except OSError:
                break
            time.sleep(0.01)  # the drip itself
        counts = pair.stop(pair.up())
        assert counts["losses"] == 1 and counts["timeout"] == 1 and counts["received"] == 1


def test_topic_that_is_no_text_is_only_bytes() -> None:
    with Pair() as pair:
        peer = pair.up()
        peer.send(packet(0x30, text(b"\xff\xfe\xfd") + b"payload"))
        pair.client.until(lambda row: row.get("got") == ["not UTF-8", 7, "payload"])
        assert pair.stop(peer)["losses"] == 0


GARBAGE = {
    "topic-longer-than-packet": packet(0x30, b"\xff\xff" + b"ab"),
    "length-without-end": b"\x30\xff\xff\xff\xff\xff",
    "type-0": b"\x00\x00",
    "type-15": b"\xf0\x00",
    "connect-from-the-broker": packet(0x10, text("MQTT") + b"\4\2\0\12" + text("a")),
    "puback-short": b"\x40\x01\x00",
    "connack-long": b"\x20\x03\x00\x00\x00",
    "suback-of-nobody": b"\x90\x03\xee\xee\x00",
    "suback-refusing": b"\x90\x03\x00\x01\x80",
    "connack-again": b"\x20\x02\x00\x00",
    "pingresp-with-flags": b"\xd1\x00",
    "publish-qos2": packet(0x34, text("t/in") + b"\0\1x"),
    "publish-empty": b"\x30\x00",
    "publish-qos1-without-id": b"\x32\x04\x00\x02ab",
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 80,
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_ends_the_connection_and_nothing_else(name: str) -> None:
    with Pair() as pair:
        peer = pair.up()
        peer.send(GARBAGE[name])
        peer.ended()
        counts = pair.stop(pair.up())
        assert (counts["garbage"], counts["losses"]) == (1, 1), counts


@BOTH
def test_slow_drip_is_put_together(runtime: str) -> None:
    with Pair(runtime, keepalive_s=4) as pair:
        peer = pair.broker.accept()
        assert peer.read().kind == CONNECT
        stream = b"\x20\x02\x00\x00" + publish("t/in", b"dripped", 3)
        for i in range(len(stream)):
            peer.send(stream[i : i + 1])
            time.sleep(0.01)  # the drip itself
        pair.client.until(lambda row: row.get("got") == ["t/in", 7, "dripped"])
        peer.until(lambda seen: seen.kind == PUBACK)
        counts = pair.counts(peer)
        assert counts["losses"] == 0
        assert counts["turns"] < 3 * len(stream) + 20
        pair.stop(peer)


@pytest.mark.parametrize("publish_ms", [0, 50])
def test_keepalive_pings_whether_idle_or_busy(publish_ms: int) -> None:
    with Pair(keepalive_s=2, publish_ms=publish_ms) as pair:
        peer = pair.up()
        times = []
        for _ in range(3):
            peer.until(is_ping)
            times.append(time.monotonic())
        gaps = [after - before for before, after in pairwise(times)]
        assert all(0.8 < gap < 1.4 for gap in gaps), gaps
        counts = pair.counts(peer)
        assert counts["losses"] == 0
        if not publish_ms:
            assert counts["turns"] < 25  # idle means asleep
        pair.stop(peer)


def test_redelivered_message_is_acknowledged_again() -> None:
    with Pair() as pair:
        peer = pair.up()
        peer.send(publish("t/in", b"once", 5))
        assert peer.until(lambda seen: seen.kind == PUBACK).packet_id == 5
        peer.send(publish("t/in", b"once", 5, dup=True))
        assert peer.until(lambda seen: seen.kind == PUBACK).packet_id == 5
        counts = pair.stop(peer)
        assert counts["received"] == 3 and counts["losses"] == 0  # who did it twice decides: link


def test_unacknowledged_message_is_sent_again_with_dup() -> None:
    with Pair(keepalive_s=2) as pair:
        peer = pair.up()
        peer.send(publish("t/in", b"burst1 1"))

        def is_burst(seen) -> bool:
            return seen.kind == PUBLISH and seen.topic == "t/burst"

        first = peer.until(is_burst, answer=False)
        second = peer.until(
            lambda seen: is_burst(seen) or (is_ping(seen) and peer.answer(seen)), answer=False
        )
        assert (first.flags, second.flags) == (2, 10)
        assert first.packet_id == second.packet_id and first.payload == second.payload
        peer.answer(second)
        assert pair.counts(peer)["losses"] == 0
        pair.stop(peer)


@BOTH
def test_full_queue_drops_the_oldest_and_counts(runtime: str) -> None:
    """The broker does not read while 10 MB are published: more than the kernel's buffers take."""
    messages = 10_000
    with Pair(runtime) as pair:
        pair.broker.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer = pair.up()
        peer.send(publish("t/in", b"flood %d" % messages))
        pair.client.until(lambda row: row.get("got", [""])[0] == "t/in")
        row = pair.client.until(lambda row: row.get("flooded"))
        last = b"%-1000d" % (messages - 1)
        peer.until(lambda seen: seen.payload == last)
        got = [int(seen.payload) for seen in peer.seen if seen.topic == "t/burst"]
        kept = len(got) - QUEUE
        assert 0 < kept < messages - QUEUE
        assert got == [*range(kept), *range(messages - QUEUE, messages)]
        assert row["counts"][7] == messages - len(got)  # queue_drops
        pair.stop(peer)


def test_acknowledged_messages_outlive_the_others_in_a_full_queue() -> None:
    """Eight are in flight without an answer, so the other twelve wait; newer ones may not pass."""
    with Pair() as pair:
        peer = pair.up()
        peer.send(publish("t/in", b"burst1 20") + publish("t/in", b"burst 60"))
        pair.client.until(lambda row: row.get("got", ["", 0, ""])[2] == "burst 60")
        peer.until(lambda seen: seen.payload == b"59")
        sure = [int(s.payload) for s in peer.seen if s.topic == "t/burst" and s.flags & 2]
        rest = [int(s.payload) for s in peer.seen if s.topic == "t/burst" and not s.flags & 2]
        assert sure == list(range(20))
        assert rest == list(range(40, 60))
        assert pair.stop(peer)["queue_drops"] == 40


def test_broker_that_stops_reading_for_good_is_a_timeout() -> None:
    """Its window closes, the kernel's buffers fill, a send makes no progress; nothing spins."""
    with Pair(keepalive_s=3, publish_ms=50) as pair:
        pair.broker.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer = pair.up()
        peer.send(publish("t/in", b"flood 10000"))
        end = pair.client.until(lambda row: row.get("state") == DOWN and row["counts"][2] == 1)
        assert end["counts"][13] == 1 and end["counts"][7] > 0
        peer.close()
        peer = pair.up()
        assert pair.counts(peer)["turns"] < 200
        pair.stop(peer)


@BOTH
def test_clock_wraps_while_connected(runtime: str) -> None:
    with Pair(runtime, keepalive_s=2, publish_ms=100, until_wrap_ms=1500) as pair:
        peer = pair.up()
        before = pair.client.rows[-1]["at"]
        peer.until(lambda seen: seen.payload == b"30")
        pings = sum(seen.kind == PINGREQ for seen in peer.seen)
        start = len(pair.client.rows)
        counts = pair.counts(peer)
        after = pair.client.until(lambda row: "turns" in row, start=start)["at"]
        assert after < 5000 < before, "the clock did not wrap"
        assert pings >= 2 and counts["losses"] == 0 and counts["turns"] < 150
        pair.stop(peer)


def test_clock_wraps_while_waiting_to_reconnect() -> None:
    with Pair(until_wrap_ms=700) as pair:
        peer = pair.up()
        peer.close()
        begin = time.monotonic()
        peer = pair.up()
        assert time.monotonic() - begin < BACKOFF_S_MAX + 0.5
        assert pair.counts(peer)["turns"] < 30
        peer.close()
        assert pair.stop(pair.up())["connects"] == 3
