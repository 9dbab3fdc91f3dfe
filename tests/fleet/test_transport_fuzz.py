"""The MQTT client against broken and against chopped streams: no exception, no growth, no loss."""

import json
import random
import subprocess
from pathlib import Path

import pytest
from edge_broker import packet, publish, text
from edge_process import command, environment
from quelea_agent.port import client, packets
from quelea_proto import fixed, limits

FUZZ = Path(__file__).with_name("edge_fuzz.py")
STREAMS = {"cpython": 20_000, "micropython": 6_000}


@pytest.mark.parametrize("runtime", STREAMS)
def test_broken_streams_end_in_a_cause(runtime: str, seed: int) -> None:
    argv = [*command(runtime), str(FUZZ), str(seed), str(STREAMS[runtime])]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    row = json.loads(done.stdout)
    print(row)
    causes = row["causes"]
    assert sum(causes) == STREAMS[runtime] + 50 and causes[client.OK] == 0
    assert causes[client.GARBAGE] > STREAMS[runtime] // 10, "the streams were not broken"
    assert causes[client.CLOSED] > 100 and row["messages"] > STREAMS[runtime] // 4
    assert row["gained"] < 512, "the heap grows"
    assert row["turns_most"] < 20_000


class Ticks:
    ticks_add = staticmethod(fixed.ticks_add)
    ticks_diff = staticmethod(fixed.ticks_diff)


class Wire:
    """Serves pieces; takes at most room bytes of each send."""

    def __init__(self, pieces: list[bytes], room: int) -> None:
        self.pieces = pieces
        self.room = room
        self.sent = b""
        self.readable = self.blocked = self.broken = False

    def read(self, space: memoryview) -> int:
        piece, rest = self.pieces[0][: len(space)], self.pieces[0][len(space) :]
        self.pieces[:1] = [rest] if rest else []
        space[: len(piece)] = piece
        return len(piece)

    def send(self, data: bytes) -> int:
        count = min(len(data), self.room)
        self.sent += bytes(data[:count])
        self.blocked = count < len(data)
        return count


def test_chopped_streams_lose_nothing(seed: int) -> None:
    """Any valid stream, cut anywhere, with a socket that takes a few bytes at a time."""
    rng = random.Random(seed)
    for _ in range(400):
        expected, acks, data, oversize = [], b"", b"\x20\x02\x00\x00", 0
        for _ in range(rng.randrange(30)):
            topic = b"a/" + b"b" * rng.randrange(30)
            size = rng.choice([0, 1, 40, 120, 130, 1000, 1500, 1540, 4000])
            body = rng.randbytes(size)
            number = rng.randrange(1, 65536) if rng.random() < 0.4 else 0
            one = publish(topic, body, number)
            data += one
            if len(one) <= limits.PACKET_BYTES_MAX:
                expected.append((topic, body))
            else:
                oversize += 1
            if number:
                acks += b"\x40\x02" + number.to_bytes(2, "big")
        pieces = []
        while data:
            cut = rng.choice([1, 2, 3, 50, 700, 5000])
            pieces.append(data[:cut])
            data = data[cut:]
        wire = Wire(pieces, rng.choice([1, 3, 10_000]))
        got: list[tuple[bytes, bytes]] = []
        size = limits.PACKET_BYTES_MAX
        one_client = client.Client(
            wire,
            Ticks,
            600,
            5000,
            lambda topic, payload, got=got: got.append((topic, payload)),
            (bytearray(size), bytearray(size)),
        )
        one_client.greet(0, b"")
        for _ in range(200_000):
            if not wire.pieces and one_client.free():
                break
            wire.readable = bool(wire.pieces)
            wire.blocked = False
            assert one_client.turn(0) == client.OK
        assert got == expected
        assert wire.sent == acks
        assert one_client.oversize == oversize


def test_acknowledgements_of_a_flood_are_bounded_by_not_reading() -> None:
    """The socket takes nothing: what is owed to the broker stays small, its messages wait."""
    flood = publish("a", b"", 9) * 10_000
    wire = Wire([b"\x20\x02\x00\x00" + flood], 0)
    size = limits.PACKET_BYTES_MAX
    buffers = (bytearray(size), bytearray(size))
    one = client.Client(wire, Ticks, 600, 5000, lambda *_: None, buffers)
    one.greet(0, b"")
    for _ in range(200):
        wire.readable, wire.blocked = True, False
        assert one.turn(0) == client.OK
    assert len(one._unsent) <= size
    assert len(wire.pieces[0]) > len(flood) - 2 * size
    wire.room = 1 << 20
    while wire.pieces:
        wire.readable, wire.blocked = True, False
        assert one.turn(0) == client.OK
    assert wire.sent.count(b"\x40\x02\x00\x09") == 10_000


@pytest.mark.parametrize("size", [0, 1, 118, 119, 120, 121, 125, 126, 1000])
@pytest.mark.parametrize("number", [0, 65535])
def test_publish_is_what_the_standard_says(size: int, number: int) -> None:
    """Around 127, where the length takes a second digit."""
    buffer = bytearray(1200)
    length = packets.publish(buffer, b"t/x", b"p" * size, packets.RETAIN, number)
    middle = number.to_bytes(2, "big") if number else b""
    head = 0x31 | (2 if number else 0)
    assert bytes(buffer[:length]) == packet(head, text("t/x") + middle + b"p" * size)
    assert packets.publish_bytes(b"t/x", b"p" * size, 1 if number else 0) == length


def test_subscribe_and_credentials() -> None:
    assert packets.subscribe(258, [(b"a/b", 1), ("c", 0)]) == packet(
        0x82, b"\1\2" + text("a/b") + b"\1" + text("c") + b"\0"
    )
    connect = packets.connect("n01", 300, "user", "word", (b"w", b"lost"))
    assert connect == packet(
        0x10,
        text("MQTT")
        + bytes((4, 0xEE, 1, 44))
        + b"".join(text(word) for word in ("n01", "w", "lost", "user", "word")),
    )
