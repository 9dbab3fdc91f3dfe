"""MQTT 3.1.1 packets: bytes out, and bytes in cut into packets. No socket, no clock.

References (MQTT x.y) are to the OASIS standard of 29 October 2014. QoS 0 and 1 only. Nothing
here raises on bytes from outside: the decoder says BAD, and the connection ends.
"""

from quelea_proto.limits import const

_CONNECT = const(0x10)
CONNACK = 0x20
PUBLISH = 0x30
PUBACK = 0x40
_SUBSCRIBE = const(0x82)  # with the flags that MQTT 3.8.1 demands
SUBACK = 0x90
PINGRESP = 0xD0

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
DUP = 8
RETAIN = 1
_LENGTH_DIGITS_MAX = const(4)  # MQTT 2.2.3

# what next() found
NOTHING = 0  # more bytes are needed
PACKET = 1
OVERSIZE = 2  # a PUBLISH longer than the buffer: its payload is skipped
BAD = 3


def _text(text) -> bytes:
    """Return a str or bytes with its length before it (MQTT 1.5.3)."""
    data = text.encode() if isinstance(text, str) else text
    return bytes((len(data) >> 8, len(data) & 255)) + data


def _packet(head: int, body: bytes) -> bytes:
    length = len(body)
    digits = bytearray((head,))
    while True:
        digit = length & 127
        length >>= 7
        digits.append(digit | 128 if length else digit)
        if not length:
            return bytes(digits) + body


def connect(name: str, keepalive_s: int, user: str, password: str, will: tuple) -> bytes:
    """Return a CONNECT (MQTT 3.1): clean session; will (topic, payload) with QoS 1, retained."""
    flags = 0x02 | 0x04 | 0x08 | 0x20
    body = _text(name) + _text(will[0]) + _text(will[1])
    if user:
        flags |= 0x80
        body += _text(user)
        if password:
            flags |= 0x40
            body += _text(password)
    head = b"\x00\x04MQTT\x04" + bytes((flags, keepalive_s >> 8, keepalive_s & 255))
    return _packet(_CONNECT, head + body)


def subscribe(packet_id: int, rows) -> bytes:
    """Return a SUBSCRIBE for (topic filter, QoS) rows, at least one (MQTT 3.8)."""
    body = bytes((packet_id >> 8, packet_id & 255))
    for topic, qos in rows:
        body += _text(topic) + bytes((qos,))
    return _packet(_SUBSCRIBE, body)


def publish_bytes(topic: bytes, payload: bytes, qos: int) -> int:
    """Return the length of a PUBLISH."""
    length = 2 + len(topic) + len(payload) + (2 if qos else 0)
    return length + (2 if length < 128 else 3)


def publish(buffer: bytearray, topic: bytes, payload: bytes, flags: int, packet_id: int) -> int:
    """Write a PUBLISH of at most 16,383 bytes into buffer; return its length (MQTT 3.3).

    packet_id: 0 for QoS 0. flags: RETAIN or 0.
    """
    length = 2 + len(topic) + len(payload)
    if packet_id:
        flags |= 2
        length += 2
    buffer[0] = PUBLISH | flags
    at = 2
    if length < 128:
        buffer[1] = length
    else:
        buffer[1] = length & 127 | 128
        buffer[2] = length >> 7
        at = 3
    buffer[at] = len(topic) >> 8
    buffer[at + 1] = len(topic) & 255
    at += 2
    buffer[at : at + len(topic)] = topic
    at += len(topic)
    if packet_id:
        buffer[at] = packet_id >> 8
        buffer[at + 1] = packet_id & 255
        at += 2
    buffer[at : at + len(payload)] = payload
    return at + len(payload)


class Decoder:
    """Bytes in, packets out of one buffer. A packet is valid until the next fill.

    view: a memoryview of buffer. head: first byte of the packet found. at, stop: its body in
    buffer (of an OVERSIZE one: as far as topic and packet id go).
    """

    def __init__(self, buffer: bytearray) -> None:
        self.size = len(buffer)
        self.buffer = buffer
        self.head = 0
        self.at = 0
        self.stop = 0
        self.view = memoryview(buffer)
        self._start = 0
        self._end = 0
        self._skip = 0  # bytes of an oversize payload still to come

    def space(self) -> memoryview:
        """Return the part of the buffer to read into; never empty after next() said NOTHING."""
        if self._start:
            rest = self._end - self._start
            self.view[:rest] = self.view[self._start : self._end]
            self._start = 0
            self._end = rest
        return self.view[self._end :]

    def filled(self, count: int) -> None:
        """Take note of count bytes read into space()."""
        if self._skip:  # then the buffer was empty
            if count <= self._skip:
                self._skip -= count
                return
            self._start = self._skip
            self._skip = 0
        self._end += count

    def next(self) -> int:
        """Look for the next packet; return NOTHING, PACKET, OVERSIZE or BAD."""
        buffer = self.buffer
        first = self._start
        end = self._end
        length = 0
        shift = 0
        at = first + 1
        while True:
            if at >= end:
                return NOTHING
            digit = buffer[at]
            length |= (digit & 127) << shift
            shift += 7
            at += 1
            if digit < 128:
                break
            if at - first > _LENGTH_DIGITS_MAX:
                return BAD
        self.head = buffer[first]
        self.at = at
        if at - first + length > self.size:
            return self._oversize(at - first + length)
        self.stop = at + length
        if self.stop > end:
            return NOTHING
        self._start = self.stop
        if self._start == end:
            self._start = self._end = 0
        return PACKET

    def _oversize(self, total: int) -> int:
        """Keep topic and packet id of a PUBLISH that is longer than the buffer, skip the rest."""
        if self.head & 0xF0 != PUBLISH:
            return BAD
        at = self.at
        if at + 2 > self._end:
            return NOTHING
        self.stop = at + 2 + (self.buffer[at] << 8 | self.buffer[at + 1])
        if self.head & 6:
            self.stop += 2
        if self.stop - self._start > self.size:
            return BAD
        if self.stop > self._end:
            return NOTHING
        self._skip = total - (self._end - self._start)
        self._start = self._end = 0
        return OVERSIZE
