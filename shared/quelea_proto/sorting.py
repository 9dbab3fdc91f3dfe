"""Sorting in place without allocating: what every trimming rule needs first."""


def sort_prefix(values_q: list[int], count: int) -> None:
    """Sort values_q[:count] ascending in place by insertion; the rest is left alone.

    Chosen openly for its size: at 8 to 16 neighbours nothing shorter is faster on a board.
    """
    for i in range(1, count):
        value_q = values_q[i]
        j = i - 1
        while j >= 0 and values_q[j] > value_q:
            values_q[j + 1] = values_q[j]
            j -= 1
        values_q[j + 1] = value_q


def insert(values_q: list[int], count: int, value_q: int) -> None:
    """Put value_q into the ascending values_q[:count]; the list has room for one more."""
    j = count - 1
    while j >= 0 and values_q[j] > value_q:
        values_q[j + 1] = values_q[j]
        j -= 1
    values_q[j + 1] = value_q
