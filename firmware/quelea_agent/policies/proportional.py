"""Proportional: each gets the same part of what it claims, at least its low.

Claims are believed as far as the consensus allows: where they add up to more than it holds
possible, the largest are cut down, to one level, until they do not. So a liar cannot claim the
others away, as it could where everybody's word counts.
"""

from quelea_proto.fixed import part

from quelea_agent.policies import level_q

_TOTAL_MAX = 1 << 28  # part() is exact up to it


def fill(low_q: list, high_q: list, budget_q: int, total_q: int, out_q: list) -> None:
    """See quelea_agent.policies. Up to one unit a member is left over."""
    if sum(high_q) <= budget_q:
        for i in range(len(out_q)):
            out_q[i] = high_q[i]
        return
    level = level_q(low_q, high_q, max(total_q, budget_q) if total_q else _TOTAL_MAX)
    for i in range(len(out_q)):
        out_q[i] = -1  # not yet fixed at its low
    again = True
    while again:  # each pass fixes a member more, or is the last
        again = False
        rest_q = budget_q
        weights_q = 0
        for i in range(len(out_q)):
            if out_q[i] >= 0:
                rest_q -= low_q[i]
            else:
                weights_q += min(high_q[i], max(low_q[i], level))
        shift = 1 if weights_q >= _TOTAL_MAX else 0
        for i in range(len(out_q)):
            if out_q[i] < 0:
                weight_q = min(high_q[i], max(low_q[i], level))
                if _part(rest_q, weight_q, weights_q, shift) <= low_q[i]:
                    out_q[i] = low_q[i]
                    again = True
    for i in range(len(out_q)):
        if out_q[i] < 0:
            weight_q = min(high_q[i], max(low_q[i], level))
            out_q[i] = _part(rest_q, weight_q, weights_q, shift)


def _part(rest_q: int, weight_q: int, weights_q: int, shift: int) -> int:
    if rest_q <= 0:
        return 0
    return part(min(rest_q, weights_q), weight_q >> shift, max(1, weights_q >> shift))
