"""What several rules share: how full a server would be with this node on it."""

from quelea_proto.limits import const
from quelea_proto.rumour_row import LOAD_Q_MAX

from quelea_agent.rumours import UNKNOWN

WHOLE = const(1024)  # a load as large as the capacity
RATIO_MAX = const(1048576)  # 2^20: beyond a thousandfold load all are alike


def ratio(load_q: int, capacity_q: int) -> int:
    """Return load / capacity in 1/1024, at most RATIO_MAX; capacity_q > 0."""
    if load_q > LOAD_Q_MAX:
        load_q = LOAD_Q_MAX
    return min(RATIO_MAX, (load_q << 10) // capacity_q)


def with_me(me, index: int) -> int:  # type: ignore[no-untyped-def]
    """Return the ratio of a server if this node used it; nothing heard counts as empty."""
    load_q = me.believed_q(index)
    if load_q == UNKNOWN:
        load_q = 0
    if index != me.at:
        load_q += me.demand_q
    return ratio(load_q, me.capacities_q[me.allowed[index]])


def best_reply(me) -> int:  # type: ignore[no-untyped-def]
    """Return the index where this node would be served best, the own one first among equals."""
    best = me.at
    lowest = with_me(me, best)
    for index in range(len(me.allowed)):
        if index != me.at:
            here = with_me(me, index)
            if here < lowest:
                best = index
                lowest = here
    return best
