"""Who speaks to whom: graph families, spectral figures, robustness certificates and the gate.

A new family is one file with a FAMILY row, and one line in FAMILIES.
"""

import difflib

from quelea_proto.limits import NEIGHBOURS_MAX, NODE_MAX

from quelea.errors import UserError
from quelea.topology import (
    circulant,
    complete,
    fromfile,
    geometric,
    growth,
    hypercube,
    kout,
    regular,
    ring,
)
from quelea.topology.draws import SEED_MAX
from quelea.topology.family import FLAG, Family, refuse
from quelea.topology.gate import require
from quelea.topology.graph import (
    Certificate,
    Growth,
    Topology,
    build,
    diameter,
    is_connected,
    node_id,
)
from quelea.topology.robustness import certify

FAMILIES: tuple[Family, ...] = (
    ring.FAMILY,
    kout.FAMILY,
    regular.FAMILY,
    circulant.FAMILY,
    hypercube.FAMILY,
    complete.FAMILY,
    growth.FAMILY,
    geometric.FAMILY,
    fromfile.FAMILY,
)

__all__ = [
    "FAMILIES",
    "Certificate",
    "Family",
    "Growth",
    "Topology",
    "build",
    "certify",
    "diameter",
    "is_connected",
    "node_id",
    "parse",
    "require",
]


def parse(spec: str, nodes: int, seed: int = 1, nodes_max: int = NODE_MAX) -> Topology:
    """The graph that `spec` names, such as "ring", "k-out:8" or "file:links.txt".

    nodes: 2..nodes_max, or 0 with `file:` for as many as the file holds. seed: 0..2^63-1.
    nodes_max: NODE_MAX for fleets that speak on the wire; the simulator passes more.
    The graph is connected and no node has more than NEIGHBOURS_MAX neighbours.
    UserError, naming the flag or file and line, for anything else.
    """
    name, _, text = spec.strip().partition(":")
    family = _family(name, spec)
    if not (2 <= nodes <= nodes_max or (nodes == 0 and family is fromfile.FAMILY)):
        raise UserError(
            f"{nodes} nodes make no fleet.",
            where="--nodes",
            why=f"Allowed: a whole number 2..{nodes_max}.",
            remedy="write --nodes 16",
        )
    if not 0 <= seed <= SEED_MAX:
        raise UserError(
            f"the seed {seed} is out of range.",
            where="--seed",
            why=f"Allowed: a whole number 0..{SEED_MAX}.",
            remedy="write --seed 1",
        )
    topology = family.make(text, nodes, seed)
    if topology.degree_max > NEIGHBOURS_MAX:
        busiest = int(topology.degrees.argmax()) + 1
        raise refuse(
            f"'{spec}' gives node {busiest} {topology.degree_max} neighbours.",
            f"Allowed: at most {NEIGHBOURS_MAX} neighbours a node.",
            f"take a smaller parameter, or write {FLAG} regular:8",
        )
    return topology


def _family(name: str, spec: str) -> Family:
    for family in FAMILIES:
        if family.name == name:
            return family
    near = difflib.get_close_matches(name, [family.name for family in FAMILIES], n=1)
    raise refuse(
        f"there is no topology '{spec}'.",
        "Allowed: " + ", ".join(family.form for family in FAMILIES) + ".",
        f"did you mean {near[0]}?" if near else f"write {FLAG} growth:3",
    )
