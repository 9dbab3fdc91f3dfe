"""One MQTT session over one connected socket: greeting, keepalive, acknowledgements, messages.

A client lives as long as its connection. turn() does what is due and never waits; it returns 0,
or the cause of the connection's end. What the broker still owes is a list of rows
[kind, packet id, deadline, packet or None, times sent]: CONNACK, SUBACK, PUBACK, PINGRESP.
"""

from quelea_proto.limits import const

from quelea_agent.port import packets, tcp

# causes of an end
OK = 0
REJECTED = 1  # CONNACK or SUBACK said no
CLOSED = 2  # the broker ended the connection
RESET = 3  # an error of the operating system
TIMEOUT = 4  # an answer did not come, or a packet did not go out, in time
GARBAGE = 5  # bytes that are not MQTT, or not MQTT from a broker

_SENDS_MAX = const(4)  # of one PUBLISH with QoS 1, the repetitions included
_PACKET_ID_MAX = const(65535)


class Client:
    """wire: tcp.Wire. receive(topic bytes, payload bytes) is called for each message.

    answer_ms: how long each answer may take, and a packet that does not go out. buffers: two
    bytearrays of PACKET_BYTES_MAX, for bytes in and out, which outlive the client.
    """

    def __init__(self, wire, ticks, keepalive_s: int, answer_ms: int, receive, buffers) -> None:
        self.wire = wire
        self.connected = False
        self.in_flight = 0  # messages of QoS 1 not yet acknowledged
        self.oversize = 0
        self.received = 0
        self._ticks = ticks
        self._receive = receive
        self._answer_ms = answer_ms
        self._ping_every_ms = keepalive_s * 500
        self._ping_ms = 0
        self._decoder = packets.Decoder(buffers[0])
        self._out = buffers[1]
        self._out_view = memoryview(self._out)
        self._unsent = b""  # rest of a packet that the socket did not take, and what follows it
        self._stall_ms = 0  # when the rest must have moved
        self._acks = bytearray()
        self._owed = []
        self._packet_id = 0

    # -- what the transport asks ------------------------------------------------------------------

    def greet(self, now_ms: int, packet: bytes) -> None:
        """Send CONNECT."""
        self._owe(now_ms, packets.CONNACK, 0, None)
        self._send(now_ms, packet)

    def free(self) -> bool:
        """Return whether a packet may be sent now."""
        return not self._unsent

    def subscribe(self, now_ms: int, rows) -> None:
        """Ask for (topic filter, QoS) rows; free() is true."""
        packet_id = self._next_id()
        self._owe(now_ms, packets.SUBACK, packet_id, None)
        self._send(now_ms, packets.subscribe(packet_id, rows))

    def publish(self, now_ms: int, topic: bytes, payload: bytes, qos: int, retain: bool) -> None:
        """Send one message; free() is true and it fits PACKET_BYTES_MAX."""
        packet_id = self._next_id() if qos else 0
        flags = packets.RETAIN if retain else 0
        length = packets.publish(self._out, topic, payload, flags, packet_id)
        packet = self._out_view[:length]
        if qos:
            self.in_flight += 1
            packet = bytes(packet)
            self._owe(now_ms, packets.PUBACK, packet_id, packet)
        self._send(now_ms, packet)

    def due_ms(self) -> int:
        """Return when turn() must be called even if no byte comes."""
        ticks_diff = self._ticks.ticks_diff
        due_ms = self._ping_ms if self.connected else self._owed[0][2]
        for row in self._owed:
            if ticks_diff(row[2], due_ms) < 0:
                due_ms = row[2]
        if self._unsent and ticks_diff(self._stall_ms, due_ms) < 0:
            due_ms = self._stall_ms
        return due_ms

    def turn(self, now_ms: int) -> int:
        """Read, answer, repeat, ping; return 0 or the cause of the end."""
        cause = OK
        if self._unsent and not self.wire.blocked:
            rest = self._unsent
            self._unsent = b""
            self._send(now_ms, rest)
        if self.wire.readable and not self._unsent:  # else the broker is to slow down
            cause = self._read(now_ms)
        if not cause:
            cause = self._late(now_ms)
        if not cause and self.wire.broken:
            cause = RESET
        return cause

    # -- out --------------------------------------------------------------------------------------

    def _next_id(self) -> int:
        self._packet_id = self._packet_id % _PACKET_ID_MAX + 1
        return self._packet_id

    def _owe(self, now_ms: int, kind: int, packet_id: int, packet) -> None:
        deadline_ms = self._ticks.ticks_add(now_ms, self._answer_ms)
        self._owed.append([kind, packet_id, deadline_ms, packet, 1])

    def _send(self, now_ms: int, packet) -> None:
        """Hand a packet to the socket in one call; keep what it does not take."""
        if self._unsent:
            self._unsent += packet
            return
        sent = self.wire.send(packet)
        if sent < len(packet):
            self._unsent = bytes(packet[sent:])
            self._stall_ms = self._ticks.ticks_add(now_ms, self._answer_ms)

    def _late(self, now_ms: int) -> int:
        """Repeat or give up what is overdue; ping when it is time."""
        ticks_diff = self._ticks.ticks_diff
        if self._unsent and ticks_diff(now_ms, self._stall_ms) >= 0:
            return TIMEOUT
        for row in self._owed:
            if ticks_diff(now_ms, row[2]) < 0:
                continue
            if row[3] is None or row[4] >= _SENDS_MAX:
                return TIMEOUT
            again = bytearray(row[3])
            again[0] |= packets.DUP
            row[2] = self._ticks.ticks_add(now_ms, self._answer_ms)
            row[4] += 1
            self._send(now_ms, again)
        if self.connected and ticks_diff(now_ms, self._ping_ms) >= 0:
            self._ping_ms = self._ticks.ticks_add(now_ms, self._ping_every_ms)
            if not self._settled(packets.PINGRESP, 0, False):
                self._owe(now_ms, packets.PINGRESP, 0, None)
                self._send(now_ms, packets.PINGREQ)
        return OK

    # -- in ---------------------------------------------------------------------------------------

    def _read(self, now_ms: int) -> int:
        """Read once and take all packets that are complete."""
        got = self.wire.read(self._decoder.space())
        if got == tcp.CLOSED:
            return CLOSED
        if got == tcp.BROKEN:
            return RESET
        self._decoder.filled(got)
        while True:
            found = self._decoder.next()
            if found == packets.NOTHING:
                break
            cause = GARBAGE if found == packets.BAD else self._take(now_ms, found)
            if cause:
                return cause
        if self._acks:
            self._send(now_ms, bytes(self._acks))
            self._acks = bytearray()
        return OK

    def _take(self, now_ms: int, found: int) -> int:
        decoder = self._decoder
        kind = decoder.head & 0xF0
        if kind == packets.PUBLISH:
            return self._message(found) if self.connected else GARBAGE
        length = decoder.stop - decoder.at
        if decoder.head & 15:
            return GARBAGE
        if kind == packets.PINGRESP and length == 0:
            self._settled(kind, 0, True)  # one more than was asked for does no harm
            return OK
        if length < 2:
            return GARBAGE
        first = decoder.buffer[decoder.at]
        second = decoder.buffer[decoder.at + 1]
        if kind == packets.CONNACK and length == 2:
            if not self._settled(kind, 0, True):
                return GARBAGE
            self.connected = second == 0
            self._ping_ms = self._ticks.ticks_add(now_ms, self._ping_every_ms)
            return OK if self.connected else REJECTED
        if kind == packets.PUBACK and length == 2:
            if self._settled(kind, first << 8 | second, True):
                self.in_flight -= 1  # a second PUBACK follows a repetition, and is none of these
            return OK
        if kind == packets.SUBACK and length > 2:
            if not self._settled(kind, first << 8 | second, True):
                return GARBAGE
            for at in range(decoder.at + 2, decoder.stop):
                if decoder.buffer[at] > 1:
                    return REJECTED
            return OK
        return GARBAGE

    def _settled(self, kind: int, packet_id: int, remove: bool) -> bool:
        """Return whether this answer is owed; strike it off if remove."""
        owed = self._owed
        for i in range(len(owed)):
            if owed[i][0] == kind and owed[i][1] == packet_id:
                if remove:
                    owed.pop(i)
                return True
        return False

    def _message(self, found: int) -> int:
        """Deliver a PUBLISH, or skip one that is oversize; acknowledge QoS 1 either way."""
        decoder = self._decoder
        buffer = decoder.buffer
        at = decoder.at + 2
        if at > decoder.stop:
            return GARBAGE
        stop = at + (buffer[at - 2] << 8 | buffer[at - 1])
        body = stop
        if decoder.head & 6:
            body += 2
        if body > decoder.stop or decoder.head & 4:  # QoS 2 was never asked for
            return GARBAGE
        if found == packets.OVERSIZE:
            self.oversize += 1
        else:
            self.received += 1
            view = decoder.view
            self._receive(bytes(view[at:stop]), bytes(view[body : decoder.stop]))
        if body > stop:
            self._acks.append(packets.PUBACK)
            self._acks.append(2)
            self._acks.append(buffer[stop])
            self._acks.append(buffer[stop + 1])
        return OK
