"""What was heard of each sender, and how far it can be used as evidence against others.

An input is named by 1 + seq % 255 alone, so a name proves something only while one frame can be
meant. A sender that contradicts itself, falls back in its session or speaks faster than rounds
go is still audited, but nobody else is accused on the strength of its frames.
"""

from collections import deque
from typing import NamedTuple

from quelea_proto.fixed import ring16_diff
from quelea_proto.frames import RESTART, STATE
from quelea_proto.limits import USED_MOD

from quelea.journal import FrameRow

KEPT_FRAMES = 1200  # of a sender; names go round after 255
LAG_ROUNDS = 200  # a frame used later than this is not looked for: names would collide
JUMP_FRAMES = 8  # seq may leap over so many lost frames whatever the time
WARM_ROUNDS = 16  # after which, a silence apart, nobody still uses a frame of a life before
FIRST_SEQ = 1  # of a session; it always begins an epoch
SAME_STEP = 2  # two frames of one step are less than a period / SAME_STEP apart


class Twins(NamedTuple):
    """Two different frames with the same session and seq, said within one step."""

    first: FrameRow
    second: FrameRow


class Voice:
    """One sender's frames by (session, seq), the first of each; unclear: sessions that nothing
    can be proved with."""

    def __init__(self, period_us: int, silence_rounds: int = 1) -> None:
        self.period_us = period_us
        self.warm_us = (WARM_ROUNDS + silence_rounds - 1) * period_us
        self.frames: dict[tuple[int, int], FrameRow] = {}
        self.newest: FrameRow | None = None
        self.unclear: set[int] = set()
        self.equivocates = False
        self.epochs: dict[int, tuple[int, int]] = {}  # (first, last) epoch heard, by session
        self.first_us: dict[int, int] = {}  # when a session was first heard
        self._order: deque[tuple[int, int]] = deque()

    def hear(self, row: FrameRow) -> Twins | None:
        """Take a good frame; return the pair when it proves equivocation."""
        key = row.session, row.seq
        first = self.frames.get(key)
        newest = self.newest
        if first is not None and first.payload == row.payload:
            if newest is not None and (newest.session, newest.seq) != key:
                return None  # an old frame once more
            self.newest = row
            return None
        proof = None
        if first is not None:
            self.unclear.add(row.session)
            near = row.t_us - first.t_us < self.period_us // SAME_STEP
            # a boot counter that was set back also says a seq twice, but not within a step
            if near and row.seq >= SAME_STEP and newest is not None and newest.seq == row.seq:
                self.equivocates = True
                proof = Twins(first, row)
        elif newest is not None:
            self._follow(newest, row)
        if first is None:
            self._keep(key, row)
        self.newest = row
        return proof

    def _follow(self, newest: FrameRow, row: FrameRow) -> None:
        """Mark what does not follow on the newest frame as unclear."""
        if row.session != newest.session:
            if ring16_diff(row.session, newest.session) < 0:
                self.unclear |= {row.session, newest.session}
            return
        ahead = row.seq - newest.seq
        least_us = (ahead - JUMP_FRAMES) * self.period_us // SAME_STEP
        if ahead < 0 or row.t_us - newest.t_us < least_us:
            self.unclear.add(row.session)

    def _keep(self, key: tuple[int, int], row: FrameRow) -> None:
        self.frames[key] = row
        self._order.append(key)
        known = self.epochs.setdefault(row.session, (row.epoch, row.epoch))
        self.first_us.setdefault(row.session, row.t_us)
        self.epochs[row.session] = known[0], row.epoch
        if len(self._order) > KEPT_FRAMES:
            old = self._order.popleft()
            del self.frames[old]
            if old[0] != self._order[0][0]:
                self.epochs.pop(old[0], None)
                self.first_us.pop(old[0], None)

    def before(self, row: FrameRow) -> tuple[FrameRow | None, bool]:
        """Return the sender's frame before this one, and whether no other life can have said it.

        In a second life with the same session this seq comes seq - 1 periods after the first. The
        second frame of any life follows on one whose value was its input, heard or not: then it
        does not matter. One that was not heard has no payload.
        """
        found = self.frames.get((row.session, row.seq - 1))
        if found is None:
            if row.seq != FIRST_SEQ + 1 or row.restart or row.kind != STATE:
                return None, False
            found = row._replace(
                at=0, seq=FIRST_SEQ, flags=RESTART, value_q=row.input_q, payload=b""
            )
        same = row.seq == FIRST_SEQ + 1 and found.value_q == found.input_q == row.input_q
        if same and found.epoch == row.epoch:
            return found, row.session not in self.unclear
        soon = row.t_us - found.t_us <= (row.seq - 1) * self.period_us * 9 // 10
        return found, soon and row.session not in self.unclear

    def named(self, mark: int, row: FrameRow, until_us: int) -> tuple[FrameRow | None, bool]:
        """Return (the frame that a name in row means or None, whether no other can be meant)."""
        newest = self._newest_at(until_us)
        if newest is None:
            return None, False
        seq = newest.seq - (newest.seq - (mark - 1)) % USED_MOD
        if seq <= newest.seq - LAG_ROUNDS:
            return None, False
        found = self.frames.get((newest.session, seq))
        if found is None or found.epoch != row.epoch:
            return None, False
        # heard after it was used: most likely late, perhaps another life's with the same numbers
        return found, found.t_us <= row.t_us and self._certain(newest.session, row, until_us)

    def _newest_at(self, until_us: int) -> FrameRow | None:
        if self.newest is not None and self.newest.t_us <= until_us:
            return self.newest
        for key in reversed(self._order):
            if self.frames[key].t_us <= until_us:
                return self.frames[key]
        return None

    def _certain(self, session: int, row: FrameRow, until_us: int) -> bool:
        """Whether the session went on after until_us, alone, as far as row's epoch can tell."""
        newest = self.newest
        if newest is None or newest.t_us <= until_us or session in self.unclear:
            return False
        if self.equivocates or newest.session != session:
            return False
        for other, (first, last) in self.epochs.items():
            if other == session:
                continue
            if ring16_diff(row.epoch, first) >= -1 and ring16_diff(last, row.epoch) >= -1:
                return False  # an earlier life spoke in this epoch, or may have
        if session == 1 or session - 1 in self.epochs:
            return True
        # an earlier life may have spoken and not been heard at all: its frames have to be stale
        return row.t_us - self.first_us[session] >= self.warm_us
