"""A broker that does what a test tells it: reads exact packets, answers or misbehaves on purpose.

One thread, the test's own; every read has a deadline, so nothing waits longer than DEADLINE_S.
"""

import contextlib
import socket
import time
from dataclasses import dataclass, field

DEADLINE_S = 8.0

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 12, 13, 14


def text(value: bytes | str) -> bytes:
    """Return an MQTT string: two bytes of length before it."""
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2, "big") + raw


def packet(head: int, body: bytes) -> bytes:
    """Return a packet: first byte, remaining length, body."""
    out = bytearray((head,))
    length = len(body)
    while True:
        length, digit = length >> 7, length & 127
        out.append(digit | (128 if length else 0))
        if not length:
            return bytes(out) + body


def publish(topic: bytes | str, payload: bytes, packet_id: int = 0, dup: bool = False) -> bytes:
    """Return a PUBLISH: QoS 1 with a packet_id, else QoS 0."""
    head = 0x30 | (2 if packet_id else 0) | (8 if dup else 0)
    number = packet_id.to_bytes(2, "big") if packet_id else b""
    return packet(head, text(topic) + number + payload)


@dataclass
class Seen:
    """One packet of the client."""

    kind: int
    flags: int
    body: bytes
    topic: str = ""
    payload: bytes = b""
    packet_id: int = 0


@dataclass
class Peer:
    """One connection of the client; `seen` keeps what settle() and until() have read."""

    link: socket.socket
    seen: list[Seen] = field(default_factory=list)
    _bytes: bytes = b""

    def send(self, data: bytes) -> None:
        self.link.sendall(data)

    def read(self, deadline_s: float = DEADLINE_S) -> Seen | None:
        """Return the next packet, or None at the end of the connection; TimeoutError."""
        end = time.monotonic() + deadline_s
        while True:
            found = self._cut()
            if found is not None:
                return found
            self.link.settimeout(max(0.001, end - time.monotonic()))
            try:
                chunk = self.link.recv(65536)
            except ConnectionError:
                return None
            if not chunk:
                return None
            self._bytes += chunk

    def _cut(self) -> Seen | None:
        data = self._bytes
        length = shift = 0
        at = 1
        while True:
            if at >= len(data):
                return None
            length |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                break
        if len(data) < at + length:
            return None
        self._bytes = data[at + length :]
        seen = Seen(data[0] >> 4, data[0] & 15, data[at : at + length])
        body = seen.body
        if seen.kind == PUBLISH:
            size = int.from_bytes(body[:2], "big")
            seen.topic = body[2 : 2 + size].decode()
            rest = body[2 + size :]
            if seen.flags & 6:
                seen.packet_id = int.from_bytes(rest[:2], "big")
                rest = rest[2:]
            seen.payload = rest
        elif seen.kind in (SUBSCRIBE, PUBACK):
            seen.packet_id = int.from_bytes(body[:2], "big")
        return seen

    def answer(self, seen: Seen) -> None:
        """Answer one packet as a well-behaved broker does."""
        number = seen.packet_id.to_bytes(2, "big")
        if seen.kind == CONNECT:
            self.send(b"\x20\x02\x00\x00")
        elif seen.kind == SUBSCRIBE:
            self.send(b"\x90\x03" + number + b"\x00")
        elif seen.kind == PUBLISH and seen.packet_id:
            self.send(b"\x40\x02" + number)
        elif seen.kind == PINGREQ:
            self.send(b"\xd0\x00")

    def until(self, wanted, deadline_s: float = DEADLINE_S, answer: bool = True) -> Seen:
        """Answer packets until wanted(packet) is true; return that one. Fails at the end."""
        end = time.monotonic() + deadline_s
        while True:
            seen = self.read(max(0.001, end - time.monotonic()))
            assert seen is not None, f"the client closed; it had sent {self.seen[-5:]}"
            self.seen.append(seen)
            if answer:
                self.answer(seen)
            if wanted(seen):
                return seen

    def settle(self) -> Seen:
        """Bring the client up, until it has said `ready`; return its CONNECT."""
        greeting = self.until(lambda seen: True)
        assert greeting.kind == CONNECT
        self.until(lambda seen: seen.kind == PUBLISH and seen.payload == b"ready")
        return greeting

    def ended(self, deadline_s: float = DEADLINE_S) -> float:
        """Read, without answering, until the client closes; return the seconds it took."""
        begin = time.monotonic()
        while self.read(deadline_s) is not None:
            pass
        return time.monotonic() - begin

    def close(self) -> None:
        self.link.close()


class ScriptedBroker:
    """A listening socket on a free port of the loopback."""

    def __init__(self, port: int = 0) -> None:
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(8)
        self.port = self.listener.getsockname()[1]
        self.peers: list[Peer] = []

    def accept(self, deadline_s: float = DEADLINE_S) -> Peer:
        self.listener.settimeout(deadline_s)
        link, _ = self.listener.accept()
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = Peer(link)
        self.peers.append(peer)
        return peer

    def close(self) -> None:
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.close()
        self.listener.close()

    def __enter__(self) -> "ScriptedBroker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
