"""When the reference's node speaks: its volatility, and the silence that follows from it.

Written from docs/protocol.md. Volatility counts 4096ths of full agitation, a movement of a 64th of
the signal's range in one round.
"""

from collections.abc import Sequence

COMPILED: dict[str, int] = {}  # of quelea_proto.limits, none


class Pace:
    """longest: rounds from one frame to the next at most, 0: no cadence. voiced_q: exact mode's
    estimate as it was last shown."""

    __slots__ = ("agitation", "answered", "band_q", "demand_q", "full_q", "longest", "silent",
                 "voiced_q")  # fmt: skip

    def __init__(self, longest: int, band_q: int, lo_q: int, hi_q: int) -> None:
        self.longest = longest
        self.band_q = band_q
        self.full_q = (hi_q - lo_q) // 64
        if self.full_q < 1:
            self.full_q = 1
        self.agitation = 6144
        self.silent = self.answered = self.voiced_q = 0
        self.demand_q = lo_q

    def sway(self, by_q: int, demand_q: int) -> None:
        """Let the volatility fall by an eighth, and rise to what this round's movement is."""
        by_q = max(by_q, demand_q - self.demand_q, self.demand_q - demand_q)
        self.demand_q = demand_q
        self.agitation -= self.agitation // 8
        rise = 4096 * by_q // self.full_q if by_q < self.full_q else 4096
        self.agitation = max(self.agitation, rise)

    def apart(self, own_q: int, values: Sequence[int], count: int, faults_max: int) -> bool:
        """Return whether values[:count], F left out at each end, and the own one span more than
        the band; False for fewer than 2F + 1."""
        if count <= 2 * faults_max:
            return False
        low_q = high_q = own_q
        for i in range(count):
            below = 0
            for j in range(count):
                below += values[j] < values[i] or (values[j] == values[i] and j < i)
            if faults_max <= below < count - faults_max:
                low_q = min(low_q, values[i])
                high_q = max(high_q, values[i])
        return high_q - low_q > self.band_q

    def due(self, news: bool, boots: int) -> bool:
        """Return whether this round is spoken of; boots: new lives of neighbours so far."""
        self.silent += 1
        if boots != self.answered:
            news = True
        self.answered = boots
        if news:
            self.agitation = 6144
        elif self.silent < self.longest - (self.longest - 1) * min(4096, self.agitation) // 4096:
            return False
        self.silent = 0
        return True

    def row(self) -> tuple[int, int, int, int, int]:
        """Return what Machine.state() lists of it."""
        return self.agitation, self.silent, self.demand_q, self.answered, self.voiced_q
