"""Max-min: water is poured in up to the limit; who wants less than the level has it all.

Claiming more than the level brings nothing, so a liar gets no more than an honest member in need.
"""

from quelea_agent.policies import level_q


def fill(low_q: list, high_q: list, budget_q: int, total_q: int, out_q: list) -> None:
    """See quelea_agent.policies. Up to one unit a member is left over."""
    level = level_q(low_q, high_q, budget_q)
    for i in range(len(out_q)):
        out_q[i] = min(high_q[i], max(low_q[i], level))
