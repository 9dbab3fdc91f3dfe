"""The map of a policy: how likely a node leaves, by how full its server and the other one are.

The node uses one of two servers of the same size, has a twentieth of that as demand, heard of the
other two rounds ago, and has not moved for long.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quelea.learn import quantised
from quelea.learn.features import features
from quelea.learn.story_export import chances
from quelea.pictures.style import DPI, new_figure

CAPACITY_Q = 100 * 64
DEMAND_Q = CAPACITY_Q // 20
AGE = 2
REST = 31
OWN = np.linspace(0.7, 1.6, 73)
OTHER = np.linspace(0.3, 1.4, 89)  # with this node on it
LEVELS = (0.05, 0.1, 0.25, 0.5)


def leaving(file: bytes) -> NDArray[np.float64]:
    """Return the chance to move, shape (OTHER, OWN)."""
    shape = (len(OTHER), len(OWN))
    seen_q = np.broadcast_to((OWN * CAPACITY_Q).astype(int), shape)
    other_q = np.broadcast_to((OTHER * CAPACITY_Q).astype(int)[:, None] - DEMAND_Q, shape)
    pair = np.stack([seen_q, np.maximum(0, other_q)], -1)
    values = features(
        seen_q, pair, np.full((*shape, 2), AGE), np.full((*shape, 2), CAPACITY_Q),
        np.full(shape, DEMAND_Q), np.zeros(shape, int), np.full(shape, REST),
        np.zeros(shape, int),
    )  # fmt: skip
    found: NDArray[np.float64] = chances(quantised.said(file, values))[..., 1]
    return found


def draw(file: bytes, path: Path) -> None:
    """Draw it as PNG."""
    drawing = new_figure(3.4, 5.0)
    axes = drawing.subplots()
    axes.set_title("How likely the policy moves, in a round")
    moves = leaving(file)
    shown = axes.pcolormesh(OWN, OTHER, moves, cmap="YlGnBu", vmin=0, vmax=1, shading="nearest")
    lines = axes.contour(OWN, OTHER, moves, levels=LEVELS, colors="black", linewidths=0.7)
    axes.axvline(1.0, color="grey", linewidth=0.8, linestyle=":")
    axes.axhline(1.0, color="grey", linewidth=0.8, linestyle=":")
    axes.set_xlabel("load of the own server, of its capacity")
    axes.set_ylabel("of the other, with this node")
    drawing.colorbar(shown, ax=axes).add_lines(lines)  # labels on them would hide a sharp edge
    drawing.savefig(path, dpi=DPI)
