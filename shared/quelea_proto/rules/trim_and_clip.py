"""Trim and clip: drop F received values at each end, clip what is left to the CS+ threshold.

The threshold is that of clipped gossip CS+ (Gaucher, Dieuleveut and Hendrikx, ICML 2025): the
distances |value - own| of all received, ascending; tau is the one at rank count - 2F. With
k = count - 2F values kept after trimming:

    estimate = own + half_up(sum of clip(value - own, -tau, tau) / (k + 1))

For large sampled fleets: of the rules here it lets the fewest nodes be captured. It gives way in
small complete committees, where a liar near the own value decides tau; use midpoint there.
"""

from quelea_proto.fixed import clamp
from quelea_proto.sorting import pad


def threshold(own_q: int, values_q: list[int], count: int, rank: int) -> int:
    """Return the rank-th smallest |value - own| of the ascending values_q[:count]; rank >= 1.

    The values lie in order, so the nearest are found by walking outwards from the own value.
    """
    above = 0
    while above < count and values_q[above] < own_q:
        above += 1
    below = above - 1
    tau = 0
    while rank:
        rank -= 1
        if above >= count or (below >= 0 and own_q - values_q[below] <= values_q[above] - own_q):
            tau = own_q - values_q[below]
            below -= 1
        else:
            tau = values_q[above] - own_q
            above += 1
    return tau


def apply(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
    """Return the estimate; values_q[:count] is sorted in place.

    Fewer than 2F + 1 values: the own value. Distances stay below 2^24; at most 126 of them are
    added, so quotients and remainders by k + 1 are added apart.
    """
    if count < 2 * faults_max + 1:
        return own_q
    pad(values_q, count)
    values_q.sort()
    tau = threshold(own_q, values_q, count, count - 2 * faults_max)
    kept = count - 2 * faults_max
    part = kept + 1
    # 126 distances of up to 2^24 exceed 2^30: quotients and remainders are added apart.
    whole = 0
    rest = part >> 1
    for i in range(faults_max, count - faults_max):
        moved = clamp(values_q[i] - own_q, -tau, tau)
        quotient = moved // part
        whole += quotient
        rest += moved - quotient * part
    return own_q + whole + rest // part
