"""Overflow bait: the ends of the number format and beyond, in frames with a sound checksum.

In turn the largest and the smallest value that the format allows, which the range has to clamp;
beside it -2^23, which fits the bytes and not the format, and a seq of 2^30 - 1.
"""

from quelea_proto.limits import Q_MAX

LOWEST = -8388608  # -2^23


def frames(view, hand):  # type: ignore[no-untyped-def]
    """Return a claim at an end of the format, and one beyond it."""
    claim_q = Q_MAX if view.round % 2 else -Q_MAX
    return [(0, hand.claim(claim_q)), (0, hand.broken(LOWEST))]
