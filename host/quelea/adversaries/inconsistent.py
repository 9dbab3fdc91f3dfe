"""Tells every neighbour something else: the top of the range to even slots, the bottom to odd.

One frame a neighbour with the same seq: what a broadcast through a broker makes impossible, and
direct topics allow. Two neighbours that compare notes hold the proof.
"""

DIRECT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return one end of the range by the parity of the neighbour's slot."""
    return view.hi_q if slot % 2 == 0 else view.lo_q
