"""Hush: which rows of a shared limit are spoken where the fleet has a cadence.

A node does every round of its part in a limit, whether it speaks or not: its load follows its cap,
its lease is looked at, what is due is stored. What may be left out is the row, as long as it says
nothing new. Nothing that is proven of a limit rests on rows that come: a lost one costs nothing
but time, and one that was left out is one that was lost.

    news       any byte of the row but those left out of the comparison; then AGAIN rounds more,
               since rows get lost, and each of them twice: half a round later once more
    heard      what others claim or hold has changed: one of them may have begun anew and know
               nothing, so the next row is spoken
    heartbeat  once in rounds_max rounds

Loaded only where the settings ask for it.
"""

from quelea_proto.limits import SMALL_MAX, const

AGAIN = const(4)
HEARD_MASK = const((1 << 27) - 1)
LEASE_SHARE = const(4)  # pulses in a lease: an answer and the question to it may get lost


class Pace:
    """When rows of one kind are spoken. compared: 0 or 1 by byte, whether it may be news."""

    def __init__(self, rounds_max: int, compared: bytearray) -> None:
        self.rounds_max = rounds_max
        self.spoken = 0
        self.left_out = 0
        self._compared = compared
        self._said = bytearray(len(compared))
        self._again = 0
        self._silent = 0

    @property
    def lively(self) -> bool:
        """Whether there was news in the last rounds."""
        return self._again > 0

    def answer(self) -> None:
        """Speak in the next round."""
        self._again = max(self._again, 1)

    def speaks(self, row: bytearray) -> bool:
        """Return whether the row of this round is to be spoken; to be called once a round."""
        said = self._said
        news = False
        for i in range(len(said)):
            if row[i] != said[i]:
                said[i] = row[i]
                if self._compared[i]:
                    news = True
        self._silent += 1
        if news:
            self._again = AGAIN
        elif self._again > 0:
            self._again -= 1
        elif self._silent < self.rounds_max:
            self.left_out = (self.left_out + 1) & SMALL_MAX
            return False
        self._silent = 0
        self.spoken = (self.spoken + 1) & SMALL_MAX
        return True


def of_rows(rounds_max: int, count: int) -> Pace:
    """Return the pace of the headroom rows of a node with so many others."""
    from quelea_proto.headroom_row import row_bytes  # flashed only where a limit is shared

    compared = bytearray(row_bytes(count))
    for i in range(len(compared) - 2):
        compared[i] = 1
    return Pace(rounds_max, compared)


def of_pulses(rounds_max: int, count: int) -> Pace:
    """Return the pace of pulses; of them neither entries nor beats are news."""
    from quelea_proto import pulse_row  # flashed only where there are leases

    compared = bytearray(pulse_row.row_bytes(count))
    for i in range(len(compared) - 2):
        at = i - pulse_row.HEAD - 2 * count
        compared[i] = 0 if 4 <= i < 8 or 10 <= i < 14 or 0 <= at < 4 * count else 1
    return Pace(rounds_max, compared)


class Hush:
    """What of one limit is spoken. rows, pulses: Pace; pulses None before the first.

    again: the row of this round, where it is to be said once more half a round later.
    """

    def __init__(self, rounds_max: int, period_ms: int, count: int) -> None:
        self.rounds_max = rounds_max
        self.rows = of_rows(rounds_max, count)
        self.again = None
        self.pulses = None
        self._period_ms = period_ms
        self._heard_q = 0

    def row(self, headroom, row):  # type: ignore[no-untyped-def]
        """Return the row to publish in this round, or None; once a round."""
        self.again = None
        if row is None:
            return None
        heard_q = 0
        for slot in range(len(headroom.claims_q)):
            heard_q = (heard_q * 3 + headroom.claims_q[slot] + headroom.held_q[slot]) & HEARD_MASK
        if heard_q != self._heard_q:
            self._heard_q = heard_q
            self.rows.answer()
        if not self.rows.speaks(row):
            return None
        if self.rows.lively:
            self.again = row
        return row

    def pulse(self, members, pulse):  # type: ignore[no-untyped-def]
        """Return the pulse to publish in this round, or None; once a round.

        A lease lives of LEASE_SHARE pulses of each side at least.
        """
        if self.pulses is None:
            rounds = members.group.lease_ms // (LEASE_SHARE * self._period_ms)
            rounds = max(1, min(self.rounds_max, rounds))
            self.pulses = of_pulses(rounds, members.books.count)
        members.sent = self.pulses.speaks(pulse)
        return pulse if members.sent else None


class Still:
    """A demand that trembles within the dead band stands still."""

    def __init__(self, band_q: int) -> None:
        self.band_q = band_q
        self.demand_q = 0

    def hold(self, demand_q: int) -> int:
        """Return the demand to act on: the newest, or the one held if that is as near."""
        begun = (demand_q > 0) != (self.demand_q > 0)
        if begun or abs(demand_q - self.demand_q) > self.band_q:
            self.demand_q = demand_q
        return self.demand_q


def attach(sharing, settings) -> None:  # type: ignore[no-untyped-def]
    """Give a sharing.Sharing what settings.quiet_rounds_max asks for."""
    rounds = settings.quiet_rounds_max
    sharing.still = Still(settings.dead_band_q)
    for share in sharing.shares:
        share.silent_max += rounds - 1
        share.hush = Hush(rounds, settings.period_ms, len(share.headroom.claims_q))
