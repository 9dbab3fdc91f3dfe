"""Median of own and received values; of an even number the middle of the middle two, half up.

Valid while liars are a minority of the count + 1 values, but it need not converge: two halves
can be held apart for ever (five nodes, one liar: 0, 0, 7, 7).
"""

from quelea_proto.fixed import mean_half_up
from quelea_proto.sorting import pad


def apply(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
    """Return the median; values_q has room for count + 1 and is sorted in place.

    faults_max decides only whether there are enough values: fewer than 2F + 1, the own value.
    """
    if count < 2 * faults_max + 1:
        return own_q
    values_q[count] = own_q
    pad(values_q, count + 1)
    values_q.sort()
    return mean_half_up(values_q[count >> 1] + values_q[(count + 1) >> 1], 2)
