"""Sybil: one liar with many voices: the same frame twice, and frames in its neighbours' names.

All of them claim the top of the range. Topics tell who speaks and each sender counts once, so
that a receiver that counts more than one vote of this node has lost an identity check.
"""


def frames(view, hand):  # type: ignore[no-untyped-def]
    """Return the lie, the same lie again, and the lie in the name of every neighbour."""
    lie = hand.claim(view.hi_q)
    out = [(0, lie), (0, lie)]
    for number in view.agent.settings.numbers:
        out.append((0, hand.claim(view.hi_q, number)))
    hand.forged += 1
    return out
