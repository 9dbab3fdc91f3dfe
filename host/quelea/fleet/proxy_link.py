"""One proxied connection: two pipes whose bytes can be held, slowed, spoilt or thrown away.

Bytes of one direction keep their order whatever is done to them. Reading stops while too much
waits, so a fault that holds bytes pushes back on the sender as a real network does.
"""

import asyncio
import random
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from quelea.fleet.packets import Packets

UP, DOWN = "up", "down"  # node to broker, broker to node
HELD_BYTES_MAX = 1 << 18  # held in one pipe before reading stops; the kernel holds as much again
CONNECT_S = 5.0

# (client id, direction, packet) -> what to pass instead: (seconds to wait, packet) each
Filter = Callable[[str, str, bytes], Sequence[tuple[float, bytes]]]


@dataclass
class Shape:
    """How one direction is treated: a delay with jitter, and a drip of bytes a step."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    drip_bytes: int = 0  # 0: as fast as it comes
    drip_step_ms: float = 0.0


class Pipe(asyncio.Protocol):
    """Receives from one socket and sends to the other. `peer` is the pipe that sends to ours."""

    def __init__(self, link: "Link", direction: str) -> None:
        self.link = link
        self.direction = direction
        self.transport: asyncio.Transport | None = None
        self.peer: Pipe
        self.frozen = False
        self._queue: deque[tuple[float, bytes]] = deque()  # (due, bytes); none of them: the end
        self._held_bytes = 0
        self._paused = False
        self._congested = False  # the receiver's own buffer is full
        self._timer: asyncio.TimerHandle | None = None
        self._drip_next_s = 0.0
        self._packets = Packets()

    # -- asyncio's side -------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.link.opened(self)

    def data_received(self, data: bytes) -> None:
        link = self.link
        link.count("bytes_" + self.direction, len(data))
        if self.direction == UP and not link.name_known:
            link.learn_name(data)
        if link.half_open:
            link.count("half_open_bytes", len(data))
            return
        shape = link.shapes[self.direction]
        due_s = 0.0
        if shape.delay_ms or shape.jitter_ms:
            link.count("delayed")
            wait_ms = shape.delay_ms + link.random.uniform(0.0, shape.jitter_ms)
            due_s = link.loop.time() + wait_ms / 1000.0
        if link.filter is None:
            self.push(data, due_s)
            return
        for packet in self._packets.feed(data):
            for wait_s, piece in link.filter(link.name, self.direction, packet):
                if wait_s > 0:  # others may overtake it
                    link.loop.call_later(wait_s, self.push, piece, due_s)
                else:
                    self.push(piece, due_s)

    def connection_lost(self, error: Exception | None) -> None:
        self.link.ended(self, error)

    def pause_writing(self) -> None:
        self.peer._congested = True
        self.peer._throttle()

    def resume_writing(self) -> None:
        self.peer._congested = False
        self.peer.flush()

    # -- our side -------------------------------------------------------------------------------
    def push(self, data: bytes, due_s: float = 0.0) -> None:
        """Send data to the other socket at due_s, after what was pushed before; b"" ends it."""
        self._queue.append((due_s, data))
        self._held_bytes += len(data)
        self.flush()

    def flush(self) -> None:
        """Send what is due."""
        out = self.peer.transport
        if out is None or self.frozen or out.is_closing():
            self._throttle()
            return
        shape = self.link.shapes[self.direction]
        now_s = self.link.loop.time()
        while self._queue and not self._congested:
            due_s, data = self._queue[0]
            if shape.drip_bytes:
                due_s = max(due_s, self._drip_next_s)
            if due_s > now_s:
                self._wake_at(due_s)
                break
            self._queue.popleft()
            if not data:
                out.close()
                break
            if shape.drip_bytes:
                self.link.count("drip_steps")
                self._drip_next_s = now_s + shape.drip_step_ms / 1000.0
                if len(data) > shape.drip_bytes:
                    self._queue.appendleft((0.0, data[shape.drip_bytes :]))
                    data = data[: shape.drip_bytes]
            self._held_bytes -= len(data)
            out.write(data)
        self._throttle()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _wake_at(self, due_s: float) -> None:
        if self._timer is None or self._timer.when() > due_s or self._timer.cancelled():
            self.stop()
            self._timer = self.link.loop.call_at(due_s, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self.flush()

    def _throttle(self) -> None:
        """Stop reading while too much is held, the receiver is full, or the pipe is frozen."""
        if self.transport is None or self.transport.is_closing():
            return
        full = self.frozen or self._congested or self._held_bytes > HELD_BYTES_MAX
        if full and not self._paused:
            self.transport.pause_reading()
        elif self._paused and not full:
            self.transport.resume_reading()
        self._paused = full


class Link:
    """A node's connection and the one made for it to the broker. `name` is its MQTT client id."""

    def __init__(
        self,
        number: int,
        loop: asyncio.AbstractEventLoop,
        shapes: dict[str, Shape],
        random_: random.Random,
        count: Callable[..., None],
        gone: Callable[["Link"], None],
        filter_: Filter | None = None,
    ) -> None:
        self.filter = filter_
        self.name = f"#{number}"
        self.name_known = False
        self.number = number
        self.loop = loop
        self.shapes = shapes
        self.random = random_
        self.count = count
        self.half_open = False
        self._gone = gone
        self.up = Pipe(self, UP)
        self.down = Pipe(self, DOWN)
        self.up.peer, self.down.peer = self.down, self.up
        self._dial: asyncio.Task[None] | None = None

    @property
    def pipes(self) -> tuple[Pipe, Pipe]:
        return self.up, self.down

    def dial(self, host: str, port: int) -> None:
        """Connect to the broker; the node is reset if that fails."""
        self._dial = self.loop.create_task(self._connect(host, port))

    async def _connect(self, host: str, port: int) -> None:
        try:
            await asyncio.wait_for(
                self.loop.create_connection(lambda: self.down, host, port), CONNECT_S
            )
        except (OSError, TimeoutError):
            self.count("broker_unreachable")
            self.reset()

    def opened(self, pipe: Pipe) -> None:
        if pipe is self.down:
            self.up.flush()  # what the node has sent, and its end if it has left already

    def ended(self, pipe: Pipe, error: Exception | None) -> None:
        """One socket is gone: end the other likewise, after what it is still to get."""
        pipe.transport = None
        pipe.peer.stop()
        other = pipe.peer.transport
        if self.half_open and pipe is self.down:
            return
        if error is None and not self.half_open:
            pipe.push(b"")
        elif other is not None:
            _reset(other)
        dialling = self._dial is not None and not self._dial.done()
        if error is not None and dialling:
            self.reset()
        elif self.up.transport is None and self.down.transport is None and not dialling:
            pipe.stop()
            self._gone(self)

    def learn_name(self, data: bytes) -> None:
        """Take the client id out of a CONNECT (MQTT 3.1.1, 3.1)."""
        self.name_known = True
        at = 1
        while at < len(data) and data[at] & 0x80:
            at += 1
        try:
            (protocol_bytes,) = struct.unpack_from(">H", data, at + 1)
            at += 1 + 2 + protocol_bytes + 1 + 1 + 2  # level, flags, keepalive
            (id_bytes,) = struct.unpack_from(">H", data, at)
            self.name = data[at + 2 : at + 2 + id_bytes].decode() or self.name
        except (struct.error, UnicodeDecodeError):
            return  # not MQTT, or in small pieces; it keeps its number

    # -- faults -----------------------------------------------------------------------------------
    def freeze(self, frozen: bool) -> None:
        for pipe in self.pipes:
            pipe.frozen = frozen
            pipe.flush()

    def finish(self) -> None:
        """Close both sides in order (FIN)."""
        for pipe in self.pipes:
            pipe.stop()
            if pipe.transport is not None:
                pipe.transport.close()

    def reset(self) -> None:
        """Break both sides (RST)."""
        if self._dial is not None:
            self._dial.cancel()
        for pipe in self.pipes:
            pipe.stop()
            if pipe.transport is not None:
                _reset(pipe.transport)
        if self.up.transport is None and self.down.transport is None:
            self._gone(self)

    def lose_broker(self) -> None:
        """Leave the node with a connection behind which there is nobody; the broker is reset."""
        self.half_open = True
        if self.down.transport is not None:
            _reset(self.down.transport)


def _reset(transport: asyncio.Transport) -> None:
    """Close with RST: lingering for 0 s throws away what is not sent yet."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
