"""In-hull polarise: claims only values that honest nodes show, and pulls the two halves apart.

To a neighbour above the median of what is known the largest honest value, to one below it the
smallest. No range check can see it; the trimming has to bear it.
"""

DIRECT = True
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the end of the honest hull on the neighbour's own side of the median."""
    honest_q = view.honest_q()
    if not honest_q:
        return None
    median_q = honest_q[len(honest_q) // 2]
    return honest_q[-1] if view.peer_q(slot) >= median_q else honest_q[0]
