"""IPM, inner product manipulation: pushes every neighbour away from where the others pull it.

Xie, Koyejo and Gupta, UAI 2020, turned from gradients to values: a neighbour's honest step is
(mean - its value); the liar shows it the opposite step, `tau` (default 2) times as long.
"""

DIRECT = True
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return value - tau * (mean - value) for the neighbour's value, inside the range."""
    peer_q = view.peer_q(slot)
    return view.inside(peer_q - view.options.get("tau", 2) * (view.mean_q() - peer_q))
