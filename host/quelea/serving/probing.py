"""POLICIES: how pods of openb find a node: with a view of all, or by asking a few.

A policy is `choose(finder, pod) -> (node, free_milli of its GPUs then) or None`, called once a pod
in order of arrival.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quelea.journal import Check
from quelea.serving.openb import SHARES, WHOLE, Cluster, Ints, Mix, Trace, workload
from quelea.topology.draws import Draws

PROBES = 20
VIEW_PODS = 100  # arrivals between two views of all
BATCH = 10  # nodes asked at once
GOSSIPED = f"gradient, {PROBES} probes of a gossiped view"
PUBLISHED, NEAR = 92.86, 0.75  # percent: best fit at full demand (Weng and others), and a spread
GOAL = 95.0
TIGHT = 0.3  # milli of fragments that a processor or GPU left over weighs


Found = tuple[int, Ints]
Floats = NDArray[np.float64]


class Finder:
    """What a policy sees; probes: nodes asked so far."""

    def __init__(self, trace: Trace, seed: int) -> None:
        self.cluster = Cluster(trace)
        self.mix = Mix(trace)
        self.draws = Draws(seed, 91)
        self.everybody = np.arange(len(trace.gpus))
        self.view = self.cluster  # as gossip has it, for _gossiped()
        self.rankings: dict[tuple[int, ...], Ints] = {}
        self.arrived = 0
        self.probes = 0
        self.probes_most = 0

    def ask(self, nodes: Ints, pod: int) -> Ints:
        """Return those of nodes that can take the pod."""
        self.probes += len(nodes)
        self.probes_most = max(self.probes_most, len(nodes))
        return nodes[self.cluster.able(nodes, pod)]

    def kind(self, pod: int) -> tuple[int, ...]:
        """Return what pods have in common that may stand in for each other."""
        trace = self.cluster.trace
        return (
            int(trace.pod_cpu_milli[pod]), int(trace.pod_memory_mib[pod]),
            int(trace.pod_gpus[pod]), int(trace.pod_milli[pod]), hash(trace.specs[pod]),
        )  # fmt: skip

    def gradients(self, cluster: Cluster, nodes: Ints, pod: int) -> tuple[Ints, Ints, Floats]:
        """Return every place: its node, what its GPUs then have, and its score, small is good.

        The score is by how much more is fragments, and a little of what is left over on the node.
        """
        owners, after = cluster.places(nodes, pod)
        cpu = cluster.cpu[owners] - cluster.trace.pod_cpu_milli[pod]
        raised = self.mix.fragments(cpu, after)
        before = self.mix.fragments(cluster.cpu[nodes], cluster.free_milli[nodes])
        raised = raised - before[np.searchsorted(nodes, owners)]
        left = (cpu + after.sum(axis=1)) / WHOLE  # processors and GPUs left over, in whole ones
        return owners, after, raised + TIGHT * left

    def steepest(self, nodes: Ints, pod: int) -> Found:
        """Return the place that raises fragmentation least; nodes: ascending."""
        owners, after, raised = self.gradients(self.cluster, nodes, pod)
        best = int(np.argmin(raised))
        return int(owners[best]), after[best]

    def ranked_by_view(self, pod: int) -> Ints:
        """Return the nodes that could take a pod by the view, the best first."""
        able = self.everybody[self.view.able(self.everybody, pod)]
        if not len(able):
            return able
        owners, _, raised = self.gradients(self.view, able, pod)
        ranked = owners[np.argsort(raised, kind="stable")]
        _, first = np.unique(ranked, return_index=True)
        return np.asarray(ranked[np.sort(first)])

    def tightest(self, nodes: Ints, pod: int) -> Found:
        """Return the node with least left, as shares of the largest, and there the fullest GPU."""
        cluster, trace = self.cluster, self.cluster.trace
        left = (cluster.cpu[nodes] - trace.pod_cpu_milli[pod]) / trace.cpu_milli.max()
        gpus = cluster.free_milli[nodes].sum(axis=1) - trace.pod_gpus[pod] * trace.pod_milli[pod]
        node = int(nodes[np.argmin(left + gpus / (8 * WHOLE))])
        return node, self.fullest(node, pod)

    def fullest(self, node: int, pod: int) -> Ints:
        """Return what a node's GPUs have left if the pod takes the fullest that will do."""
        _, after = self.cluster.places(np.array([node]), pod)
        return np.asarray(after[np.argmin(np.where(after > 0, after, WHOLE).min(axis=1))])


def _random(finder: Finder, pod: int) -> Found | None:
    able = finder.ask(finder.everybody, pod)
    if not len(able):
        return None
    node = int(able[int(finder.draws.below(len(able), 1)[0])])
    return node, finder.fullest(node, pod)


def _best_fit(finder: Finder, pod: int) -> Found | None:
    able = finder.ask(finder.everybody, pod)
    return finder.tightest(able, pod) if len(able) else None


def _some(finder: Finder, count: int) -> Ints:
    return np.unique(finder.draws.below(len(finder.everybody), count))


def _probed_fit(finder: Finder, pod: int) -> Found | None:
    able = finder.ask(_some(finder, PROBES), pod)
    return finder.tightest(able, pod) if len(able) else None


def _probed_gradient(finder: Finder, pod: int) -> Found | None:
    able = finder.ask(_some(finder, PROBES), pod)
    return finder.steepest(able, pod) if len(able) else None


def _gossiped(finder: Finder, pod: int) -> Found | None:
    """Ask those that a view of all, VIEW_PODS arrivals old at most, holds for the best.

    What nodes have free spreads by gossip; whoever places a pod ranks the view once for each kind
    and asks the first PROBES of the ranking how things stand now. Who cannot any more leaves it.
    """
    if finder.arrived % VIEW_PODS == 0:
        finder.view = finder.cluster.copy()
        finder.rankings = {}
    finder.arrived += 1
    kind = finder.kind(pod)
    if kind not in finder.rankings:
        finder.rankings[kind] = finder.ranked_by_view(pod)
    for turn in range(PROBES // BATCH):
        ranking = finder.rankings[kind]
        if turn == 0:
            nodes = np.sort(ranking[:BATCH])
        elif len(ranking):  # the best are gone: some of all that had room
            nodes = np.unique(ranking[finder.draws.below(len(ranking), BATCH)])
        else:
            nodes = _some(finder, BATCH)
        able = finder.ask(nodes, pod)
        finder.rankings[kind] = ranking[~np.isin(ranking, np.setdiff1d(nodes, able))]
        if len(able):
            return finder.steepest(able, pod)
    return None


Choose = Callable[[Finder, int], Found | None]
POLICIES: tuple[tuple[str, Choose], ...] = (
    ("random", _random),
    ("best fit", _best_fit),
    (f"best fit, {PROBES} probes", _probed_fit),
    (f"gradient, {PROBES} probes", _probed_gradient),
    (GOSSIPED, _gossiped),
)


def ratios(trace: Trace, choose: Choose, seed: int) -> tuple[list[float], float]:
    """Return the allocation ratio at each of SHARES, in percent, and the probes a pod."""
    finder = Finder(trace, seed)
    pods = workload(trace, seed)
    asked = np.cumsum(trace.pod_gpus[pods] * trace.pod_milli[pods])
    all_milli = int(trace.gpus.sum()) * WHOLE
    found = []
    reached = 0
    for turn, pod in enumerate(pods.tolist()):
        place = choose(finder, pod)
        if place is not None:
            finder.cluster.put(*place, pod)
        while reached < len(SHARES) and asked[turn] >= SHARES[reached] * all_milli:
            found.append(100 * finder.cluster.allocated_milli / all_milli)
            reached += 1
    return found, finder.probes / len(pods)


def checks(found: dict[str, list[float]]) -> list[Check]:
    """Return the bounds; found: percent at each of SHARES, then probes a pod, by policy."""
    full = SHARES.index(1.0)
    best_fit = found["best fit"][full]
    gossiped = found[GOSSIPED]
    return [
        Check("best fit at full demand", abs(best_fit - PUBLISHED) <= NEAR, round(best_fit, 2),
              PUBLISHED, f"percent, published; within {NEAR:g}"),
        Check("probes of a gossiped view, at full demand", gossiped[full] >= GOAL,
              round(gossiped[full], 2), GOAL, "percent"),
        Check("probes a pod", gossiped[-1] <= PROBES, round(gossiped[-1], 1), PROBES, "probes"),
    ]  # fmt: skip
