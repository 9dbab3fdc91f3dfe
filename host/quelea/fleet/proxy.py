"""A faulty network between the nodes and their broker, switched while it runs.

    with FaultyProxy(broker.host, broker.port, seed=7) as proxy:
        ...                                     # nodes connect to proxy.host, proxy.port
        proxy.cut("rst", clients=["n03"])
        proxy.slow(down_ms=200, jitter_ms=50)
        assert proxy.counters()["cut_rst"] == 1

It runs in a thread of its own. Connections are known by their MQTT client id. Where a fault takes
`clients`, None means all; `share` picks that part of them at random, at least one, by the seed.
`counters()` says how often each fault has really happened.
"""

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self, TypeVar

from quelea.fleet.forkserver_main import raise_file_limit
from quelea.fleet.proxy_link import DOWN, UP, Filter, Link, Shape

LOOPBACK = "127.0.0.1"
CALL_S = 10.0  # longest wait for the proxy's thread
CLOSE_TURNS_MAX = 100
BACKLOG = 1024  # a whole fleet may connect at once

Result = TypeVar("Result")


class FaultyProxy:
    """Forwards each connection to target_host:target_port. port: 0 takes a free one.

    filter_: sees every MQTT packet and says what is passed instead; it runs in the proxy's thread.
    """

    def __init__(
        self,
        target_host: str,
        target_port: int,
        seed: int = 0,
        port: int = 0,
        filter_: Filter | None = None,
    ) -> None:
        self._filter = filter_
        self.host = LOOPBACK
        self.port = port
        self.seed = seed
        self._target = (target_host, target_port)
        # Who is hit must not depend on how many bytes have passed: two streams of one seed.
        self._choice = random.Random(f"{seed} choice")
        self._jitter = random.Random(f"{seed} jitter")
        self._shapes = {UP: Shape(), DOWN: Shape()}
        self._links: dict[int, Link] = {}
        self._accepted = 0
        self._counts: Counter[str] = Counter()
        self._refusing = False
        self._freezing = False
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    # -- life -----------------------------------------------------------------------------------
    def start(self) -> None:
        """Listen; OSError when the port is taken."""
        raise_file_limit()  # two sockets a node
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(CALL_S)
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Break all connections and end the thread."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._close_all(), self._loop).result(CALL_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- figures --------------------------------------------------------------------------------
    def clients(self) -> list[str]:
        """Return the client ids of the open connections, sorted; `#n` where none was given."""
        return self._call(lambda: sorted(link.name for link in self._links.values()))

    def counters(self) -> dict[str, int]:
        """Return how often each thing has happened; what never did is missing or 0.

        accepted, refused, broker_unreachable, bytes_up, bytes_down, delayed (pieces), cut_rst,
        cut_fin, frozen, thawed, half_open, half_open_bytes (thrown away), garbage,
        garbage_bytes, drip_steps.
        """
        return self._call(lambda: dict(self._counts))

    # -- faults of the whole network ------------------------------------------------------------
    def slow(self, *, up_ms: float = 0.0, down_ms: float = 0.0, jitter_ms: float = 0.0) -> None:
        """Delay what passes from now on, each piece by up to jitter_ms more; order is kept."""
        for direction, delay_ms in ((UP, up_ms), (DOWN, down_ms)):
            self._shapes[direction].delay_ms = delay_ms
            self._shapes[direction].jitter_ms = jitter_ms if delay_ms else 0.0

    def drip(self, bytes_a_step: int, step_ms: float, direction: str = "both") -> None:
        """Pass only a few bytes every step_ms; 0 bytes_a_step ends it."""
        for name in self._directions(direction):
            self._shapes[name].drip_bytes = bytes_a_step
            self._shapes[name].drip_step_ms = step_ms
        self._call(self._flush_all)

    def refuse(self, how: str = "reset") -> None:
        """Refuse new connections: accept and `reset` them, or be `closed` (nobody listens)."""
        if how not in ("reset", "closed"):
            raise ValueError(f"{how!r} is neither 'reset' nor 'closed'")
        self._refusing = True
        if how == "closed":
            self._call(self._close_server)

    def accept(self) -> None:
        """Take new connections again."""
        self._refusing = False
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(CALL_S)

    def clear(self) -> None:
        """End all faults that last; broken connections stay broken."""
        self.slow()
        self.drip(0, 0.0)
        self.accept()
        self.thaw()

    # -- faults of connections ------------------------------------------------------------------
    def cut(
        self, how: str = "rst", clients: Collection[str] | None = None, share: float = 1.0
    ) -> int:
        """Break connections by `rst` or end them by `fin`; return how many."""
        if how not in ("rst", "fin"):
            raise ValueError(f"{how!r} is neither 'rst' nor 'fin'")
        act = Link.reset if how == "rst" else Link.finish
        return self._hit("cut_" + how, act, clients, share)

    def freeze(self, clients: Collection[str] | None = None, share: float = 1.0) -> int:
        """Forward nothing any more, keep all open; return how many connections.

        With neither clients nor share, connections that come later are frozen as well.
        """
        self._freezing = clients is None and share >= 1.0
        return self._hit("frozen", lambda link: link.freeze(True), clients, share)

    def thaw(self) -> int:
        """Forward again, first what was held; return how many connections were frozen."""
        self._freezing = False

        def thaw() -> int:
            frozen = [link for link in self._links.values() if link.up.frozen]
            for link in frozen:
                link.freeze(False)
            self._counts["thawed"] += len(frozen)
            return len(frozen)

        return self._call(thaw)

    def half_open(self, clients: Collection[str] | None = None, share: float = 1.0) -> int:
        """Lose the broker's side of connections without a word to the node; return how many.

        The node's connection stays open, what it sends is thrown away, nothing ever comes.
        """
        return self._hit("half_open", Link.lose_broker, clients, share)

    def garbage(
        self,
        bytes_: int,
        direction: str = DOWN,
        clients: Collection[str] | None = None,
        share: float = 1.0,
    ) -> int:
        """Put random bytes into the streams, between two pieces; return how many streams."""
        names = self._directions(direction)

        def spoil(link: Link) -> None:
            for name in names:
                pipe = link.up if name == UP else link.down
                pipe.push(self._choice.randbytes(bytes_))
                self._counts["garbage_bytes"] += bytes_

        return self._hit("garbage", spoil, clients, share)

    # -- in the proxy's thread ------------------------------------------------------------------
    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _call(self, function: Callable[[], Result]) -> Result:
        async def run() -> Result:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(CALL_S)

    async def _listen(self) -> None:
        if self._server is not None:
            return
        self._server = await self._loop.create_server(
            self._accept, self.host, self.port, backlog=BACKLOG, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _accept(self) -> asyncio.Protocol:
        if self._refusing:
            return _Refusal(self._counts)
        self._accepted += 1
        self._counts["accepted"] += 1
        link = Link(
            self._accepted,
            self._loop,
            self._shapes,
            self._jitter,
            self._count,
            self._forget,
            self._filter,
        )
        self._links[link.number] = link
        if self._freezing:
            self._loop.call_soon(link.freeze, True)
            self._counts["frozen"] += 1
        link.dial(*self._target)
        return link.up

    def _count(self, name: str, by: int = 1) -> None:
        self._counts[name] += by

    def _forget(self, link: Link) -> None:
        self._links.pop(link.number, None)

    def _hit(
        self,
        name: str,
        act: Callable[[Link], None],
        clients: Collection[str] | None,
        share: float,
    ) -> int:
        def run() -> int:
            links = [
                link
                for link in self._links.values()
                if (clients is None or link.name in clients) and not link.half_open
            ]
            if share < 1.0 and links:
                links.sort(key=lambda link: (link.name, link.number))
                links = self._choice.sample(links, max(1, round(share * len(links))))
            for link in links:
                act(link)
            self._counts[name] += len(links)
            return len(links)

        return self._call(run)

    def _flush_all(self) -> None:
        for link in self._links.values():
            for pipe in link.pipes:
                pipe.flush()

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _close_all(self) -> None:
        self._close_server()
        for link in list(self._links.values()):
            link.reset()
        for _ in range(CLOSE_TURNS_MAX):  # a socket is closed one turn of the loop later
            if not self._links:
                break
            await asyncio.sleep(0)

    @staticmethod
    def _directions(direction: str) -> tuple[str, ...]:
        if direction not in (UP, DOWN, "both"):
            raise ValueError(f"{direction!r} is none of 'up', 'down', 'both'")
        return (UP, DOWN) if direction == "both" else (direction,)


class _Refusal(asyncio.Protocol):
    """Resets a connection as soon as it is there."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._counts["refused"] += 1
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.close()
