"""POLICIES: rows (name, module); how a limit is divided among those who claim a part of it.

A policy is a module with

    fill(low_q, high_q, budget_q, total_q, out_q)

lists by member, in q, low_q[i] <= high_q[i]; out_q[i] becomes a number between the two, and where
the lows fit into budget_q the sum stays within it. total_q: what all claim together as the
consensus has it, 0 where it says nothing. Nothing is allocated. To add one: a file beside this
one, a row below, its exact definition in host/quelea/headroom/shares.py.

Only the module that a node uses is imported: on a small heap the others would cost what they do.
"""

from quelea_proto.limits import HEADROOM_Q_MAX

POLICIES = (
    ("max-min", "max_min"),
    ("proportional", "proportional"),
    ("max-min-agreed", "max_min_agreed"),
)


def find(name: str):
    """Return the fill of the policy with this name, or None."""
    for row in POLICIES:
        if row[0] == name:
            return __import__("quelea_agent.policies." + row[1], None, None, ("fill",)).fill
    return None


def names() -> str:
    """Return all names, for messages: "max-min, proportional"."""
    return ", ".join([row[0] for row in POLICIES])


def level_q(low_q: list, high_q: list, budget_q: int) -> int:
    """Return the highest level, below 2^23, at which the parts fit: low <= level <= high each."""
    level = 0
    bit = (HEADROOM_Q_MAX + 1) >> 1
    while bit:
        total_q = 0
        for i in range(len(low_q)):
            total_q += min(high_q[i], max(low_q[i], level + bit))
        if total_q <= budget_q:
            level += bit
        bit >>= 1
    return level
