"""Random values over the whole range, new ones each round."""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return lo + span * d / 4096 for a random d, in two parts that stay below 2^30."""
    span_q = view.hi_q - view.lo_q
    draw = view.draw(4096)
    return view.lo_q + (span_q >> 12) * draw + ((span_q & 4095) * draw >> 12)
