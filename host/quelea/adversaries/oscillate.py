"""Top and bottom of the range in turn: tries to keep the others from settling."""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the top in even rounds, the bottom in odd ones."""
    return view.hi_q if view.round % 2 == 0 else view.lo_q
