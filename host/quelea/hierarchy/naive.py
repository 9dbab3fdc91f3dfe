"""As in the article: one elected leader a cluster, the mean within, the mean of leaders across.

Given all it needs (the exact mean of each cluster, every leader heard by every other), so what
fails here fails by its form: the mean is not weighted, and a leader is a single point.
"""

from dataclasses import dataclass

import numpy as np

from quelea.hierarchy.ground import Ground


@dataclass(frozen=True)
class Naive:
    """Shares of the answer. off: with nobody at fault. lied_all, lied_own: with one lying leader,
    everybody else and its own cluster. dead: how far a cluster whose leader died is from what all
    others act on, once every demand has risen by a quarter.
    """

    off: float
    lied_all: float
    lied_own: float
    dead: float


def measure(ground: Ground, hi_q: int, rise: int) -> Naive:
    """Return how far the article's form is off. rise: one part in so many."""
    labels, demand_q = ground.labels, ground.demand_q
    means = np.bincount(labels, weights=demand_q) / np.bincount(labels)
    answer = float(demand_q.mean())
    fleet = float(means.mean())
    liar = int(np.argmin(ground.hierarchy.sizes))
    lied = float(np.append(np.delete(means, liar), hi_q).mean())
    risen_q = demand_q + demand_q // rise
    risen = float((np.bincount(labels, weights=risen_q) / np.bincount(labels)).mean())
    return Naive(
        off=abs(fleet / answer - 1),
        lied_all=abs(lied / answer - 1),
        lied_own=abs(hi_q / answer - 1),
        dead=abs(fleet / risen - 1),
    )
