"""Frames read and written field by field are those that walking the rows of FRAMES gives."""

import binascii
import random

import pytest
from quelea_proto.flows import Flows
from quelea_proto.frames import FLOW, FRAMES, Frame, frame_bytes, get, pack, put, unpack

CASES = 300


def edges(generator, values):
    """Return one of values, or any between the first two."""
    return generator.choice([*values, generator.randint(*values[:2])])


def random_frame(kind, generator):
    """Return (frame, flows) at or between the format's edges."""
    count = generator.choice((0, 1, 2, generator.randint(0, 126)))
    frame = Frame(count)
    frame.kind, frame.flags = kind, generator.randint(0, 3)
    wide = (1 << 28) - 1 if kind == FLOW else (1 << 23) - 1
    frame.head = [
        edges(generator, (1, 65535)),
        edges(generator, (1, 65535)),
        edges(generator, (0, 65535)),
        edges(generator, (0, (1 << 30) - 1)),
        edges(generator, (1 - (1 << 23), (1 << 23) - 1, -1, 0)),
        edges(generator, (-wide, wide, -1, 0)),
    ]
    frame.used = bytearray(generator.randbytes(count))
    flows = None
    if kind == FLOW:
        flows = Flows(1, tuple(range(2, 2 + count)), 0)
        for slot in range(count):
            flows.flow_q[slot] = edges(generator, (1 - (1 << 28), (1 << 28) - 1, -1))
            flows.turn[slot] = generator.randint(0, 7)
            flows.residue[slot] = edges(generator, (-127, 127, -1))
    return frame, flows


def by_rows(frame, flows):
    """Return the bytes of a frame as its row of FRAMES says."""
    _kind, _name, fields, columns = next(row for row in FRAMES if row[0] == frame.kind)
    out = bytearray([1 << 5 | frame.kind, frame.flags])
    for (_, width, _, _), value in zip(fields, frame.head):
        out += (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    out.append(frame.count)
    for name, width, _, _ in columns:
        for slot in range(frame.count):
            if name == "used":
                value = frame.used[slot]
            elif name == "flow_turn":
                value = flows.flow_q[slot] & 0x1FFFFFFF | flows.turn[slot] << 29
            else:
                value = flows.residue[slot] & 255
            out += value.to_bytes(width, "little")
    return bytes(out + binascii.crc_hqx(out, 0xFFFF).to_bytes(2, "little"))


@pytest.mark.parametrize("kind", [row[0] for row in FRAMES])
def test_a_frame_lies_as_its_row_says(kind, seed):
    generator = random.Random(seed)
    for _ in range(CASES):
        frame, flows = random_frame(kind, generator)
        buffer = bytearray(frame_bytes(kind, frame.count))
        assert pack(frame, buffer, flows) == len(buffer)
        assert buffer == by_rows(frame, flows)
        back = unpack(bytes(buffer), Frame())
        assert back is not None
        assert (back.kind, back.flags, back.count) == (kind, frame.flags, frame.count)
        assert (back.head, back.crc) == (frame.head, frame.crc)


@pytest.mark.parametrize("kind", [row[0] for row in FRAMES])
def test_any_bytes_of_the_head_are_read_or_refused_as_get_reads_them(kind, seed):
    generator = random.Random(seed)
    fields = next(row for row in FRAMES if row[0] == kind)[2]
    wide = (1 << 28) - 1 if kind == FLOW else (1 << 23) - 1
    taken = 0
    for _ in range(20 * CASES):
        frame, flows = random_frame(kind, generator)
        payload = bytearray(by_rows(frame, flows))
        for _ in range(generator.randint(1, 3)):
            at = generator.randrange(1, frame_bytes(kind, 0) - 3)
            payload[at] = generator.choice((0, 1, 63, 64, 127, 128, 191, 192, 255))
        put(payload, len(payload) - 2, 2, binascii.crc_hqx(payload[:-2], 0xFFFF))
        at, head = 2, []
        for _, width, signed, _ in fields:
            head.append(get(payload, at, width, signed))
            at += width
        node, session, _, seq, input_q, value_q = head
        good = payload[1] < 4 and node > 0 and session > 0 and seq >= 0
        good = good and abs(input_q) < 1 << 23 and abs(value_q) <= wide
        back = Frame()
        assert (unpack(payload, back) is not None) == good
        if good:
            assert back.head == head
            taken += 1
    assert CASES < taken < 19 * CASES  # both happened, often
