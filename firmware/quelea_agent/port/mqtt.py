"""Transport: six calls over an MQTT 3.1.1 session, and one wait for everything.

    connect()  publish()  subscribe()  poll(deadline)  state()  close()

A state machine, DOWN -> DIALLING -> GREETING -> UP -> DOWN, advanced by poll() alone. Nothing
waits but poll(), and poll() waits in select.poll until the caller's deadline, the client's next
deadline, or a byte. Each connection gets a new client: what a broken one left behind (half a
packet, unanswered subscriptions) cannot leak into the next. Whatever goes wrong, also an
exception inside the client, ends the connection, is counted by cause and leads to a new attempt.

Messages of QoS 0 are not kept while the broker is away: an old estimate is worse than none. The
caller subscribes and says its state anew after each change to UP.
"""

import gc
import select

from quelea_proto import limits
from quelea_proto.fixed import clamp, ticks_add, ticks_diff
from quelea_proto.limits import const

from quelea_agent.port import client as session
from quelea_agent.port import packets, tcp
from quelea_agent.port.backlog import Places, SendQueue, backoff_ms
from quelea_agent.port.console import say

DOWN = 0  # waits for the time of the next attempt
DIALLING = 1  # TCP under way
GREETING = 2  # CONNECT sent, CONNACK not yet here
UP = 3

NAMES = (
    "attempts",
    "connects",
    "losses",  # connections that had been UP
    "sent",
    "received",
    "oversize",  # messages longer than PACKET_BYTES_MAX, skipped
    "offline_drops",  # not sent since there was no broker
    "queue_drops",  # not sent: the queue was full and the oldest went, or one was too long
    # causes: why an attempt or a connection ended
    "unresolved",  # the broker's name has no address
    "refused",  # TCP refused or unreachable
    "rejected",  # CONNACK said no
    "closed",  # the broker ended the connection
    "reset",  # an error of the operating system
    "timeout",  # no answer in time: to TCP, CONNECT, SUBSCRIBE, PUBLISH or PINGREQ
    "garbage",  # bytes that are not MQTT
    "crash",  # an exception in the client: a fault of our own
    "memory",  # no memory left
    "untrusted",  # TLS: one side did not believe the other's certificate
)
# positions in NAMES
_ATTEMPTS = const(0)
_CONNECTS = const(1)
_LOSSES = const(2)
_SENT = const(3)
_RECEIVED = const(4)
_OVERSIZE = const(5)
_OFFLINE_DROPS = const(6)
_QUEUE_DROPS = const(7)
_UNRESOLVED = const(8)
_REFUSED = const(9)
_REJECTED = const(10)
_CLOSED = const(11)
_RESET = const(12)
_TIMEOUT = const(13)
_GARBAGE = const(14)
_CRASH = const(15)
_MEMORY = const(16)
_UNTRUSTED = const(17)
_CAUSES = (0, _REJECTED, _CLOSED, _RESET, _TIMEOUT, _GARBAGE)  # by the session's own numbers

_READ = select.POLLIN
_WRITE = select.POLLOUT
_GONE = select.POLLERR | select.POLLHUP
_LINGER_MS = const(300)  # for the broker to read DISCONNECT before the socket goes


class Transport:
    """The connection of one node to its broker.

    ticks: object with ticks_ms(), ticks_add(), ticks_diff() on the ring of 2^30 ms.
    broker: {"host", "port", "others", "user", "password", "keepalive_s"}, and "dress", what makes
    the Wire of a connected socket if not tcp.Wire (see config.py).
    name: client id. node: number, for the jitter of reconnects.
    will: (topic, payload), sent by the broker retained with QoS 1 when the node is lost.
    receive: called with (topic bytes, payload bytes) for every message; must not raise.
    wake: a stream to watch besides, or None: woken becomes True when it can be read.
    ready: called before an attempt; False puts it off (no Wi-Fi yet).
    """

    def __init__(self, ticks, broker, name, node, will, receive, wake=None, ready=None) -> None:
        self._ticks = ticks
        self._broker = broker
        self._name = name
        self._node = node
        self._will = will
        self.receive = receive
        self.seal = None  # see auth.py: seal(topic, payload) -> what is sent, or None for nothing
        self._ready = ready
        self._keepalive_s = clamp(broker.get("keepalive_s", 10), 1, limits.KEEPALIVE_S_MAX)
        self._answer_ms = clamp(
            self._keepalive_s * 500, limits.CONNECT_MS_MIN, limits.CONNECT_MS_MAX
        )
        self.counts = [0] * len(NAMES)
        self.cause = 0  # position in NAMES: why there is no connection; 0 while there is one
        self.woken = False
        self._poller = select.poll()
        self._wake = wake
        self._wake_key = wake
        if wake is not None:
            self._poller.register(wake, _READ)
            if hasattr(wake, "fileno") and not hasattr(self._poller, "ipoll"):
                self._wake_key = wake.fileno()  # CPython's poll names streams by number
        self._state = DOWN
        self._wanted = False
        self._places = Places(broker)
        self._raw = None  # the socket while it is registered
        self._wire = None
        self._client = None
        self._mask = 0
        self._since_ms = 0  # of the attempt, or of UP
        self._retry_ms = 0
        self._tries = 0
        self._queue = SendQueue(limits.SEND_QUEUE_MAX)
        self._subscriptions = []
        size = limits.PACKET_BYTES_MAX
        self._buffers = (bytearray(size), bytearray(size))  # made once, for every connection

    # -- the six calls ------------------------------------------------------------------------

    def connect(self) -> None:
        """Want a connection from now on; poll() makes it and keeps it."""
        self._wanted = True
        self._retry_ms = self._ticks.ticks_ms()

    def state(self) -> int:
        """Return DOWN, DIALLING, GREETING or UP."""
        return self._state

    def subscribe(self, topic: bytes, qos: int = 0) -> bool:
        """Ask for a topic filter; before any message published later. False: no connection."""
        if self._state != UP or len(self._subscriptions) >= limits.SUBSCRIPTIONS_MAX:
            return False
        self._subscriptions.append((topic, qos))
        return True

    def publish(self, topic: bytes, payload, qos: int = 0, retain: bool = False) -> bool:
        """Send or queue one message; payload is copied. False: dropped and counted."""
        if self._state != UP:
            self.counts[_OFFLINE_DROPS] += 1
            return False
        if self.seal is not None:
            payload = self.seal(topic, payload)
            if payload is None:
                return False
        if packets.publish_bytes(topic, payload, qos) > limits.PACKET_BYTES_MAX:
            self.counts[_QUEUE_DROPS] += 1
            return False
        queue = self._queue
        if len(queue) or self._subscriptions or not self._may_send(qos):
            if not queue.put(topic, payload, qos, retain):
                self.counts[_QUEUE_DROPS] += 1
        else:
            self._send(self._ticks.ticks_ms(), topic, payload, qos, retain)
        return True

    def poll(self, deadline_ms: int) -> None:
        """Wait for bytes until deadline_ms at the latest; returns early on any event."""
        now_ms = self._ticks.ticks_ms()
        before = self._state
        self._advance(now_ms)
        wait_ms = 0
        pending = self._wire is not None and self._wire.pending and self._client.free()
        if self._state == before and not pending:
            wait_ms = ticks_diff(self._due_ms(deadline_ms), now_ms)
        for stream, mask in self._poller.poll(wait_ms if wait_ms > 0 else 0):
            if stream is self._wake or stream == self._wake_key:
                self._poller.unregister(self._wake)  # at its end a stream stays readable
                self.woken = True
            else:
                self._event(mask)
        self._advance(self._ticks.ticks_ms())

    def close(self, flush_ms: int = 1000) -> None:
        """Send what waits, for flush_ms at most, then DISCONNECT; want no connection any more."""
        end_ms = ticks_add(self._ticks.ticks_ms(), flush_ms)
        while self._state == UP and self._busy():
            if ticks_diff(end_ms, self._ticks.ticks_ms()) <= 0:
                break
            self.poll(end_ms)
        self._wanted = False
        if self._state == UP and self._client.free():
            self._part()  # else half a packet is out: nothing may follow it
        self._clear()

    # -- the state machine --------------------------------------------------------------------

    def _advance(self, now_ms: int) -> None:
        """Do what is due, without waiting."""
        if self._state == DOWN:
            if not self._wanted or ticks_diff(now_ms, self._retry_ms) < 0:
                return
            if self._ready is not None and not self._ready():
                self._retry_ms = ticks_add(now_ms, limits.RECONNECT_MS_MIN)
                return
            self._dial(now_ms)
        elif self._state == DIALLING:
            if ticks_diff(now_ms, self._since_ms) >= self._answer_ms:
                self._end(now_ms, _TIMEOUT)
        else:
            self._turn(now_ms)

    def _event(self, mask: int) -> None:
        if self._state == DIALLING:
            if mask & _GONE:
                self._end(self._ticks.ticks_ms(), _REFUSED)
            else:
                self._greet()
        elif self._wire is not None:
            if mask & (_READ | _GONE):
                self._wire.readable = True
            if mask & (_WRITE | _GONE) or self._wire.shaking:
                self._wire.blocked = False

    def _dial(self, now_ms: int) -> None:
        self.counts[_ATTEMPTS] += 1
        self._since_ms = now_ms
        try:
            family, address = self._places.address()
        except OSError:
            self._end(now_ms, _UNRESOLVED)
            return
        try:
            self._raw = tcp.dial(family, address)
        except OSError:
            self._end(now_ms, _REFUSED)
            return
        self._mask = _WRITE
        self._poller.register(self._raw, _WRITE)
        self._state = DIALLING

    def _greet(self) -> None:
        """Hand the connected socket to a new client, which sends CONNECT."""
        gc.collect()  # the last client's buffers go before the new ones come
        broker = self._broker
        now_ms = self._ticks.ticks_ms()
        try:
            self._wire = broker.get("dress", tcp.Wire)(self._raw)
            self._client = session.Client(
                self._wire,
                self._ticks,
                self._keepalive_s,
                self._answer_ms,
                self.receive,
                self._buffers,
            )
            greeting = packets.connect(
                self._name,
                self._keepalive_s,
                broker.get("user", ""),
                broker.get("password", ""),
                self._will,
            )
            self._client.greet(now_ms, greeting)
        except (MemoryError, OSError):  # TLS has its own memory, and its own error for none
            self._end(now_ms, _MEMORY)
            return
        self._state = GREETING
        self._watch()

    def _turn(self, now_ms: int) -> None:
        """Let the client read once, and send what it may."""
        wire = self._wire
        if (
            wire.readable
            or wire.broken
            or not (wire.blocked or self._client.free())
            or ticks_diff(now_ms, self._client.due_ms()) >= 0
        ):
            cause = self._run(now_ms)
            if cause:
                self._end(now_ms, cause)
                return
        if self._state == UP:
            self._feed(now_ms)
        self._watch()

    def _run(self, now_ms: int) -> int:
        """Run the client once; return the cause of its end, or 0."""
        client = self._client
        try:
            cause = client.turn(now_ms)
        except MemoryError:
            return _MEMORY
        except Exception as error:
            say("quelea: the MQTT client failed:", repr(error))
            return _CRASH
        if client.connected and self._state == GREETING:
            self._state = UP
            self.cause = 0
            self._since_ms = now_ms
            self.counts[_CONNECTS] += 1
        self.counts[_RECEIVED] += client.received
        self.counts[_OVERSIZE] += client.oversize
        client.received = client.oversize = 0
        return _UNTRUSTED if self._wire.untrusted else _CAUSES[cause]

    def _watch(self) -> None:
        """Ask poll for what the client can use now."""
        mask = _READ if self._client.free() or self._wire.shaking else _WRITE
        if mask != self._mask:
            self._mask = mask
            self._poller.modify(self._raw, mask)

    def _end(self, now_ms: int, cause: int) -> None:
        """End the connection or attempt; the next attempt is due after a while."""
        self.counts[cause] += 1
        self.cause = cause
        if self._state == UP:
            self.counts[_LOSSES] += 1
            if ticks_diff(now_ms, self._since_ms) >= limits.RECONNECT_MS_MAX:
                self._tries = 0  # a connection that lasted; a short one does not count, lest
                # two nodes of the same name throw each other out without a pause
        self._places.turn(self._state == DOWN or self._state == DIALLING)
        self._clear()
        self._retry_ms = ticks_add(now_ms, backoff_ms(self._tries, self._node))
        self._tries += 1

    def _clear(self) -> None:
        if self._raw is not None:
            self._poller.unregister(self._raw)
            try:
                (self._raw if self._wire is None else self._wire.raw).close()
            except OSError:
                pass
        self._raw = None
        self._wire = None
        self._client = None
        self._state = DOWN
        self._queue.clear()
        self._subscriptions.clear()

    def _due_ms(self, deadline_ms: int) -> int:
        """Return the earlier of deadline_ms and the own next deadline."""
        if self._state == DOWN:
            due_ms = self._retry_ms if self._wanted else None
        elif self._state == DIALLING:
            due_ms = ticks_add(self._since_ms, self._answer_ms)
        else:
            due_ms = self._client.due_ms()
        if due_ms is None or ticks_diff(due_ms, deadline_ms) > 0:
            return deadline_ms
        return due_ms

    # -- messages -----------------------------------------------------------------------------

    def _may_send(self, qos: int) -> bool:
        client = self._client
        return client.free() and (not qos or client.in_flight < limits.IN_FLIGHT_MAX)

    def _send(self, now_ms: int, topic: bytes, payload, qos: int, retain: bool) -> None:
        self.counts[_SENT] += 1
        self._client.publish(now_ms, topic, payload, qos, retain)

    def _feed(self, now_ms: int) -> None:
        """Send what waits, as far as the socket takes it; subscriptions first."""
        while self._subscriptions and self._client.free():
            rows = []
            room = limits.PACKET_BYTES_MAX - 8
            while self._subscriptions and room > len(self._subscriptions[0][0]) + 3:
                room -= len(self._subscriptions[0][0]) + 3
                rows.append(self._subscriptions.pop(0))
            self._client.subscribe(now_ms, rows)
        queue = self._queue
        while len(queue) and self._may_send(queue.first()[2]):
            topic, payload, qos, retain = queue.first()
            queue.pop()
            self._send(now_ms, topic, payload, qos, retain)

    def _busy(self) -> bool:
        """Return whether anything is still to be sent or acknowledged."""
        client = self._client
        return client.in_flight > 0 or len(self._queue) > 0 or not client.free()

    def _part(self) -> None:
        """Say DISCONNECT and wait a moment for the broker to close."""
        poller = select.poll()
        poller.register(self._raw, _READ)
        end_ms = ticks_add(self._ticks.ticks_ms(), _LINGER_MS)
        self._wire.part(
            packets.DISCONNECT, poller, lambda: ticks_diff(end_ms, self._ticks.ticks_ms())
        )
