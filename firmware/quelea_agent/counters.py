"""What happened, by cause: one list of integers, never an allocation.

The causes of a refused frame keep the order of quelea_proto.frames.CAUSES, so that the position
of a cause there is the position of its counter here. Counters go round at 2^30.
"""

from quelea_proto.limits import SMALL_MAX

NAMES = (
    "frames_in",  # every payload handed to step()
    "bad_short",
    "bad_version",
    "bad_kind",
    "bad_length",
    "bad_crc",
    "bad_range",
    "bad_sender",  # the frame's node is not the one whose topic it came on
    "unknown_sender",  # no neighbour of this node
    "session_old",  # from before the sender's last boot
    "stale",  # an older seq than the last one taken
    "duplicate",  # the very frame that was taken last
    "equivocation",  # another frame with the seq that was taken last: evidence
    "wrong_mode",  # a flow frame in resilient mode or a state frame in exact mode
    "accepted",
    "clamped",  # a received value outside the signal's range
    "rounds",
    "held",  # rounds with fewer than 2F + 1 fresh values
    "late",  # rounds that began a whole period late or more
    "epoch_jumps",  # epochs entered because F + 1 neighbours were further
    "demand_clamped",  # own readings outside the signal's range
)

FRAMES_IN = 0
BAD_SENDER = 7
UNKNOWN_SENDER = 8
SESSION_OLD = 9
STALE = 10
DUPLICATE = 11
EQUIVOCATION = 12
WRONG_MODE = 13
ACCEPTED = 14
CLAMPED = 15
ROUNDS = 16
HELD = 17
LATE = 18
EPOCH_JUMPS = 19
DEMAND_CLAMPED = 20


class Counters:
    """counts[i] belongs to NAMES[i]."""

    def __init__(self) -> None:
        self.counts = [0] * len(NAMES)

    def add(self, which: int, times: int = 1) -> None:
        """Count NAMES[which] once more, or so many times."""
        self.counts[which] = (self.counts[which] + times) & SMALL_MAX

    def named(self) -> dict:
        """Return {name: count} of those that are not zero, for status messages."""
        return {NAMES[i]: self.counts[i] for i in range(len(NAMES)) if self.counts[i]}
