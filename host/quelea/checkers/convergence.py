"""Convergence: the spread of the honest values over time, and the rounds it took to shrink.

Once faults have ended, agreement is due within the bound that the graph's spectrum predicts.
"""

from dataclasses import dataclass

import numpy as np

from quelea.checkers.facts import Facts
from quelea.checkers.record import Ints, Record, Violation

SETTLED_SHARE = 0.01  # an epoch counts as converged at this share of its first spread ...
SETTLED_Q = 4  # ... or at this spread in q, whichever is larger
RING = 1 << 16


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

    def rounds_to(self, near_q: int, period_ms: int) -> float | None:
        """Return the rounds to a spread of near_q, None for never; near_q 0: the settled one."""
        if near_q == 0:
            return self.rounds
        there = np.flatnonzero(self.spread_q <= near_q)
        if len(there) == 0:
            return None
        return float(self.t_us[there[0]] - self.t_us[0]) / 1000 / period_ms


def epochs(record: Record, honest_count: int, period_ms: int) -> list[Epoch]:
    """Return the epochs in which all honest_count honest nodes took part, in order of time."""
    seen = np.unique(record.epoch[record.honest]).tolist()
    found = [_one(record, int(number), honest_count, period_ms) for number in seen]
    return sorted((one for one in found if one is not None), key=lambda one: int(one.t_us[0]))


def _one(record: Record, number: int, honest_count: int, period_ms: int) -> Epoch | None:
    newest: dict[int, int] = {}
    times: list[int] = []
    spreads: list[int] = []
    at_first = int(np.flatnonzero(record.honest & (record.epoch == number))[0])
    for at in range(at_first, len(record)):
        if not record.honest[at]:
            continue
        source = int(record.source[at])
        if record.epoch[at] != number:
            if source in newest:
                if len(newest) == honest_count:
                    break
                if (record.epoch[at] - number) % RING >= RING // 2:
                    del newest[source]  # a reboot's epoch 0, and back: it will come once more
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


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each way in which agreement was not reached in time after the calm.

    Resilient: every epoch that began in the calm shrinks its spread within rounds_max, and the
    last whole one ends with it shrunk. Exact: the run ends with the spread shrunk.
    """
    if facts.calm_us < 0 or facts.rounds_max == 0:
        return []
    calm = record.after(facts.calm_us)
    times, spreads_q = course(calm, facts.honest_count)
    if len(times) == 0:
        spoke = len(np.unique(calm.source[calm.honest]))
        text = f"{spoke} of {facts.honest_count} honest nodes spoke since all was calm"
        return [Violation(text, facts.end_us)]
    if facts.mode == "exact" or facts.epoch_rounds == 0:
        return _at_the_end(facts, int(spreads_q[-1]))
    found = epochs(calm, facts.honest_count, facts.period_ms)[1:]
    whole = found[:-1] or found
    if not whole:
        return [Violation("no epoch with all honest nodes since all was calm", facts.end_us)]
    return [text for epoch in whole for text in _in_epoch(facts, epoch)]


def _at_the_end(facts: Facts, spread_q: int) -> list[str]:
    if spread_q <= facts.spread_max_q:
        return []
    waited = (facts.end_us - facts.calm_us) / 1000 / facts.period_ms
    text = (
        f"the spread is {spread_q} q after {waited:.0f} calm rounds, {facts.spread_max_q} is due"
    )
    return [Violation(text, facts.end_us)]


def _in_epoch(facts: Facts, epoch: Epoch) -> list[str]:
    bound_q = max(facts.spread_max_q, int(facts.spread_share * epoch.first_spread_q))
    end_us = int(epoch.t_us[-1])
    for t_us, spread_q in zip(epoch.t_us.tolist(), epoch.spread_q.tolist()):
        if spread_q <= bound_q:
            rounds = (t_us - int(epoch.t_us[0])) / 1000 / facts.period_ms
            if rounds <= facts.rounds_max:
                break
            text = f"epoch {epoch.number} took {rounds:.1f} rounds, {facts.rounds_max:.1f} are due"
            return [Violation(text, t_us)]
    else:
        text = (
            f"epoch {epoch.number}: the spread fell from {epoch.first_spread_q} to "
            f"{epoch.spread_q.min()} q only, {bound_q} is due"
        )
        return [Violation(text, end_us)]
    if epoch.final_spread_q > bound_q:
        text = f"epoch {epoch.number} ended with a spread of {epoch.final_spread_q} q"
        return [Violation(text, end_us)]
    return []
