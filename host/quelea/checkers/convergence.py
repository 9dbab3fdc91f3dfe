"""Convergence: the spread of the honest values over time, and the rounds it took to shrink."""

from dataclasses import dataclass

import numpy as np

from quelea.checkers.record import Ints, Record

SETTLED_SHARE = 0.01  # an epoch counts as converged at this share of its first spread ...
SETTLED_Q = 4  # ... or at this spread in q, whichever is larger


@dataclass(frozen=True)
class Epoch:
    """One epoch: from the moment all honest nodes are in it until the first one leaves it.

    rounds: to the settled spread, None if it was not reached. t_us, spread_q: the whole course.
    """

    number: int
    first_spread_q: int
    final_spread_q: int
    settled_q: int
    rounds: float | None
    t_us: Ints
    spread_q: Ints


def epochs(record: Record, honest_count: int, period_ms: int) -> list[Epoch]:
    """Return the epochs in which all honest_count honest nodes took part, in order of time."""
    found = []
    seen = record.epoch[record.honest]
    for number in dict.fromkeys(seen.tolist()):
        epoch = _one(record, int(number), honest_count, period_ms)
        if epoch is not None:
            found.append(epoch)
    return found


def _one(record: Record, number: int, honest_count: int, period_ms: int) -> Epoch | None:
    newest: dict[int, int] = {}
    left: set[int] = set()
    times: list[int] = []
    spreads: list[int] = []
    at_first = int(np.flatnonzero(record.honest & (record.epoch == number))[0])
    for at in range(at_first, len(record)):
        if not record.honest[at]:
            continue
        source = int(record.source[at])
        if record.epoch[at] != number:
            if source in newest:
                left.add(source)
                if len(newest) == honest_count:
                    break
            continue
        newest[source] = int(record.value_q[at])
        if len(newest) == honest_count:
            times.append(int(record.t_us[at]))
            spreads.append(max(newest.values()) - min(newest.values()))
    if not times:
        return None
    settled_q = max(SETTLED_Q, int(SETTLED_SHARE * spreads[0]))
    rounds = None
    for t_us, spread_q in zip(times, spreads, strict=True):
        if spread_q <= settled_q:
            rounds = (t_us - times[0]) / 1000 / period_ms
            break
    return Epoch(
        number,
        spreads[0],
        min(spreads[-1:]),
        settled_q,
        rounds,
        np.array(times),
        np.array(spreads),
    )


def course(record: Record, honest_count: int) -> tuple[Ints, Ints]:
    """Return (t_us, spread_q) over the whole run, whatever epochs the nodes are in."""
    newest: dict[int, int] = {}
    times: list[int] = []
    spreads: list[int] = []
    for at in np.flatnonzero(record.honest):
        newest[int(record.source[at])] = int(record.value_q[at])
        if len(newest) == honest_count:
            times.append(int(record.t_us[at]))
            spreads.append(max(newest.values()) - min(newest.values()))
    return np.array(times, dtype=np.int64), np.array(spreads, dtype=np.int64)
