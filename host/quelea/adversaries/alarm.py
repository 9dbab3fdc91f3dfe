"""Cries wolf: one epoch further than it is, top and bottom in turn, so that nobody may be quiet.

Against a cadence: a neighbour that is further is news. Elsewhere its frames are of another epoch,
and count for nothing.
"""

from quelea_proto.crc import crc16
from quelea_proto.limits import EPOCH_MASK

EPOCH_AT = 6  # of the two bytes of `epoch` in a frame


def frames(view, hand):  # type: ignore[no-untyped-def]
    """Return a sound frame of the next epoch."""
    said = hand.claim(view.hi_q if view.round % 2 == 0 else view.lo_q)
    epoch = (view.agent.epoch + 1) & EPOCH_MASK
    said[EPOCH_AT] = epoch & 255
    said[EPOCH_AT + 1] = epoch >> 8
    end = len(said) - 2
    crc = crc16(said, end)
    said[end] = crc & 255
    said[end + 1] = crc >> 8
    return ((0, said),)
