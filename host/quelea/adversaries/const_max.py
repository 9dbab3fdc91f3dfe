"""Always the largest value of the signal's range: the simplest greedy liar."""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the top of the range."""
    return view.hi_q
