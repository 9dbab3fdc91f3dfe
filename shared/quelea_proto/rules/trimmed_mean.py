"""Trimmed mean with own value: own and received together, F smallest and F largest dropped.

    v = sorted(own, values); estimate = half_up(mean of v[F : count + 1 - F])

Every result lies between two honest values while at most F of the received are lies, since
2F + 1 values at least must have been received. Its spread floor on complete graphs is 1 to 2 q
(docs/fixed_point.md has the games solved). Leaving the own value out is the planted error that
its tests look for.
"""

from quelea_proto.fixed import mean_half_up
from quelea_proto.sorting import pad


def apply(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
    """Return the trimmed mean; values_q has room for count + 1 and is sorted in place.

    Fewer than 2F + 1 values: the own value.
    """
    if count < 2 * faults_max + 1:
        return own_q
    values_q[count] = own_q
    pad(values_q, count + 1)
    values_q.sort()
    total = 0
    for i in range(faults_max, count + 1 - faults_max):
        total += values_q[i]
    return mean_half_up(total, count + 1 - 2 * faults_max)
