"""A large fleet on the ground: places, who is in reach of whom, demand, and its cut into clusters.

A cluster is a piece of the square whose members demand no more than a feeder carries. So where
demand is high clusters are small, and a mean of clusters that is not weighted is far off.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import CLUSTERS_MAX
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from quelea.hierarchy.plan import Hierarchy, check
from quelea.topology import Topology
from quelea.topology.draws import Draws
from quelea.topology.geometric import drawn

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DEGREE = 24.0  # neighbours of a node within the square, on average
SIZE_MIN, SIZE_MAX = 60, 2000  # of the largest cluster
CLUSTERS_WANTED = 80
FEEDER_SHARE = 0.7  # what a feeder carries, of the demand of so many average members
CUT_LANE, HOT_LANE, DEMAND_LANE = 101, 102, 103  # of the draws
HOT_SPOTS = 4
MEAN_Q = 1000  # demand far from every hot spot, in q
HOT_TIMES = 8.0  # a hot spot's middle demands more by so much


@dataclass(frozen=True)
class Ground:
    """labels: by node, from node 1 on, the index of its cluster. demand_q: likewise."""

    topology: Topology
    places: Floats
    labels: Ints
    demand_q: Ints
    hierarchy: Hierarchy

    @property
    def inner(self) -> Ints:
        """The edges within a cluster, (m, 2), nodes counted from 0."""
        edges = self.topology.edge_array - 1
        inside = self.labels[edges[:, 0]] == self.labels[edges[:, 1]]
        return np.asarray(edges[inside], dtype=np.int64)


def make(nodes: int, seed: int, faults_max: int) -> Ground:
    """Return a fleet of so many nodes, cut; UserError for too few."""
    radius = min(1.4, math.sqrt(DEGREE / (math.pi * nodes)))
    topology, places = drawn(f"{radius:.12f}", nodes, seed)
    demand_q = _demand(places, seed)
    size_max = min(SIZE_MAX, max(SIZE_MIN, nodes // CLUSTERS_WANTED))
    while True:
        room = demand_q.mean() * size_max * FEEDER_SHARE
        labels = _cut(places, demand_q, room, size_max, seed)
        labels = _whole(topology, labels, 3 * faults_max + 3)
        if labels.max() < CLUSTERS_MAX:
            break
        size_max += size_max // 4
    hierarchy = _hierarchy(topology, labels, faults_max)
    check(hierarchy, "--nodes")
    return Ground(topology, places, labels, demand_q, hierarchy)


def _demand(places: Floats, seed: int) -> Ints:
    """Return a field of hot spots, and everybody's own part."""
    spots = Draws(seed, HOT_LANE).unit(2 * HOT_SPOTS).reshape(HOT_SPOTS, 2)
    field = np.ones(len(places))
    for spot in spots:
        field += HOT_TIMES * np.exp(-((places - spot) ** 2).sum(axis=1) / 0.01)
    own = 0.5 + Draws(seed, DEMAND_LANE).unit(len(places))
    return np.asarray(np.rint(MEAN_Q * field * own)).astype(np.int64)


def _cut(places: Floats, demand_q: Ints, room: float, size_max: int, seed: int) -> Ints:
    """Halve pieces across their longer side, at a drawn place, until each fits."""
    labels = np.zeros(len(places), dtype=np.int64)
    draws = Draws(seed, CUT_LANE)
    pieces = [np.arange(len(places))]
    done = 0
    while pieces:
        piece = pieces.pop()
        if len(piece) <= size_max and demand_q[piece].sum() <= room:
            labels[piece] = done
            done += 1
            continue
        spans = np.ptp(places[piece], axis=0)
        order = piece[np.argsort(places[piece, int(spans.argmax())], kind="stable")]
        at = int(len(order) * (0.35 + 0.3 * float(draws.unit(1)[0])))
        pieces += [order[:at], order[at:]]
    return labels


def _whole(topology: Topology, labels: Ints, size_min: int) -> Ints:
    """Give what hangs together with no more than its own piece's lesser part to a neighbour."""
    edges = topology.edge_array - 1
    labels = labels.copy()
    for _ in range(50):
        parts, count = _parts(edges, labels)
        sizes = np.bincount(parts, minlength=count)
        owner = np.zeros(count, dtype=np.int64)
        owner[parts] = labels
        order = np.lexsort((sizes, owner))  # the last of each label is its largest part
        largest = np.zeros(count, dtype=bool)
        largest[order[np.append(np.diff(owner[order]) > 0, True)]] = True
        largest &= sizes >= size_min
        stray = ~largest[parts]
        if not stray.any():
            break
        for near, here in ((edges[:, 0], edges[:, 1]), (edges[:, 1], edges[:, 0])):
            across = stray[here] & ~stray[near]
            labels[here[across]] = labels[near[across]]
    _, labels = np.unique(labels, return_inverse=True)
    return np.asarray(labels, dtype=np.int64)


def _parts(edges: Ints, labels: Ints) -> tuple[Ints, int]:
    same = edges[labels[edges[:, 0]] == labels[edges[:, 1]]]
    count = len(labels)
    graph = coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(count, count))
    found, parts = connected_components(graph, directed=False)
    return np.asarray(parts, dtype=np.int64), int(found)


def _hierarchy(topology: Topology, labels: Ints, faults_max: int) -> Hierarchy:
    count = int(labels.max()) + 1
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(count + 1))
    clusters = tuple(
        tuple((order[starts[at] : starts[at + 1]] + 1).tolist()) for at in range(count)
    )
    ends = labels[topology.edge_array - 1]
    pairs = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in pairs.tolist():
        near[a].append(b)
        near[b].append(a)
    return Hierarchy(
        clusters,
        tuple(tuple(sorted(row)) for row in near),
        faults_max,
        candidates=2 * faults_max + 3,
    )
