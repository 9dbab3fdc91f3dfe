"""Sorting networks in standard form: lists of comparators (a, b), a < b, the smaller value to a.

Three constructions, and what is left of a larger network when wires are taken away:

* odd-even merging of two sorted halves of any size (Batcher 1968; Knuth, volume 3, 5.3.4);
* the 60 comparators for 16 wires (Green 1969): a four-dimensional cube, then 28 more;
* a network for m wires sorts n < m when the others are thought to hold -inf or +inf.
"""

from functools import cache

Comparators = tuple[tuple[int, int], ...]

CUBE = tuple((i, i | 1 << bit) for bit in range(4) for i in range(16) if not i >> bit & 1)
GREEN: Comparators = (
    *CUBE,
    *((5, 10), (6, 9), (3, 12), (13, 14), (4, 8), (7, 11), (1, 2)),
    *((1, 4), (7, 13), (2, 8), (11, 14), (2, 4), (5, 6), (9, 10), (11, 13), (3, 8), (7, 12)),
    *((6, 8), (10, 12), (3, 5), (7, 9), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (6, 7), (8, 9)),
)


def _merge(left: list[int], right: list[int]) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the comparators that merge two ascending lists of wires, and the merged order."""
    if not left or not right:
        return [], left + right
    if len(left) == len(right) == 1:
        return [(left[0], right[0])], left + right
    first, even = _merge(left[0::2], right[0::2])
    second, odd = _merge(left[1::2], right[1::2])
    steps = first + second
    order = [even[0]]
    for low, high in zip(odd, even[1:]):
        steps.append((low, high))
        order += [low, high]
    paired = min(len(odd), len(even) - 1)
    return steps, order + odd[paired:] + even[paired + 1 :]


@cache
def _best_split(count: int) -> tuple[int, int]:
    """Return (comparators, size of the first half) of the cheapest merge sort of count wires."""
    if count < 2:
        return 0, 0
    if count == 16:
        return len(GREEN), 0
    return min(
        (
            _best_split(a)[0]
            + _best_split(count - a)[0]
            + len(_merge(list(range(a)), list(range(a, count)))[0]),
            a,
        )
        for a in range(1, count // 2 + 1)
    )


def _merge_sort(wires: list[int], split: int = 0) -> tuple[list[tuple[int, int]], list[int]]:
    count = len(wires)
    if count < 2:
        return [], wires
    if count == 16 and not split:
        return [(wires[a], wires[b]) for a, b in GREEN], wires
    split = split or _best_split(count)[1]
    first, left = _merge_sort(wires[:split])
    second, right = _merge_sort(wires[split:])
    third, order = _merge(left, right)
    return first + second + third, order


def _standard(steps: list[tuple[int, int]], order: list[int]) -> Comparators:
    """Rename wires so that wire r ends with the r-th smallest, then turn comparators upright.

    Turning one that points down swaps the names of its two wires in all that follows it, which
    turns a sorting network into a sorting network (Knuth, exercise 5.3.4-16).
    """
    name = {wire: rank for rank, wire in enumerate(order)}
    upright: list[tuple[int, int]] = []
    swap = list(range(len(order)))
    for a, b in steps:
        a, b = swap[name[a]], swap[name[b]]
        upright.append((min(a, b), max(a, b)))
        if a > b:
            swap = [b if wire == a else a if wire == b else wire for wire in swap]
    return tuple(upright)


def _without(network: Comparators, wires: int, below: int, above: int) -> Comparators:
    """Return the network with its lowest `below` and highest `above` wires taken away."""
    last = wires - above
    return tuple((a - below, b - below) for a, b in network if below <= a and b < last)


@cache
def candidates(count: int) -> tuple[Comparators, ...]:
    """Return sorting networks for count wires, the one with fewest comparators first."""
    found: set[Comparators] = set()
    for wires in range(count, count + 8):
        splits = range(0, wires // 2 + 1) if wires == count else (0,)
        networks = [_standard(*_merge_sort(list(range(wires)), split)) for split in splits]
        if wires <= 16:
            networks.append(_without(GREEN, 16, 0, 16 - wires))
        for network in networks:
            for below in range(wires - count + 1):
                found.add(_without(network, wires, below, wires - count - below))
    return tuple(sorted(found, key=lambda network: (len(network), network)))


def sorting(count: int) -> Comparators:
    """Return a sorting network for count wires (2..32).

    Above 20 wires it sorts two parts of 16 at most, then merges them: the proof goes the same way.
    """
    if count <= 20:
        return candidates(count)[0]
    whole = list(range(count))
    found = [_standard(*_merge_sort(whole, split)) for split in range(count - 16, 17)]
    return min(found, key=len)
