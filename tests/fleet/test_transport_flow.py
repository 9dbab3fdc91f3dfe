"""Hostile bytes, slow readers, messages kept or lost. Cases: see acceptance.py."""

import socket
import time

import pytest
from acceptance import case
from edge_broker import CONNECT, PUBACK, PUBLISH, packet, publish, text
from edge_pair import BOTH, DOWN, QUEUE, Pair


@case("oversize")
@BOTH
def test_oversize_message_is_skipped_and_acknowledged(runtime: str) -> None:
    with Pair(runtime) as pair:
        peer = pair.up()
        peer.send(publish("t/in", b"x" * 5000, 9) + publish("t/in", b"after"))
        assert peer.until(lambda seen: seen.kind == PUBACK).packet_id == 9
        pair.client.until(lambda row: row.get("got") == ["t/in", 5, "after"])
        counts = pair.stop(peer)
        assert (counts["oversize"], counts["losses"]) == (1, 0)


@case("oversize")
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


@case("garbage")
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


@case("garbage")
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_ends_the_connection_and_nothing_else(name: str) -> None:
    with Pair() as pair:
        peer = pair.up()
        peer.send(GARBAGE[name])
        peer.ended()
        counts = pair.stop(pair.up())
        assert (counts["garbage"], counts["losses"]) == (1, 1), counts


@case("slow-drip")
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


@case("redelivery")
def test_redelivered_message_is_acknowledged_again() -> None:
    with Pair() as pair:
        peer = pair.up()
        peer.send(publish("t/in", b"once", 5))
        assert peer.until(lambda seen: seen.kind == PUBACK).packet_id == 5
        peer.send(publish("t/in", b"once", 5, dup=True))
        assert peer.until(lambda seen: seen.kind == PUBACK).packet_id == 5
        counts = pair.stop(peer)
        assert counts["received"] == 3 and counts["losses"] == 0  # who did it twice decides: link


@case("redelivery")
def test_unacknowledged_message_is_sent_again_with_dup() -> None:
    with Pair(keepalive_s=2) as pair:
        peer = pair.up()
        peer.send(publish("t/in", b"burst1 1"))

        def is_burst(seen) -> bool:
            return seen.kind == PUBLISH and seen.topic == "t/burst"

        first = peer.until(is_burst, answer=False)
        second = peer.read()
        while not is_burst(second):
            peer.answer(second)  # a ping
            second = peer.read()
        assert (first.flags, second.flags) == (2, 10)
        assert first.packet_id == second.packet_id and first.payload == second.payload
        peer.answer(second)
        assert pair.counts(peer)["losses"] == 0
        pair.stop(peer)


@case("queue-full")
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


@case("queue-full")
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


@case("queue-full")
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
