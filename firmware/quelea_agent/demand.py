"""The node's own demand: the newest reading of its sensor, held inside the signal's range."""

from quelea_proto.fixed import clamp

from quelea_agent.counters import DEMAND_CLAMPED, Counters


class Demand:
    """demand_q: the newest reading, in lo_q..hi_q; lo_q until there is one."""

    def __init__(self, lo_q: int, hi_q: int, counters: Counters) -> None:
        self.lo_q = lo_q
        self.hi_q = hi_q
        self.demand_q = lo_q
        self.counters = counters

    def sense(self, reading_q: int) -> None:
        """Take a reading; one outside the range is clamped and counted."""
        self.demand_q = clamp(reading_q, self.lo_q, self.hi_q)
        if self.demand_q != reading_q:
            self.counters.add(DEMAND_CLAMPED)
