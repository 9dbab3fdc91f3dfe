"""A bad network between the nodes and the broker, on request: `--network delay:50,cut:10`.

Each word of the list is a fault of the proxy (proxy.py) with its size: NETWORK below. What is
done to connections is done again and again, every so many seconds, to a share of them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from quelea.errors import UserError
from quelea.fleet.broker import Broker
from quelea.fleet.proxy import FaultyProxy
from quelea.journal import Recorder

FLAG = "--network"
SHARE = 0.2  # of the connections that a fault hits
FREEZE_S = 4.0
GARBAGE_BYTES = 64

# name, unit of its size, smallest, largest, what it does
NETWORK = (
    ("delay", "ms", 1, 5000, "every piece waits so long, and up to as long again, both ways"),
    ("drip", "bytes", 1, 4096, "so many bytes pass every 10 ms"),
    ("cut", "s", 1, 3600, "every so often a fifth of the connections is reset"),
    ("freeze", "s", 5, 3600, "every so often a fifth of the connections stands still for 4 s"),
    ("half-open", "s", 1, 3600, "every so often a fifth loses the broker without a word"),
    ("garbage", "s", 1, 3600, "every so often 64 random bytes go into a fifth of the streams"),
)


def parse(spec: str) -> list[tuple[str, int]]:
    """Return (fault, size) for each word of `spec`; UserError for what is none."""
    found = []
    for word in filter(None, spec.split(",")):
        name, _, size = word.strip().partition(":")
        row = next((row for row in NETWORK if row[0] == name), None)
        if row is None:
            known = ", ".join(row[0] for row in NETWORK)
            raise UserError(f"no fault of the network named {name!r}", FLAG, f"one of: {known}")
        _, unit, smallest, largest, what = row
        if not size.isdigit() or not smallest <= int(size) <= largest:
            raise UserError(
                f"{word!r} has no size in range",
                FLAG,
                f"{name}:N with N from {smallest} to {largest} {unit}; {what}",
                f"{FLAG} {name}:{max(smallest, 10)}",
            )
        found.append((name, int(size)))
    return found


@dataclass
class _Repeated:
    name: str
    every_s: int
    act: Callable[[], int]
    due_s: float
    fault_id: int
    from_us: int
    fired: int = 0


class Network:
    """The proxy of a run. host, port: where the nodes connect; as a broker that only relays."""

    def __init__(self, spec: str, broker: Broker, recorder: Recorder, seed: int) -> None:
        self.recorder = recorder
        self.proxy = FaultyProxy(broker.host, broker.port, seed)
        self.proxy.start()
        self.host, self.port = self.proxy.host, self.proxy.port
        self.lasting: list[tuple[int, str, str, int]] = []  # fault id, name, counter, from_us
        self.repeated: list[_Repeated] = []
        self._thaw_s: float | None = None
        acts: dict[str, Callable[[], int]] = {
            "cut": lambda: self.proxy.cut("rst", share=SHARE),
            "freeze": self._freeze,
            "half-open": lambda: self.proxy.half_open(share=SHARE),
            "garbage": lambda: self.proxy.garbage(GARBAGE_BYTES, share=SHARE),
        }
        for name, size in parse(spec):
            from_us = recorder.now_us()
            fault_id = recorder.fault(name, "network", from_us)
            if name == "delay":
                self.proxy.slow(up_ms=size, down_ms=size, jitter_ms=size)
                self.lasting.append((fault_id, name, "delayed", from_us))
            elif name == "drip":
                self.proxy.drip(size, 10.0)
                self.lasting.append((fault_id, name, "drip_steps", from_us))
            else:
                row = _Repeated(name, size, acts[name], float(size), fault_id, from_us)
                self.repeated.append(row)

    def _freeze(self) -> int:
        self._thaw_s = time.monotonic() + FREEZE_S
        return self.proxy.freeze(share=SHARE)

    def act(self, elapsed_s: float) -> None:
        """Do what is due at this time of the run."""
        if self._thaw_s is not None and time.monotonic() >= self._thaw_s:
            self._thaw_s = None
            self.proxy.thaw()
        for row in self.repeated:
            if elapsed_s >= row.due_s:
                row.due_s += row.every_s
                row.fired += row.act()
                self._record(row.fault_id, row.name, row.from_us, row.fired)

    def _record(self, fault_id: int, name: str, from_us: int, fired: int) -> None:
        now_us = self.recorder.now_us()
        self.recorder.fault(name, "network", from_us, now_us, fired, fault_id=fault_id)

    def stop(self) -> None:
        """Record how often the lasting faults took effect, and end the proxy."""
        counts = self.proxy.counters()
        for fault_id, name, counter, from_us in self.lasting:
            self._record(fault_id, name, from_us, counts.get(counter, 0))
        self.proxy.stop()
