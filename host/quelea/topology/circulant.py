"""Circulant: node i speaks to i + s and i - s for each offset s, round the ring."""

import math
import re

import numpy as np
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.topology.family import FLAG, Family, at_least, refuse
from quelea.topology.graph import Topology, build

FORM = "circulant:S1,S2,..."


def make(text: str, nodes: int, seed: int) -> Topology:
    at_least("circulant", nodes, 3)
    offsets = _offsets(text, nodes)
    common = math.gcd(nodes, *offsets)
    if common > 1:
        raise refuse(
            f"circulant:{text} falls into {common} parts with {nodes} nodes.",
            f"Every offset and {nodes} can be divided by {common}.",
            f"add the offset 1: {FLAG} circulant:1,{text}",
        )
    here = np.arange(nodes)
    edges = np.concatenate([np.column_stack([here, (here + s) % nodes]) for s in offsets]) + 1
    name = "circulant:" + ",".join(str(s) for s in offsets)
    return build(name, f"circulant of {nodes} nodes, offsets {name[10:]}", nodes, edges)


def _offsets(text: str, nodes: int) -> tuple[int, ...]:
    """The offsets, ascending; each 1..nodes // 2 and given once."""
    half = nodes // 2
    why = f"Allowed: different whole numbers 1..{half}, separated by commas."
    remedy = f"write {FLAG} circulant:1,2" if half >= 2 else f"write {FLAG} circulant:1"
    parts = text.split(",")
    for part in parts:
        if not re.fullmatch(r"[0-9]{1,9}", part):
            shown = f"'{part}' is no whole number" if part else "a number is missing"
            raise refuse(f"{shown} in '{FORM}'.", why, remedy)
        if not 1 <= int(part) <= half:
            raise refuse(f"offset {part} is out of range with {nodes} nodes.", why, remedy)
    offsets = sorted({int(part) for part in parts})
    if len(offsets) != len(parts):
        raise refuse(f"an offset is given twice in circulant:{text}.", why, remedy)
    if 2 * len(offsets) > NEIGHBOURS_MAX + 1:
        raise refuse(
            f"{len(offsets)} offsets give each node {2 * len(offsets)} neighbours.",
            f"Allowed: at most {NEIGHBOURS_MAX} neighbours a node.",
            "give fewer offsets",
        )
    return tuple(offsets)


FAMILY = Family("circulant", FORM, "node i to i + s and i - s for each offset s", make)
