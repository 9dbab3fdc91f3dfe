"""In-hull polarise: claims only values that honest nodes show, and pulls the two halves apart.

To a neighbour above the median of what is heard the largest value heard, to one below it the
smallest. No range check can see it; the trimming has to bear it.
"""

DIRECT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the end of the heard hull on the neighbour's own side of the median."""
    heard_q = view.heard_q()
    if not heard_q:
        return None
    median_q = heard_q[len(heard_q) // 2]
    peer_q = view.agent.neighbours.value_q[slot]
    return heard_q[-1] if peer_q >= median_q else heard_q[0]
