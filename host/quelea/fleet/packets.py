"""MQTT as the proxy sees it: whole packets out of a stream, and the frames of nodes among them.

Only what a fault of the network needs (MQTT 3.1.1, 2.2 and 3.3): a frame is a PUBLISH with QoS 0
on a topic of frames; all else passes unread.
"""

from typing import NamedTuple

from quelea_proto.topics import ROOT

CONNECT, PUBLISH, SUBACK = 1, 3, 9
LENGTH_BYTES_MAX = 4


class Packets:
    """Cuts a stream into packets; bytes that are no MQTT pass as they come, from there on."""

    def __init__(self) -> None:
        self._rest = b""
        self._foreign = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the packets that are whole by now, in order."""
        if self._foreign:
            return [data]
        self._rest += data
        out = []
        while True:
            end = _end(self._rest)
            if end < 0:
                self._foreign = True
                out.append(self._rest)
                self._rest = b""
                return out
            if end == 0 or end > len(self._rest):
                return out
            out.append(self._rest[:end])
            self._rest = self._rest[end:]


def _end(data: bytes) -> int:
    """Return where the first packet ends, 0 if that is not known yet, -1 if it is none."""
    length = 0
    for at in range(1, 1 + LENGTH_BYTES_MAX):
        if at >= len(data):
            return 0
        length |= (data[at] & 0x7F) << 7 * (at - 1)
        if data[at] < 0x80:
            return at + 1 + length
    return -1


class Published(NamedTuple):
    """A frame under way: ids of the node that speaks and, if it is for one only, of that one."""

    source: str
    dest: str
    topic: bytes
    payload: bytes


def kind(packet: bytes) -> int:
    """Return the packet's type, 1..15."""
    return packet[0] >> 4


def frame(packet: bytes) -> Published | None:
    """Return what a packet publishes if that is a frame of a node, else None."""
    if kind(packet) != PUBLISH or packet[0] & 0x06:
        return None
    at = 1
    while packet[at] & 0x80:
        at += 1
    body = packet[at + 1 :]
    end = 2 + int.from_bytes(body[:2], "big")
    topic, payload = body[2:end], body[end:]
    levels = topic.decode("utf-8", "replace").split("/")
    if not topic.startswith(ROOT.encode()):
        return None
    if levels[-3:-2] == ["n"] and levels[-1] == "x":
        return Published(levels[-2], "", topic, payload)
    if levels[-3:-2] == ["d"]:
        return Published(levels[-2], levels[-1], topic, payload)
    return None


def publish(topic: bytes, payload: bytes) -> bytes:
    """Return a PUBLISH with QoS 0."""
    body = len(topic).to_bytes(2, "big") + topic + payload
    length, rest = bytearray(), len(body)
    while True:
        length.append(rest & 0x7F | (0x80 if rest > 0x7F else 0))
        rest >>= 7
        if not rest:
            return bytes((PUBLISH << 4,)) + bytes(length) + body
