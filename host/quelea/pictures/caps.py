"""The shared limit over time: each node's cap, what is under way, and the limit itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.journal import Journal
from quelea.watch.budget import Budget
from quelea.watch.facts import Facts
from quelea.watch.state import HEADROOM

POINTS_MAX = 2_000
MISSING = "This journal has no headroom rows: the run shared no limit, so there are no caps."


@dataclass(frozen=True)
class Allocation:
    """caps_q: shape (nodes, times), what each node may draw. under_way_q, by time: given and not
    taken yet. budget_q: limit times safety factor, None where the run does not say it."""

    numbers: list[int]
    t_s: NDArray[np.float64]
    caps_q: NDArray[np.float64]
    under_way_q: NDArray[np.float64]
    limit_q: int | None
    budget_q: int | None
    violations: int
    limits: int = 1  # of the fleet; this is the first of them


def read_allocation(journal: Journal) -> Allocation | None:
    """Return who might draw how much when, or None where nobody published headroom rows."""
    facts = Facts.of_run(journal.run())
    budget = Budget()
    budget.set_up(facts.headroom)
    times: list[float] = []
    columns: list[dict[int, int]] = []
    way: list[int] = []
    step_us = max(1, journal.end_us() // POINTS_MAX)
    next_us = 0
    for row in journal.frames(good=None):
        if not row.payload or row.payload[0] & 31 != HEADROOM:
            continue
        budget.take(row.t_us, row.source, row.payload)
        if row.t_us >= next_us:
            next_us = row.t_us + step_us
            numbers = budget.parts.keys() | budget.said.keys()
            columns.append({number: budget.cap_q(number) or 0 for number in numbers})
            times.append(row.t_us / 1e6)
            way.append(budget.under_way_q)
    if not columns or not budget.rows:
        return None
    order: list[int] = sorted({number for column in columns for number in column})
    caps: Any = np.array([[column.get(number, 0) for column in columns] for number in order])
    return Allocation(
        order, np.array(times), caps.astype(np.float64), np.array(way, dtype=np.float64),
        budget.limit_q, budget.budget_q, budget.violations,
        len(facts.headroom.get("limits") or [0]),
    )  # fmt: skip
