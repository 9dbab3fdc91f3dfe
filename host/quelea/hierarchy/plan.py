"""A fleet cut into clusters: who is a member, who may speak, who hears whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from quelea_proto.limits import CANDIDATES_MAX, CLUSTER_SIZE_MAX, CLUSTERS_MAX

from quelea.errors import UserError

AGE_HOPS = 4  # intervals a hop that an entry may be old


@dataclass(frozen=True)
class Hierarchy:
    """clusters: node numbers, ascending, of each. near: by cluster, whose delegates it hears.

    interval_rounds: rounds between two rows. term_intervals: 0 for no rotation. candidates: how
    many members of a cluster may speak for it, the lowest numbers.
    """

    clusters: tuple[tuple[int, ...], ...]
    near: tuple[tuple[int, ...], ...]
    faults_max: int
    interval_rounds: int = 1
    term_intervals: int = 0
    candidates: int = CANDIDATES_MAX

    @property
    def seats(self) -> int:
        """Delegates a cluster."""
        return 2 * self.faults_max + 1

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(members) for members in self.clusters)

    def cluster_of(self, number: int) -> int:
        """Return the index of a node's cluster; KeyError for a stranger."""
        for at, members in enumerate(self.clusters):
            if number in members:
                return at
        raise KeyError(number)

    def speakers(self, cluster: int) -> tuple[int, ...]:
        """Return the members that may be delegates."""
        return self.clusters[cluster][: self.candidates]

    @cached_property
    def hops(self) -> int:
        """The most steps from one cluster to another."""
        most = 0
        for start in range(len(self.clusters)):
            found = {start: 0}
            queue = [start]
            for here in queue:
                for other in self.near[here]:
                    if other not in found:
                        found[other] = found[here] + 1
                        queue.append(other)
            most = max(most, *found.values())
        return most

    @property
    def age_max(self) -> int:
        """Intervals after which a cluster that is silent has no weight any more."""
        return min(250, AGE_HOPS * max(1, self.hops) + 8)

    def node_config(self, number: int, ids: Mapping[int, str]) -> dict[str, Any]:
        """Return `cluster` of a node's cfg.json."""
        own = self.cluster_of(number)
        speaks = number in self.speakers(own)
        near = self.near[own] if speaks else ()
        return {
            "own": own,
            "sizes": list(self.sizes),
            "candidates": [[one, ids[one]] for one in self.speakers(own)],
            "near": [[at, [[one, ids[one]] for one in self.speakers(at)]] for at in near],
            "faults_max": self.faults_max,
            "interval_rounds": self.interval_rounds,
            "term_intervals": self.term_intervals,
            "age_max": self.age_max,
            "counted": False,
        }

    def mean_of(self, values_q: Sequence[Fraction | int]) -> Fraction:
        """Return the mean of the clusters' values weighted by size, exactly."""
        weighed = zip(values_q, self.sizes, strict=True)
        return Fraction(sum(value * size for value, size in weighed)) / sum(self.sizes)


def check(hierarchy: Hierarchy, where: str = "--clusters") -> None:
    """Raise UserError for what cannot be."""
    count = len(hierarchy.clusters)
    if not 1 <= count <= CLUSTERS_MAX:
        raise UserError(
            f"{count} clusters",
            where,
            f"1 to {CLUSTERS_MAX}: a row has an entry for each",
            "take larger clusters",
        )
    smallest, largest = min(hierarchy.sizes), max(hierarchy.sizes)
    if smallest < hierarchy.seats:
        raise UserError(
            f"a cluster of {smallest} has no {hierarchy.seats} delegates",
            where,
            f"with F = {hierarchy.faults_max} a cluster needs 2F + 1 members, and one more for "
            "each that may be away",
            "take fewer clusters or a smaller F",
        )
    if largest > CLUSTER_SIZE_MAX:
        raise UserError(
            f"a cluster of {largest}", where, f"at most {CLUSTER_SIZE_MAX}", "take more clusters"
        )
    found = {0}
    queue = [0]
    for here in queue:
        fresh = [other for other in hierarchy.near[here] if other not in found]
        found |= set(fresh)
        queue += fresh
    if len(found) < count:
        raise UserError(
            f"only {len(found)} of {count} clusters are linked with the first",
            where,
            "",
            "link them",
        )


def ring_of(sizes: Sequence[int], faults_max: int, **more: Any) -> Hierarchy:
    """Return clusters of consecutive numbers from 1 on, each linked with the next, in a ring."""
    clusters, first = [], 1
    for size in sizes:
        clusters.append(tuple(range(first, first + size)))
        first += size
    count = len(sizes)
    near = tuple(tuple(sorted({(at - 1) % count, (at + 1) % count} - {at})) for at in range(count))
    return Hierarchy(tuple(clusters), near, faults_max, **more)
