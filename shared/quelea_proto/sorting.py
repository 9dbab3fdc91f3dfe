"""Sorting in place without allocating: what every trimming rule needs first."""

from quelea_proto.limits import SMALL_MAX


def pad(values_q: list[int], count: int) -> None:
    """Overwrite what lies beyond values_q[:count] so that values_q.sort() leaves it there.

    A list's own sort takes no range, but it is compiled code and allocates nothing. A rule calls
    it itself; from a function of its own it would be too deep for a micro:bit's stack.
    """
    for i in range(count, len(values_q)):
        values_q[i] = SMALL_MAX


def sort_prefix(values_q: list[int], count: int) -> None:
    """Sort values_q[:count] ascending in place; the rest of the list is lost."""
    pad(values_q, count)
    values_q.sort()
