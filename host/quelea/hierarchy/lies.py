"""What lying delegates say at scale: rows of quelea.hierarchy.upper, changed in place."""

import numpy as np
from quelea_proto.cluster_row import NEVER

from quelea.hierarchy.upper import Bools, Lie, Rows

SIZE_SAID = 60_000


def everything(to_q: int) -> Lie:
    """Say that every cluster, and the fleet, is at to_q, as of now, and larger than it can be."""

    def lie(rows: Rows, who: Bools) -> None:
        rows.value_q[who] = to_q
        rows.size[who] = SIZE_SAID
        rows.age[who] = 0
        rows.fleet_q[who] = to_q

    return lie


def nothing(rows: Rows, who: Bools) -> None:
    """Say that nobody has been heard of, and keep the seat."""
    rows.value_q[who] = rows.size[who] = rows.fleet_q[who] = 0
    rows.age[who] = NEVER


def drawn(seed: int, lo_q: int, hi_q: int) -> Lie:
    """Say anything, newly drawn for each entry and interval."""
    rng = np.random.default_rng(seed)

    def lie(rows: Rows, who: Bools) -> None:
        shape = rows.value_q[who].shape
        rows.value_q[who] = rng.integers(lo_q, hi_q + 1, shape)
        rows.size[who] = rng.integers(0, SIZE_SAID, shape)
        rows.age[who] = rng.integers(0, 3, shape)
        rows.fleet_q[who] = rng.integers(lo_q, hi_q + 1, shape[:1])

    return lie


def lies(seed: int, lo_q: int, hi_q: int) -> tuple[tuple[str, Lie], ...]:
    """Return every lie, by name."""
    return (
        ("high", everything(hi_q)),
        ("low", everything(lo_q)),
        ("nothing", nothing),
        ("drawn", drawn(seed, lo_q, hi_q)),
    )
