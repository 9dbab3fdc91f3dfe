"""Whole frames as Python values: what tests, the audit and people read; built on the codec."""

from collections.abc import Mapping
from typing import Any

from quelea_proto import limits

from . import codec

COMPILED = {
    "FRAME_BYTES_MAX": limits.FRAME_BYTES_MAX,
    "NEIGHBOURS_MAX": limits.NEIGHBOURS_MAX,
}
WIRE = bytearray(limits.FRAME_BYTES_MAX)


def crc16(data: bytes | bytearray | memoryview, length: int) -> int:
    """Return CRC-16/CCITT-FALSE of data[:length], 0 <= length <= len(data)."""
    if not 0 <= length <= len(data):
        raise ValueError(f"length {length} is not in 0..{len(data)}")
    return codec.checksum(bytes(data), length)


def unpack(payload: bytes | bytearray | memoryview) -> tuple[str, dict[str, Any]]:
    """Return ("ok", fields) or (why it is no frame, {}); never raises on bytes of any content.

    fields: kind, flags, node, session, epoch, seq, input_q, value_q, count and crc, and tuples by
    slot: used, and of a flow frame (kind 2) flow_q, turn and residue.
    """
    data = bytes(payload)
    frame = codec.Frame()
    cause = frame.read(data, len(data))
    if cause != 0:
        return codec.CAUSES[cause], {}
    fields: dict[str, Any] = {name: getattr(frame, name) for name in codec.FIELDS}
    at = 17 + 2 * frame.kind
    fields["used"] = tuple(data[at : at + frame.count])
    if frame.kind == 2:
        columns = []
        for slot in range(frame.count):
            frame.look(data, slot)
            columns.append((frame.flow_q, frame.turn, frame.residue))
        for i, name in enumerate(("flow_q", "turn", "residue")):
            fields[name] = tuple([entry[i] for entry in columns])
    return "ok", fields


def pack(fields: Mapping[str, Any]) -> bytes:
    """Return the frame of these fields, named as by unpack; count and crc follow from the rest.

    ValueError when a field is missing, or out of its range so that it would not come back.
    """
    used = fields.get("used", ())
    if len(used) > limits.NEIGHBOURS_MAX:
        raise ValueError(f"used: {len(used)} neighbours are more than {limits.NEIGHBOURS_MAX}")
    frame = codec.Frame()
    try:
        frame.kind = 2 if fields["kind"] == 2 else 1
        frame.flags = fields["flags"] & 255
        frame.node = fields["node"]
        frame.session = fields["session"]
        frame.epoch = fields["epoch"]
        frame.seq = fields["seq"]
        frame.input_q = fields["input_q"]
        frame.value_q = fields["value_q"]
        frame.count = len(used)
        at = codec.put_head(WIRE, frame)
        for slot in range(len(used)):
            WIRE[at + slot] = used[slot] & 255
            if frame.kind == 2:
                frame.flow_q = fields["flow_q"][slot]
                frame.turn = fields["turn"][slot]
                frame.residue = fields["residue"][slot]
                codec.put_edge(WIRE, frame, slot)
    except (KeyError, IndexError, OverflowError, TypeError) as error:
        raise ValueError(f"not the fields of a frame: {error!r}") from error
    length = codec.seal(WIRE, frame)
    payload = bytes(WIRE[:length])
    back = unpack(payload)[1]
    for name, value in fields.items():
        if name not in ("count", "crc") and back.get(name) != value:
            raise ValueError(f"{name}: {value!r} does not fit into the frame")
    return payload
