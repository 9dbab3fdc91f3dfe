"""Timing two things in turn, and the rows that come of it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

Work = Callable[[], object]

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


@dataclass(frozen=True)
class Row:
    """One line of the table.

    ours_s, peer_s: seconds for the same work. value: what is judged, in unit: by default how many
    times faster than the peer. bound: None for a row that is only shown; is_most: value must not
    exceed it.
    """

    name: str
    ours_s: float
    peer: str
    peer_s: float
    value: float
    unit: str = "x peer"
    bound: float | None = None
    is_most: bool = False
    note: str = ""

    @property
    def ok(self) -> bool:
        if self.bound is None:
            return True
        return self.value <= self.bound if self.is_most else self.value >= self.bound

    def check(self) -> dict[str, object]:
        """The row as an entry of `checks`."""
        return {
            "name": f"{self.name} / {self.peer}" if self.peer else self.name,
            "ok": self.ok,
            "value": round(self.value, 4),
            "bound": self.bound,
            "unit": self.unit,
            "ours_s": self.ours_s,
            "peer_s": self.peer_s,
            "note": self.note,
        }


def least(one: Row, other: Row) -> Row:
    """Return the same row, measured twice, with the least time of each side."""
    ours_s, peer_s = min(one.ours_s, other.ours_s), min(one.peer_s, other.peer_s)
    value = other.value
    if one.unit == "x peer":
        value = peer_s / ours_s
    elif one.unit == "x its time":
        value = ours_s / peer_s
    elif one.unit in ("ns", "ms", "s", "ns an agent"):
        value = one.value * ours_s / one.ours_s
    elif one.unit.endswith("/s"):
        value = one.value * one.ours_s / ours_s
    return replace(other, ours_s=ours_s, peer_s=peer_s, value=value)


def times(works: Sequence[Work], repeats: int, clock: Callable[[], float]) -> list[float]:
    """Return the least time of each, run in turn AAA BBB AAA BBB ..., `repeats` times each.

    The first of three in a row is not counted: each finds the caches as it leaves them itself.
    """
    best = [float("inf")] * len(works)
    for _ in range(max(repeats // 2, 1)):
        for i, work in enumerate(works):
            for run in range(3):
                start = clock()
                work()
                took = clock() - start
                if run:
                    best[i] = min(best[i], took)
    return best


def cpu(works: Sequence[Work], repeats: int = 7) -> list[float]:
    """Least seconds of this thread's processor time: not counting when others had the core."""
    return times(works, repeats, time.thread_time)


def after_others(works: Sequence[Work], other: Work, repeats: int = 5) -> list[float]:
    """Least processor time of each when `other`, not counted, went through the caches before."""
    best = [float("inf")] * len(works)
    for _ in range(repeats):
        for i, work in enumerate(works):
            other()
            start = time.thread_time()
            work()
            best[i] = min(best[i], time.thread_time() - start)
    return best


def wall(works: Sequence[Work], repeats: int = 7) -> list[float]:
    """Least seconds by the clock on the wall: for work on several threads."""
    return times(works, repeats, time.perf_counter)


def per_call(work: Work, calls: int, repeats: int = 9) -> float:
    """Seconds a call, of many in a loop, less what the empty loop costs."""
    empty = range(calls)

    def loop() -> None:
        for _ in empty:
            work()

    def nothing() -> None:
        for _ in empty:
            pass

    full_s, empty_s = cpu([loop, nothing], repeats)
    return (full_s - empty_s) / calls


def shown(seconds: float) -> str:
    """Return a time in the unit that suits it; a dash for none."""
    if seconds <= 0:
        return "-"
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.2g} ns"


def table(rows: list[Row]) -> list[str]:
    """Return the rows as aligned lines."""
    cells = [("", "what", "ours", "against", "its time", "value", "bound", "")]
    for row in rows:
        bound = "" if row.bound is None else f"{'<=' if row.is_most else '>='} {row.bound:g}"
        mark = " " if row.bound is None else "ok" if row.ok else "NO"
        value = f"{row.value:.3g} {row.unit}" if row.unit else ""
        cells.append(
            (
                mark,
                row.name,
                shown(row.ours_s),
                row.peer,
                shown(row.peer_s),
                value,
                bound,
                row.note,
            )
        )
    widths = [max(len(line[i]) for line in cells) for i in range(7)]
    return ["  ".join(c.ljust(w) for c, w in zip(line, [*widths, 0])).rstrip() for line in cells]
