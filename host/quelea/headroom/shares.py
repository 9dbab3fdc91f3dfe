"""What every member ought to have, a second time: sorted, with exact fractions, for reading.

The allocation that runs on boards is held to these definitions by the tests, and the verdicts
judge what a fleet really did by them. Shares no code with the board.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from quelea.headroom.group import Load

Amounts = Mapping[int, int]


def poured(
    low_q: Sequence[int], high_q: Sequence[int], budget_q: Fraction | int
) -> list[Fraction]:
    """Return max-min shares: of the one level, or all that is claimed where there is enough."""
    level = level_of(low_q, high_q, budget_q)
    return _parts(low_q, high_q, Fraction(max(high_q, default=0)) if level is None else level)


def _parts(low_q: Sequence[int], high_q: Sequence[int], level: Fraction) -> list[Fraction]:
    """Return the shares max(low, min(level, high))."""
    return [
        min(Fraction(high), max(Fraction(low), level))
        for low, high in zip(low_q, high_q, strict=True)
    ]


def level_of(
    low_q: Sequence[int], high_q: Sequence[int], budget_q: Fraction | int
) -> Fraction | None:
    """Return the water level, found among the points where a member enters or is full: the
    highest at which the shares add up to no more than budget_q; None: all are full."""
    points = sorted({Fraction(point) for point in (*low_q, *high_q)} | {Fraction(0)})
    below = Fraction(0)
    for point in points:
        if sum(_parts(low_q, high_q, point)) > budget_q:
            rising = sum(low <= below < high for low, high in zip(low_q, high_q, strict=True))
            spare = Fraction(budget_q) - sum(_parts(low_q, high_q, below))
            return below + spare / rising if rising else below
        below = point
    return None


class Heard(NamedTuple):
    """What one member knows. rows: (floor, what is claimed or the floor, most) by member. own: the
    member itself, whose claim it knows. room_q: what one liar may have added to, or kept of, the
    budget, which is at most budget_max_q."""

    rows: Sequence[tuple[int, int, int]]
    own: int
    budget_q: int
    budget_max_q: int
    room_q: int
    faults_max: int


def levels_possible(heard: Heard) -> tuple[Fraction | None, Fraction | None]:
    """Return the least and the highest level that somebody may have reckoned who was told
    something else by F of the others; None: it is above all claims.

    By all choices of F others, each of which may have claimed all, or nothing.
    """
    rows, own, budget_q, budget_max_q, room_q, faults_max = heard
    low_q = [row[0] for row in rows]
    others = [i for i in range(len(rows)) if i != own]
    least: list[Fraction | None] = []
    highest: list[Fraction | None] = []
    for chosen in combinations(others, min(faults_max, len(others))):
        claimed = [max(row[0], row[2]) if i in chosen else row[1] for i, row in enumerate(rows)]
        silent = [row[0] if i in chosen else row[1] for i, row in enumerate(rows)]
        least.append(level_of(low_q, claimed, budget_q - faults_max * room_q))
        highest.append(level_of(low_q, silent, min(budget_q + faults_max * room_q, budget_max_q)))
    found = [level for level in least if level is not None]
    high = [level for level in highest if level is not None]
    return (
        min(found) if found else None,
        max(high) if len(high) == len(highest) else None,
    )


def agreed(heard: Heard, settled_q: int) -> list[Fraction]:
    """Return max-min shares at the level that the consensus settled on, where that is possible
    and somebody may lie; else at the one that was reckoned here. See levels_possible."""
    low_q, high_q = [row[0] for row in heard.rows], [row[1] for row in heard.rows]
    least, highest = levels_possible(heard)
    above = least is not None and settled_q >= int(least)
    if heard.faults_max and above and (highest is None or settled_q <= int(highest)):
        return _parts(low_q, high_q, Fraction(settled_q))
    return poured(low_q, high_q, heard.budget_q)


def proportional(
    low_q: Sequence[int], high_q: Sequence[int], budget_q: int, total_q: int
) -> list[Fraction]:
    """Return shares in proportion to claims, which are cut to one level where they exceed what
    the consensus holds possible (total_q, 0: anything), and at least the lows."""
    if sum(high_q) <= budget_q:
        return [Fraction(high) for high in high_q]
    believed = [Fraction(high) for high in high_q]
    if total_q and sum(high_q) > max(total_q, budget_q):
        believed = poured(low_q, high_q, max(total_q, budget_q))
    fixed: set[int] = set()
    while True:
        rest = Fraction(budget_q) - sum(low_q[i] for i in fixed)
        weight = sum(believed[i] for i in range(len(low_q)) if i not in fixed)
        shares = [
            Fraction(low_q[i])
            if i in fixed
            else min(Fraction(1), max(rest, Fraction(0)) / weight) * believed[i]
            for i in range(len(low_q))
        ]
        below = {i for i in range(len(low_q)) if i not in fixed and shares[i] <= low_q[i]}
        if not below:
            return shares
        fixed |= below


def fair(
    loads: Sequence[Load], claims_q: Amounts, budget_q: int, policy: str = "max-min"
) -> dict[int, Fraction]:
    """Return the shares by node as if every amount could be drawn, floors kept: max-min, but for
    the policy `proportional`."""
    low_q = [load.floor_q for load in loads]
    high_q = [max(load.floor_q, min(claims_q.get(load.node, 0), load.most_q)) for load in loads]
    if policy == "proportional":
        shares = proportional(low_q, high_q, budget_q, 0)
    else:
        shares = poured(low_q, high_q, budget_q)
    return {load.node: share for load, share in zip(loads, shares, strict=True)}


def usable_q(loads: Sequence[Load], claims_q: Amounts, budget_q: int) -> int:
    """Return the most that the claims and the loads' own values can draw, floors kept.

    By all sums that subsets of the loads reach: exact, for groups and values as people have them.
    """
    left_q = budget_q - sum(load.floor_q for load in loads)
    sums = {0}
    base_q = 0
    for load in loads:
        claim_q = load.claim_q(claims_q.get(load.node, 0))
        if load.unit_q < 100 and load.least_q == 0:  # any amount: fills what others leave
            base_q += max(0, min(claim_q, load.most_q) - load.floor_q)
            continue
        values = [value for value in _values(load, claim_q) if value > load.floor_q]
        sums |= {
            total + value - load.floor_q
            for total in sums
            for value in values
            if total + value - load.floor_q <= left_q
        }
    best_q = max(total + min(base_q, left_q - total) for total in sums)
    within_q = sum(
        load.value_q(min(load.floor_q, load.claim_q(claims_q.get(load.node, 0)))) for load in loads
    )
    return best_q + within_q


def _values(load: Load, claim_q: int) -> list[int]:
    return list(range(load.least_q, claim_q + 1, load.unit_q))


def jain(amounts: Sequence[float]) -> float:
    """Return Jain's index of fairness, 1/n .. 1; 1 for nothing at all (Jain et al. 1984)."""
    squares = sum(amount * amount for amount in amounts)
    return sum(amounts) ** 2 / (len(amounts) * squares) if squares else 1.0
