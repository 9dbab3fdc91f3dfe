"""Spectral: tears the fleet along its weakest cut, the signs of the Fiedler vector.

Gaucher, Dieuleveut and Hendrikx 2025 scale a liar's message by the target's entry of the Fiedler
vector. The host knows the graph and may stage `sides`, one of -1, 0, 1 for each neighbour by
slot; without it the neighbours' values decide, at their median.
"""

DIRECT = True
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the honest mean and the honest spread above or below it, by the neighbour's side."""
    honest_q = view.honest_q()
    if not honest_q:
        return None
    sides = view.options.get("sides")
    if sides:
        side = sides[slot]
    else:
        side = 1 if view.peer_q(slot) >= honest_q[len(honest_q) // 2] else -1
    return view.inside(view.mean_q() + side * max(1, honest_q[-1] - honest_q[0]))
