"""Equivocation: two different frames with one seq on the same topic, the lie and the truth.

A receiver keeps the first and holds, in the second, the proof that its sender lies. Which of the
two comes first changes with the round.
"""


def frames(view, hand):  # type: ignore[no-untyped-def]
    """Return a frame that claims the top of the range and one that claims the bottom."""
    high = hand.claim(view.hi_q)
    low = hand.claim(view.lo_q)
    return [(0, high), (0, low)] if view.round % 2 else [(0, low), (0, high)]
