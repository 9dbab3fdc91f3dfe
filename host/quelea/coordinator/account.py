"""What was heard of one node: frames, bytes, gaps in its sequence, what contradicts itself."""

WINDOW_SEQS = 64  # how far back a late frame is still told from a repeated one


class Account:
    """Counts good frames by their (session, seq), refused payloads, and all bytes.

    lost: sequence numbers that never came, within a session; a late frame takes its own back.
    repeated: frames heard before, as a sender with fan-out sends them to several neighbours.
    contradictions: a second frame of the newest (session, seq) that differs from the first.
    """

    __slots__ = (
        "_first",
        "_mask",
        "_tail",
        "bytes",
        "contradictions",
        "frames",
        "late",
        "lost",
        "old",
        "refused",
        "repeated",
        "seq",
        "session",
        "sessions",
    )

    def __init__(self) -> None:
        self.frames = 0
        self.bytes = 0
        self.refused = 0
        self.lost = 0
        self.late = 0
        self.repeated = 0
        self.old = 0  # of a session before the newest
        self.contradictions = 0
        self.sessions = 0
        self.session = 0
        self.seq = 0
        self._tail = b""  # the newest frame's checksum
        self._first = 0  # the session's first frame: what came before it counts as no loss
        self._mask = 0  # bit i: seq - i was heard

    def refuse(self, size: int) -> None:
        """Count a payload that was no good frame."""
        self.refused += 1
        self.bytes += size

    def take(self, session: int, seq: int, payload: bytes) -> bool:
        """Count a good frame; return whether it is newer than all before.

        False for a repeated, late or old one, and for one that contradicts the newest.
        """
        self.frames += 1
        self.bytes += len(payload)
        if session != self.session:
            ahead = (session - self.session) & 0xFFFF
            if self.sessions and ahead >= 0x8000:
                self.old += 1
                return False
            self.session = session
            self.sessions += 1
            self._first = seq
            self._mask = 1
        elif seq > self.seq:
            step = seq - self.seq
            self.lost += step - 1
            self._mask = (self._mask << step | 1) & _ALL if step < WINDOW_SEQS else 1
        else:
            self._not_newer(self.seq - seq, payload)
            return False
        self.seq = seq
        self._tail = payload[-2:]
        return True

    def _not_newer(self, behind: int, payload: bytes) -> None:
        if behind == 0 and payload[-2:] != self._tail:
            self.contradictions += 1
        elif behind >= WINDOW_SEQS or self._mask >> behind & 1:
            self.repeated += 1
        else:
            self._mask |= 1 << behind
            self.late += 1
            if self.seq - behind > self._first:
                self.lost -= 1


_ALL = (1 << WINDOW_SEQS) - 1
