"""W-MSR: drop up to F values above the own and up to F below it, average the rest with the own.

LeBlanc, Zhang, Koutsoukos and Sundaram, "Resilient asymptotic consensus in robust networks",
IEEE JSAC 2013. Only values strictly above (below) the own are candidates; if fewer than F are,
all of those go. Equal weights:

    estimate = half_up((own + sum of kept) / (kept + 1))

On a (2F+1)-robust graph with at most F liars among each node's neighbours the honest values
converge inside the honest hull.
"""

from quelea_proto.fixed import mean_half_up
from quelea_proto.sorting import pad


def apply(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
    """Return the W-MSR estimate; values_q[:count] is sorted in place.

    Fewer than 2F + 1 values: the own value.
    """
    if count < 2 * faults_max + 1:
        return own_q
    pad(values_q, count)
    values_q.sort()
    first = 0
    while first < faults_max and values_q[first] < own_q:
        first += 1
    last = count
    while last > count - faults_max and values_q[last - 1] > own_q:
        last -= 1
    total = own_q
    count = last - first + 1  # of the kept and the own
    while first < last:
        total += values_q[first]
        first += 1
    return mean_half_up(total, count)
