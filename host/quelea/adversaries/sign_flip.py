"""Sign flip: the honest mean, mirrored at the middle of the range."""

DIRECT = False
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return lo + hi - mean of the honest values."""
    return view.inside(view.lo_q + view.hi_q - view.mean_q())
