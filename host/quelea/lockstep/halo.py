"""What crosses between ranks, found once and moved in every round."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.lockstep.graph import Ints, Rows
from quelea.lockstep.team import Team, share

Array = NDArray[Any]


def owners(others: Ints, nodes: int, team: Team) -> Ints:
    """Return the rank of each node."""
    lasts = np.array([share(nodes, team, rank)[1] for rank in range(team.size)])
    return np.searchsorted(lasts, others, side="right")


class Nodes:
    """Values of nodes: own ones first, behind them those of the neighbours on other ranks.

    near: rows.others as places in what `spread` returns. crossing: values received a round.
    """

    def __init__(self, rows: Rows, nodes: int, team: Team) -> None:
        self.team = team
        last = rows.first + rows.count
        outside = (rows.others < rows.first) | (rows.others >= last)
        wanted = np.unique(rows.others[outside])
        owner = owners(wanted, nodes, team)
        asked = [wanted[owner == rank] for rank in range(team.size)]
        self.given = [part - rows.first for part in team.swap(asked)]
        self.near = np.where(
            outside, rows.count + np.searchsorted(wanted, rows.others), rows.others - rows.first
        )
        self.crossing = len(wanted)

    def spread(self, own: Array) -> Array:
        """Return own values and, behind them, those from other ranks."""
        if self.team.size == 1:
            return own
        return np.concatenate([own, *self.team.swap([own[part] for part in self.given])])


class Edges:
    """Columns of edges: each end learns what the other end has written for it.

    Every rank sends its entries towards a rank in its own order, which is by (node, other); the
    receiver knows its own entries in that order too, read from the far end.
    """

    def __init__(self, rows: Rows, nodes: int, team: Team) -> None:
        self.team = team
        owner = owners(rows.others, nodes, team)
        self.sent = [np.flatnonzero(owner == rank) for rank in range(team.size)]
        self.taken = []
        for part in self.sent:
            order = np.lexsort((rows.nodes[part], rows.others[part]))
            self.taken.append(part[order])
        self.crossing = sum(len(part) for at, part in enumerate(self.sent) if at != team.rank)

    def spread(self, columns: Array) -> Array:
        """Return, for each own entry, the row of columns that its far end holds."""
        out = np.empty_like(columns)
        for place, part in zip(
            self.taken, self.team.swap([columns[part] for part in self.sent]), strict=True
        ):
            out[place] = part
        return out
