"""One neighbour as the reference's node knows it, what it counts, and differences on a ring."""

COMPILED: dict[str, int] = {}  # of quelea_proto.limits, none

# counters[i] belongs to COUNTERS[i]; 1..6 are the causes of codec.CAUSES
COUNTERS = (
    "frames_in",
    "bad_short",
    "bad_version",
    "bad_kind",
    "bad_length",
    "bad_crc",
    "bad_range",
    "bad_sender",
    "unknown_sender",
    "session_old",
    "stale",
    "duplicate",
    "equivocation",
    "wrong_mode",
    "accepted",
    "clamped",
    "rounds",
    "held",
    "late",
    "epoch_jumps",
    "demand_clamped",
)


def around(later: int, earlier: int, half: int) -> int:
    """Return later - earlier on the ring of 2 * half, in -half .. half - 1; half: a power of 2."""
    return ((later - earlier + half) & (2 * half - 1)) - half


class Peer:
    """back_slot: this node's place in the neighbour's columns."""

    __slots__ = (
        "back_slot", "crc", "epoch", "heard_ms", "live", "number", "seq", "session", "suspicion",
        "used", "value_q",
    )  # fmt: skip

    def __init__(self, number: int, back_slot: int) -> None:
        self.number = number
        self.back_slot = back_slot
        self.live = self.session = self.seq = self.crc = self.epoch = 0
        self.value_q = self.heard_ms = self.suspicion = self.used = 0

    def row(self) -> tuple[int, ...]:
        """Return what Machine.state() lists of a neighbour."""
        return (
            self.live, self.session, self.seq, self.crc, self.epoch, self.value_q, self.heard_ms,
            self.suspicion, self.used,
        )  # fmt: skip
