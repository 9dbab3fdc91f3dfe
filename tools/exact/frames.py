"""Frames made with `struct` and a bit-wise CRC, and what makes a receiver refuse bytes.

Rows are append-only: tools/oracle.py refuses to change one that is in frames.jsonl already, and
tests/vectors/test_wire_compat.py holds the released ones by digest.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from exact.fixed import crc16

Row = dict[str, object]
STATE, FLOW = 1, 2
LONGEST = 1024
HEADS = {STATE: 19, FLOW: 21}  # bytes up to and with the count
COLUMNS = {STATE: 1, FLOW: 6}  # bytes a neighbour


@dataclass
class Fields:
    """What a frame says; columns by slot. Turn and residue only in FLOW frames."""

    kind: int = STATE
    flags: int = 0
    node: int = 3
    session: int = 1
    epoch: int = 0
    seq: int = 1
    input_q: int = 100
    value_q: int = 150
    used: list[int] = field(default_factory=list)
    flow_q: list[int] = field(default_factory=list)
    turn: list[int] = field(default_factory=list)
    residue: list[int] = field(default_factory=list)


def body(fields: Fields, version: int = 1) -> bytes:
    """Return the bytes before the checksum."""
    out = struct.pack("<BBHHHI", version << 5 | fields.kind, fields.flags, fields.node,
                      fields.session, fields.epoch, fields.seq)  # fmt: skip
    if fields.kind == FLOW:
        out += struct.pack("<ii", fields.input_q, fields.value_q)
    else:
        out += fields.input_q.to_bytes(3, "little", signed=True)
        out += fields.value_q.to_bytes(3, "little", signed=True)
    out += struct.pack(f"<B{len(fields.used)}B", len(fields.used), *fields.used)
    if fields.kind == FLOW:
        for flow_q, turn in zip(fields.flow_q, fields.turn, strict=True):
            out += struct.pack("<I", turn << 29 | flow_q % 2**29)
        out += struct.pack(f"<{len(fields.residue)}b", *fields.residue)
    return out


def seal(data: bytes) -> bytes:
    """Return data with its checksum behind it."""
    return data + struct.pack("<H", crc16(data))


def cause(payload: bytes) -> str:
    """Return why a receiver refuses payload, or `ok`: the first reason in the order of words."""
    if len(payload) < 4:
        return "short"
    if len(payload) > LONGEST:
        return "length"
    if payload[0] >> 5 != 1:
        return "version"
    kind = payload[0] % 32
    if kind not in HEADS:
        return "kind"
    if len(payload) < HEADS[kind] + 2:
        return "short"
    count = payload[HEADS[kind] - 1]
    if count > 126 or len(payload) != HEADS[kind] + COLUMNS[kind] * count + 2:
        return "length"
    if struct.unpack("<H", payload[-2:])[0] != crc16(payload[:-2]):
        return "crc"
    return _range(payload, kind)


def _range(payload: bytes, kind: int) -> str:
    _, flags, node, session, _, seq = struct.unpack("<BBHHHI", payload[:12])
    if kind == FLOW:
        input_q, value_q = struct.unpack("<ii", payload[12:20])
    else:
        input_q = int.from_bytes(payload[12:15], "little", signed=True)
        value_q = int.from_bytes(payload[15:18], "little", signed=True)
    value_max = 2**28 - 1 if kind == FLOW else 2**23 - 1
    good = (
        flags < 4 and node > 0 and session > 0 and seq < 2**30
        and abs(input_q) <= 2**23 - 1 and abs(value_q) <= value_max
    )  # fmt: skip
    return "ok" if good else "range"


_TOP = 2**23 - 1
_FLOW_TOP = 2**28 - 1
_ENDS: dict[str, Any] = {"node": 65535, "session": 65535, "epoch": 65535, "seq": 2**30 - 1}
_BYTES: dict[str, Any] = {"node": 258, "session": 772, "epoch": 1286, "seq": 0x01020304}
_NEW: dict[str, Any] = {"flow_q": [0] * 8, "turn": [0] * 8, "residue": [0] * 8}
_ALL_FLOWS = [i * 1000 - 63000 for i in range(126)]

GOOD: tuple[tuple[Fields, str], ...] = (
    (Fields(), "no neighbours: the shortest state frame, 21 bytes"),
    (Fields(used=[1, 0, 255]), "three neighbours: used seq 0 mod 255, not used, 254 mod 255"),
    (Fields(flags=2, value_q=100, used=[0, 0]), "first frame of an epoch"),
    (Fields(flags=1, seq=9, used=[0, 0]), "a held round"),
    (Fields(flags=3, used=[0]), "both flags"),
    (
        Fields(**_ENDS, input_q=_TOP, value_q=_TOP, used=[255] * 8),
        "every field at its upper end; 8 neighbours, 29 bytes",
    ),
    (Fields(node=1, input_q=-_TOP, value_q=-_TOP, used=[0] * 8), "values at their lower end"),
    (
        Fields(**_BYTES, input_q=0x050607, value_q=-0x050607, used=[8, 9]),
        "byte order can be read off",
    ),
    (Fields(used=list(range(126))), "126 neighbours: the longest state frame, 147 bytes"),
    (Fields(FLOW), "no neighbours: the shortest flow frame, 23 bytes"),
    (Fields(FLOW, used=[5], flow_q=[-7], turn=[3], residue=[-2]), "one neighbour"),
    (
        Fields(
            FLOW,
            value_q=_FLOW_TOP,
            used=[1, 2],
            flow_q=[_FLOW_TOP, -_FLOW_TOP],
            turn=[6, 1],
            residue=[127, -127],
        ),
        "flow columns at their ends",
    ),
    (
        Fields(FLOW, value_q=-_FLOW_TOP, input_q=-_TOP, used=[0] * 8, **_NEW),
        "nothing in step yet; 8 neighbours, 71 bytes",
    ),
    (
        Fields(FLOW, used=[1], flow_q=[-(2**28)], turn=[7], residue=[-128]),
        "column entries beyond their range: the frame is taken, flows refuse the entry",
    ),
    (
        Fields(
            FLOW,
            used=list(range(126)),
            flow_q=_ALL_FLOWS,
            turn=[i % 7 for i in range(126)],
            residue=[i - 63 for i in range(126)],
        ),
        "126 neighbours: the longest flow frame, 779 bytes",
    ),
)


def _refused() -> Iterator[tuple[bytes, str]]:
    plain = Fields(used=[1, 0, 255])
    whole = seal(body(plain))
    flow = Fields(FLOW, used=[5], flow_q=[-7], turn=[3], residue=[-2])
    for length in (0, 3, 4, 20):
        yield whole[:length], f"cut to {length} bytes"
    yield whole[:-1], "last byte lost"
    yield whole + b"\0", "one byte too many"
    for version in (0, 6, 7):
        yield seal(body(plain, version)), f"version {version}"
    for kind in (0, 30, 31):
        yield seal(bytes([32 | kind]) + body(plain)[1:]), f"kind {kind} is not in use"
    yield seal(bytes([32 | FLOW]) + body(plain)[1:]), "state bytes under the kind of a flow frame"
    yield seal(body(plain)[:18] + b"\x02" + body(plain)[19:]), "count one below the columns"
    yield seal(body(Fields(used=[0] * 127))), "127 neighbours"
    yield seal(body(plain) + bytes(1100)), "longer than any frame"
    for at in (0, 2, 11, 18, 21, 22):
        changed = bytearray(whole)
        changed[at] ^= 1
        yield bytes(changed), f"one bit of byte {at} turned"
    yield whole[:-2] + b"\0\0", "checksum zeroed"
    for wrong, why in (
        (Fields(flags=128), "an unknown flag"),
        (Fields(node=0), "node 0"),
        (Fields(session=0), "session 0"),
        (Fields(seq=2**30), "seq 2^30"),
        (Fields(seq=2**32 - 1), "seq 2^32 - 1"),
        (Fields(input_q=-(2**23)), "input -2^23"),
        (Fields(value_q=-(2**23)), "value -2^23"),
        (Fields(FLOW, input_q=2**23), "flow frame, input 2^23"),
        (Fields(FLOW, input_q=-(2**31)), "flow frame, input -2^31: top bits do not repeat"),
        (Fields(FLOW, value_q=2**28), "flow frame, value 2^28"),
        (Fields(FLOW, value_q=-(2**28)), "flow frame, value -2^28"),
        (Fields(FLOW, value_q=2**30), "flow frame, value 2^30: no small integer"),
        (Fields(FLOW, value_q=2**31 - 1), "flow frame, value 2^31 - 1"),
    ):
        yield seal(body(wrong)), why
    yield seal(body(flow)[:-1]), "a flow frame whose residue is missing"


def rows() -> Iterator[Row]:
    """Yield the rows of frames.jsonl: hex, cause, why, and of good frames every field.

    What is refused here must be so for ever: numbers that come into use next are left out. New
    rows are yielded behind these, by a function of their own.
    """
    for fields, why in GOOD:
        payload = seal(body(fields))
        yield {"hex": payload.hex(), "cause": cause(payload), "why": why, **vars(fields)}
    for payload, why in _refused():
        yield {"hex": payload.hex(), "cause": cause(payload), "why": why}
