"""What plain averaging on a fleet's graph would do: the line beside the measured spread."""

from collections.abc import Mapping

import numpy as np

from quelea.topology.graph import build
from quelea.topology.spectral import rho


def rho_of(neighbours: Mapping[int, tuple[int, ...]]) -> float | None:
    """Return the share of a spread that a round of plain averaging leaves in the long run.

    neighbours: numbers by number. None for fewer than two nodes or a graph without edges.
    """
    order = {number: at for at, number in enumerate(sorted(neighbours), start=1)}
    edges = [
        (order[one], order[other])
        for one, near in neighbours.items()
        for other in near
        if other in order and other != one
    ]
    if len(order) < 2 or not edges:
        return None
    return rho(build("watched", "journal", len(order), np.array(edges)))
