"""Clipped W-MSR: drop as W-MSR does, clip what is left to the CS+ threshold, average with the own.

The dropping is that of W-MSR (LeBlanc, Zhang, Koutsoukos and Sundaram, JSAC 2013): up to F values
above the own and up to F below it. The threshold tau is that of clipped gossip CS+ (Gaucher,
Dieuleveut and Hendrikx, ICML 2025): the distance |value - own| at rank count - 2F of all received.

    estimate = own + half_up(sum of clip(value - own, -tau, tau) over the kept / (kept + 1))

For large sampled fleets, where F is exceeded now and then: docs/decisions/0001-which-rule.md. It
gives way in small complete committees, where a liar near the own value decides tau.
"""

from quelea_proto.fixed import clamp
from quelea_proto.rules.trim_and_clip import threshold
from quelea_proto.sorting import pad


def apply(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
    """Return the estimate; values_q[:count] is sorted in place.

    Fewer than 2F + 1 values: the own value. Distances stay below 2^24; at most 126 of them are
    added, so quotients and remainders by kept + 1 are added apart.
    """
    if count < 2 * faults_max + 1:
        return own_q
    pad(values_q, count)
    values_q.sort()
    tau = threshold(own_q, values_q, count, count - 2 * faults_max)
    first = 0
    while first < faults_max and values_q[first] < own_q:
        first += 1
    last = count
    while last > count - faults_max and values_q[last - 1] > own_q:
        last -= 1
    part = last - first + 1
    whole = 0
    rest = part >> 1
    for i in range(first, last):
        moved = clamp(values_q[i] - own_q, -tau, tau)
        quotient = moved // part
        whole += quotient
        rest += moved - quotient * part
    return own_q + whole + rest // part
