"""Cries wolf: the top of the range, then the bottom one epoch further, so that nobody be quiet.

Against a cadence: a neighbour that is further is news. Elsewhere a frame of another epoch counts
for nothing, and the liar is one that flickers and is away in every other round.
"""

from quelea_proto.crc import crc16
from quelea_proto.limits import EPOCH_MASK

EPOCH_AT = 6  # of the two bytes of `epoch` in a frame


def frames(view, hand):  # type: ignore[no-untyped-def]
    """Return a sound frame, in odd rounds one of the next epoch."""
    if view.round % 2 == 0:
        return ((0, hand.claim(view.hi_q)),)
    said = hand.claim(view.lo_q)
    epoch = (view.agent.epoch + 1) & EPOCH_MASK
    said[EPOCH_AT] = epoch & 255
    said[EPOCH_AT + 1] = epoch >> 8
    end = len(said) - 2
    crc = crc16(said, end)
    said[end] = crc & 255
    said[end + 1] = crc >> 8
    return ((0, said),)
