"""Who has which rows: each class is divided among the nodes by a Dirichlet draw of its own.

The smaller alpha, the more uneven: with .3 and 50 nodes most rows of a node are of one or two of
the ten classes, four classes are missing, and some nodes have ten times the rows of others (the
division of Yurochkin and others, ICML 2019).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from quelea.errors import UserError
from quelea.topology.draws import Draws

LANE = 2
LEAST = 4  # rows that every node has: a node without any could not train
EVEN = 0.0  # as alpha: no draw, every node gets the like


def partition(
    labels: NDArray[np.int64], nodes: int, alpha: float, seed: int, least: int = LEAST
) -> list[NDArray[np.int64]]:
    """Return for each node the ascending indexes of its rows; every row has one owner.

    labels: (rows,). alpha: above 0, or EVEN. least: rows that a node has at least; taken from
    those with most. UserError when there are not enough rows.
    """
    if nodes < 1 or nodes * least > len(labels):
        raise UserError(
            f"{nodes} nodes cannot share {len(labels)} rows", "--nodes",
            f"1 to {len(labels) // max(least, 1)}",
        )  # fmt: skip
    if not 0 <= alpha <= 1e6:
        raise UserError(f"{alpha} is no concentration", "--alpha", "0 (even) to 1000000")
    draws = Draws(seed, LANE)
    order = draws.order(len(labels))
    owners = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        ends = np.cumsum(_shares(draws, nodes, alpha)) * len(rows)
        place = np.arange(len(rows)) + draws.unit(1)[0]  # so that rounding favours nobody
        owners[rows] = np.minimum(np.searchsorted(ends, place % len(rows), "right"), nodes - 1)
    if alpha == EVEN:
        owners[order] = np.arange(len(labels)) % nodes
    _fill(owners, order, nodes, least)
    return [np.flatnonzero(owners == node) for node in range(nodes)]


def _shares(draws: Draws, nodes: int, alpha: float) -> NDArray[np.float64]:
    """Return one draw of the symmetric Dirichlet distribution, by quantiles of its gammas."""
    if alpha == EVEN:
        return np.full(nodes, 1 / nodes)
    amounts = np.maximum(gammaincinv(alpha, draws.unit(nodes)), 1e-300)
    return np.asarray(amounts / amounts.sum())


def _fill(owners: NDArray[np.int64], order: NDArray[np.int64], nodes: int, least: int) -> None:
    """Give rows of whoever has most to those who have too few."""
    counts = np.bincount(owners, minlength=nodes)
    while int(counts.min()) < least:
        poor, rich = int(counts.argmin()), int(counts.argmax())
        row = order[np.flatnonzero(owners[order] == rich)[0]]
        owners[row] = poor
        counts[poor] += 1
        counts[rich] -= 1
