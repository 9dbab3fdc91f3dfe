"""Always the smallest value of the signal's range."""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the bottom of the range."""
    return view.lo_q
