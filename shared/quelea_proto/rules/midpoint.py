"""Fault-tolerant midpoint: own and received together, F dropped at each end, middle of the rest.

Dolev, Lynch, Pinter, Stark and Weihl, "Reaching approximate agreement in the presence of
faults", JACM 1986.

    v = sorted(own, values); estimate = half_up((v[F] + v[count - F]) / 2)

The only family that holds a per-receiver adversary to 1 q on every small complete graph solved.
In large sparse fleets the whole fleet can be moved at once; see trim_and_clip.
"""

from quelea_proto.fixed import mean_half_up
from quelea_proto.sorting import pad


def apply(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
    """Return the midpoint; values_q has room for count + 1 and is sorted in place.

    Fewer than 2F + 1 values: the own value.
    """
    if count < 2 * faults_max + 1:
        return own_q
    values_q[count] = own_q
    pad(values_q, count + 1)
    values_q.sort()
    return mean_half_up(values_q[faults_max] + values_q[count - faults_max], 2)
