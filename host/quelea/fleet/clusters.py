"""An emulated fleet of clusters: `quelea fleet --clusters 4`. Each cluster is linked all to all
inside and knows nothing of the others; what joins them are its delegates, around a ring."""

from dataclasses import replace

import numpy as np
from quelea_proto.limits import Q_MAX

from quelea.errors import UserError
from quelea.fleet import demand, plan
from quelea.fleet.options import FleetOptions
from quelea.fleet.rule import AUTO, COMMITTEE
from quelea.hierarchy.plan import Hierarchy, check, ring_of
from quelea.topology import Certificate, Topology, build
from quelea.topology.robustness import certify

NODES = 24  # where --nodes is not given
INTERVAL_ROUNDS = 2
TERM_SHARE = 0.8  # of the run: then the ranks rotate, after the kill half way


def smallest(faults_max: int) -> int:
    """Return the members a cluster needs: 2F + 1 heard by each, with one of them away."""
    return 2 * faults_max + 3


def sizes(options: FleetOptions, faults_max: int) -> list[int]:
    """Return as small clusters as may be, and one that has all the rest; UserError if too few."""
    least = smallest(faults_max)
    spare = options.nodes - least * options.clusters
    if options.clusters < 2 or spare < 0:
        raise UserError(
            f"{options.nodes} nodes in {options.clusters} clusters",
            "--clusters",
            f"2 or more, of at least {least} nodes each with F = {faults_max}",
            f"`--nodes {least * max(2, options.clusters)}`, or fewer --clusters",
        )
    return [least] * (options.clusters - 1) + [least + spare]


def term_intervals(options: FleetOptions) -> int:
    """Return how long a term is, so that there is one rotation in a run."""
    return max(1, int(TERM_SHARE * options.seconds * 1000 / options.period_ms / INTERVAL_ROUNDS))


def graph(hierarchy: Hierarchy) -> tuple[Topology, Certificate]:
    """Return everybody's neighbours, and the certificate of the least robust cluster."""
    edges = [(a, b) for members in hierarchy.clusters for a in members for b in members if a < b]
    count = sum(hierarchy.sizes)
    name = f"{len(hierarchy.clusters)} clusters of {min(hierarchy.sizes)}"
    name += f" to {max(hierarchy.sizes)}"
    least = min(hierarchy.clusters, key=len)
    pairs = [(a, b) for a in range(1, len(least) + 1) for b in range(a + 1, len(least) + 1)]
    one = certify(build("complete", "a cluster", len(least), np.array(pairs)))
    certificate = replace(one, groups=None, growth=None)
    return build(name, "all to all within a cluster", count, np.array(edges)), certificate


def liars(options: FleetOptions, hierarchy: Hierarchy) -> tuple[int, ...]:
    """Return the liars: delegates of the first term, F a cluster, the first clusters first."""
    places = [members[at] for at in range(hierarchy.faults_max) for members in hierarchy.clusters]
    if options.liars > len(places):
        raise UserError(
            f"{options.liars} liars in {len(hierarchy.clusters)} clusters",
            "--liars",
            f"0 to {len(places)}: {hierarchy.faults_max} a cluster",
            "a larger --faults-max",
        )
    return tuple(sorted(places[: options.liars]))


def make(options: FleetOptions) -> plan.Plan:
    """Return the plan of a fleet of clusters; UserError for what cannot be."""
    if "nodes" not in options.said:
        options = replace(options, nodes=max(NODES, options.nodes))
    if "liars" not in options.said:
        options = replace(options, liars=1)
    options.check()
    for flag, given in (
        ("--mode", options.mode == "exact"), ("--topology", bool(options.topology)),
        ("--limit", bool(options.limit)), ("--config", bool(options.config)),
        ("--scenario", bool(options.scenario)), ("--auth", options.auth != "none"),
    ):  # fmt: skip
        if given:
            raise UserError(
                "clusters with another graph, mode or limit",
                flag,
                "not with --clusters",
                "leave it",
            )
    faults_max = 1 if options.faults_max is None else options.faults_max
    hierarchy = ring_of(
        sizes(options, faults_max), faults_max,
        interval_rounds=INTERVAL_ROUNDS, term_intervals=term_intervals(options),
    )  # fmt: skip
    check(hierarchy)
    topology, certificate = graph(hierarchy)
    lying = liars(options, hierarchy)
    rows = options.seconds * 1000 // (options.period_ms * (options.epoch_rounds or 20)) + 8
    traces = demand.traces(options.demand, options.nodes, max(rows, 16), options.seed)
    highest = max(max(trace) for trace in traces)
    made = plan.Plan(
        options=replace(options, rule=COMMITTEE if options.rule == AUTO else options.rule),
        topology=topology,
        certificate=certificate,
        warnings=[],
        faults_max=faults_max,
        liars=lying,
        lo_q=min(0, min(min(trace) for trace in traces)),
        hi_q=min(Q_MAX, max(2 * highest, 100)),
        traces=traces,
        hierarchy=hierarchy,
        victim=hierarchy.clusters[-1][hierarchy.faults_max],
    )
    made.configs = {number: plan.node_config(made, number) for number in topology.nodes}
    return made
