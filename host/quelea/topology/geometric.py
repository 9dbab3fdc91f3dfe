"""Geometric: nodes at random places in the unit square speak within a radius, as radios do."""

import math
import re

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.topology.draws import Draws
from quelea.topology.family import FLAG, Family, at_least, first_connected, refuse
from quelea.topology.graph import Topology, build

FORM = "geometric:RADIUS"


def make(text: str, nodes: int, seed: int) -> Topology:
    return drawn(text, nodes, seed)[0]


def drawn(text: str, nodes: int, seed: int) -> tuple[Topology, NDArray[np.float64]]:
    """The graph, and where its nodes are: shape (nodes, 2), node 1 first."""
    at_least("geometric", nodes, 2)
    enough = enough_radius(nodes)
    radius = _radius(text, enough)
    expected = min(1.0, math.pi * radius**2) * nodes
    if expected > 2 * NEIGHBOURS_MAX and nodes > NEIGHBOURS_MAX + 1:
        raise refuse(
            f"geometric:{text} gives each of {nodes} nodes about {expected:.0f} neighbours.",
            f"Allowed: at most {NEIGHBOURS_MAX} neighbours a node.",
            f"write {FLAG} geometric:{enough:.3f}",
        )

    found: list[NDArray[np.float64]] = []

    def attempt(lane: int) -> Topology:
        from scipy.spatial import cKDTree

        places = _places(nodes, seed, lane)
        found.append(places)
        pairs = cKDTree(places).query_pairs(radius, output_type="ndarray")
        origin = (
            f"{nodes} random places in the unit square, links up to {radius:g}, "
            f"seed {seed}, try {lane + 1}"
        )
        return build(f"geometric:{radius:g}", origin, nodes, pairs.astype(np.int64) + 1)

    topology = first_connected(
        attempt, f"geometric:{radius:g} on {nodes} nodes", f"write {FLAG} geometric:{enough:.3f}"
    )
    return topology, found[-1]


def _places(nodes: int, seed: int, lane: int) -> NDArray[np.float64]:
    return Draws(seed, lane).unit(2 * nodes).reshape(nodes, 2)


def enough_radius(nodes: int) -> float:
    """A radius at which most draws are connected: 1.5 times the threshold sqrt(ln n / (pi n))."""
    return min(math.sqrt(2.0), 1.5 * math.sqrt(math.log(nodes) / (math.pi * nodes)) + 0.01)


def _radius(text: str, enough: float) -> float:
    why = "Allowed: a number above 0 and up to 1.4143, the diagonal of the unit square."
    remedy = f"write {FLAG} geometric:{enough:.3f}"
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{0,12})?|\.[0-9]{1,12}", text):
        shown = f"'{text}' is no number" if text else "the radius is missing"
        raise refuse(f"{shown} in '{FORM}'.", why, remedy)
    if not 0.0 < float(text) <= 1.4143:
        raise refuse(f"{text} is out of range for '{FORM}'.", why, remedy)
    return float(text)


FAMILY = Family("geometric", FORM, "random places, links up to a radius", make)
