"""Mean: the plain average of the own value and all received ones. No protection against liars.

estimate = half_up((own + sum of values) / (count + 1))
"""

from quelea_proto.fixed import mean_half_up


def apply(own_q: int, values_q: list[int], count: int, faults_max: int) -> int:
    """Return the mean of own_q and values_q[:count]; faults_max is not used."""
    total = own_q
    for i in range(count):
        total += values_q[i]
    return mean_half_up(total, count + 1)
