"""What each figure ought to be: closed forms and exact sums, none of them simulated."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

GROWTH = 6 / 5  # Boyer, Brassard, Hoyer and Tapp 1996: any factor between 1 and 4/3


def agree(transfer: NDArray[np.float64], nodes: int) -> float:
    """Return the chance that all readings of a GHZ state are alike.

    transfer: M[read, prepared] of one qubit. Depolarising alone: (1 - 2p/3)^n + (2p/3)^n.
    """
    return float((transfer**nodes).sum() / 2)


def one_leader(transfer: NDArray[np.float64], nodes: int) -> float:
    """Return the chance that exactly one node of a W state reads 1."""
    stays = transfer[1, 1] * transfer[0, 0] ** (nodes - 1)
    moves = transfer[0, 1] * (nodes - 1) * transfer[1, 0] * transfer[0, 0] ** (nodes - 2)
    return float(stays + moves)


def even_parity(coherence: float, nodes: int) -> float:
    """Return the chance of an even number of 1 when a GHZ state is read in X; 1/2 if separable."""
    return (1 + coherence**nodes) / 2


def classical_election(nodes: int) -> float:
    """Return the best chance of exactly one leader if equal nodes draw once, each by itself."""
    return float((1 - 1 / nodes) ** (nodes - 1))


def grover(size: int, marked: int, rounds: float, upset: float = 0.0) -> float:
    """Return the chance to measure a marked item after Grover rounds (Boyer and others 1996).

    upset: probability a round that the register becomes fully mixed.
    """
    angle = np.arcsin(np.sqrt(marked / size))
    kept = (1 - upset) ** rounds
    return float(kept * np.sin((2 * rounds + 1) * angle) ** 2 + (1 - kept) * marked / size)


@cache
def search_queries(size: int, marked: int) -> float:
    """Return the mean queries until a marked item is measured, their number being unknown.

    Grover rounds are drawn from 0..ceil(m)-1, m growing by GROWTH up to sqrt(size); each
    measurement costs one query more, to look at the item.
    """
    width, mean, alive = 1.0, 0.0, 1.0
    angle = np.arcsin(np.sqrt(marked / size))
    while alive > 1e-13:
        rounds = np.arange(int(np.ceil(width)))
        mean += alive * (float(rounds.mean()) + 1)
        alive *= 1 - float((np.sin((2 * rounds + 1) * angle) ** 2).mean())
        width = min(GROWTH * width, size**0.5)
    return mean


@cache
def minimum_queries(size: int) -> float:
    """Return the mean queries of Durr-Hoyer until the minimum of `size` distinct costs is held.

    The item of rank r is ever the threshold with probability 1/r (Durr and Hoyer 1996, lemma 1),
    and r - 1 items are then marked. The first look counts too.
    """
    return 1 + sum(search_queries(size, rank - 1) / rank for rank in range(2, size + 1))


def minimum_bound(size: int) -> float:
    """Return Durr and Hoyer's budget, after which the minimum is held with 1/2 at least."""
    return float(22.5 * size**0.5 + 1.4 * np.log2(size) ** 2)


def local_rounds(honest: int) -> float:
    """Return the mean coin rounds of Ben-Or under the adversary of benor.py, own coins."""
    return float(2 ** (honest - 1))


def shared_rounds(transfer: NDArray[np.float64], tossing: int) -> float:
    """Return the same with GHZ coins: all tossing nodes must read the bit that one node keeps.

    For flips that do not prefer a bit; without noise it is 2.
    """
    return 2 / float((transfer[0] ** tossing).sum())


@cache
def blind_match(nodes: int, faults: int, tossing: tuple[int, ...], stride: int, gap: int) -> float:
    """Return the chance that a weak coin with blind drops shows every tossing node a given bit.

    Receiver r misses the dealers of dropped(r). Over all orders of the faults + 1 best tickets:
    each distinct dealer that somebody follows has to have dealt the bit, 1/2 each.
    """
    missed = [dropped(node, nodes, faults, stride, gap) for node in tossing]
    total = count = 0.0
    for order in _orders(nodes, faults + 1):
        followed = {next(dealer for dealer in order if dealer not in lost) for lost in missed}
        total += 2.0 ** -len(followed)
        count += 1
    return total / count


def dropped(receiver: int, nodes: int, faults: int, stride: int, gap: int) -> tuple[int, ...]:
    """Return the dealers whose shares the adversary keeps from a receiver."""
    return tuple((stride * receiver + gap * step) % nodes for step in range(faults))


def _orders(nodes: int, length: int) -> list[tuple[int, ...]]:
    from itertools import permutations

    return list(permutations(range(nodes), length))


@cache
def worst_drops(nodes: int, faults: int, tossing: tuple[int, ...]) -> tuple[int, int]:
    """Return the stride and gap of the cyclic blind drops that hinder the coin most."""
    choices = [(stride, gap) for stride in range(1, 5) for gap in range(1, 5)]
    return min(choices, key=lambda pair: blind_match(nodes, faults, tossing, *pair))
