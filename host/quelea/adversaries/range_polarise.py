"""Range polarise: the end of the range on each neighbour's own side of the honest median."""

DIRECT = True
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the top of the range to neighbours at or above the median, the bottom to others."""
    honest_q = view.honest_q()
    if not honest_q:
        return None
    median_q = honest_q[len(honest_q) // 2]
    return view.hi_q if view.peer_q(slot) >= median_q else view.lo_q
