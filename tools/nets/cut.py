"""Cut a sorting network down to what a rule needs of the order.

A rule names groups of ranks: within a group the order is of no matter (a sum), and ranks that no
group names are not needed at all. From the back, a comparator goes when both its outputs end in
the same group untouched; it becomes L or H when one output is not needed. Then each comparator
is left out on trial: what the 0-1 principle still proves without it was superfluous.
"""

from collections.abc import Sequence

from nets.build import Comparators, candidates
from nets.prove import Group, Step, holds

Ranks = Sequence[tuple[int, int]]  # (first, last) of each group, last not included


def _label(count: int, ranks: Ranks) -> list[int]:
    """Return the group's number of each rank; unnamed ranks between groups share one as well."""
    label = [-1] * count
    for number, (first, last) in enumerate(ranks):
        label[first:last] = [number] * (last - first)
    gap = -1
    for rank in range(count):
        if label[rank] >= 0:
            gap = min(gap, -2 - label[rank])
        else:
            label[rank] = gap
    return label


def _alive(comparators: Sequence[tuple[int, int]], needed: set[int]) -> list[Step]:
    """Return the steps whose results reach a needed wire, each as S, L or H."""
    alive = set(needed)
    steps: list[Step] = []
    for a, b in reversed(comparators):
        if a in alive or b in alive:
            kind = "S" if a in alive and b in alive else "L" if a in alive else "H"
            steps.append((kind, a, b))
            alive |= {a, b}
    return steps[::-1]


def _cut(network: Comparators, label: list[int]) -> list[tuple[int, int]]:
    touched: set[int] = set()
    kept: list[tuple[int, int]] = []
    for a, b in reversed(network):
        if label[a] == label[b] and a not in touched and b not in touched:
            continue
        touched |= {a, b}
        kept.append((a, b))
    return kept[::-1]


def cost(steps: Sequence[Step]) -> int:
    """Return how many minima and maxima the steps take."""
    return sum(2 if kind == "S" else 1 for kind, _, _ in steps)


def _trial(kept: list[tuple[int, int]], count: int, needed: set[int], groups: list[Group]) -> None:
    """Leave out of kept, from the back, whatever is superfluous."""
    for i in range(len(kept) - 1, -1, -1):
        without = kept[:i] + kept[i + 1 :]
        if holds(_alive(without, needed), count, groups):
            del kept[i]


def select(count: int, ranks: Ranks, tried: int = 2) -> tuple[list[Step], list[Group]]:
    """Return the cheapest steps found for these groups of ranks, and where the groups end."""
    label = _label(count, ranks)
    groups: list[Group] = [(first, last, tuple(range(first, last))) for first, last in ranks]
    needed = {wire for _, _, wires in groups for wire in wires}
    drafts = [_cut(network, label) for network in candidates(count)]
    drafts.sort(key=lambda kept: cost(_alive(kept, needed)))
    best: list[Step] | None = None
    for kept in drafts[:tried]:
        _trial(kept, count, needed, groups)
        steps = _alive(kept, needed)
        if best is None or cost(steps) < cost(best):
            best = steps
    assert best is not None and holds(best, count, groups)
    return best, groups
