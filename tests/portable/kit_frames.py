"""Frames for the scripts frames_*.py: packed, and shown as hex."""

from quelea_proto.frames import FLOW, Frame, frame_bytes, pack


class Columns:
    """The columns of a flow frame, as quelea_proto.flows.Flows has them."""

    def __init__(self, flow_q: list, turn: list, residue: list) -> None:
        self.flow_q = flow_q
        self.turn = turn
        self.residue = residue


def packed(kind: int, flags: int, head: list, used: bytes, columns=None) -> bytes:
    """Return the frame's bytes; head as in Frame.head."""
    frame = Frame(len(used))
    frame.kind = kind
    frame.flags = flags
    frame.head = head
    frame.used = bytearray(used)
    buffer = bytearray(frame_bytes(kind, len(used)))
    length = pack(frame, buffer, columns if kind == FLOW else None)
    assert length == len(buffer)
    return bytes(buffer)


def text(data: bytes) -> str:
    """Return the bytes in hex."""
    return "".join(["%02x" % byte for byte in data])
