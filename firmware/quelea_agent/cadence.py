"""Cadence: when a node speaks. Less when nothing changes, at once when something does.

A node speaks in a round that has news, else after a silence that grows up to `quiet_rounds_max`
rounds as the volatility it feels falls. A silent round changes nothing that frames show: the value
that the neighbours know is the value that counts, and each frame is one step on from the last, so
that it can be computed again by whoever heard both. Loaded only where the settings ask for it.

News is measured by what it does here, not by what others say: a liar that flickers is trimmed like
any other, and moves nobody to speak as long as the honest agree within the band.

The interval is that of adaptive sampling (max - volatility * (max - min)), with a volatility in
1/FULL of a share of the signal's range: bounded, so it never saturates. It rises at once and falls
by an eighth a round; news lifts it higher than movement can, so that what was news is said three
times more: a frame may be lost.
"""

from quelea_proto.fixed import ring16_diff
from quelea_proto.limits import const
from quelea_proto.sorting import sort_prefix

from quelea_agent import counters as count
from quelea_agent.consensus import Exact, Resilient

FULL = const(4096)  # the volatility at which a node speaks in every round
NEWS = const(6144)  # falls to FULL in three rounds
FALL_SHIFT = const(3)  # it falls by an eighth a round
UNIT_SHIFT = const(6)  # a 64th of the signal's range in one round is full volatility


class Pace:
    """What one node feels. silent: rounds since it spoke; volatility: 0..NEWS."""

    def __init__(self, settings) -> None:  # type: ignore[no-untyped-def]
        self.rounds_max = settings.quiet_rounds_max
        self.band_q = settings.dead_band_q
        self.unit_q = max(1, (settings.hi_q - settings.lo_q) >> UNIT_SHIFT)
        self.volatility = NEWS
        self.silent = 0
        self.lively = 0  # rounds in which it speaks whatever it feels
        self.demand_q = settings.lo_q  # of the round before
        self.boots = 0  # lives of neighbours that have been answered
        self.said_q = 0

    def interval_rounds(self) -> int:
        """Return after how many rounds a node without news speaks, 1..rounds_max."""
        felt = self.volatility if self.volatility < FULL else FULL
        return self.rounds_max - (felt * (self.rounds_max - 1) >> 12)

    def alert(self, rounds: int) -> None:
        """Speak in each of the next rounds."""
        if rounds > self.lively:
            self.lively = rounds

    def feel(self, change_q: int, demand_q: int) -> None:
        """Take in by how much the value would move in this round, and the newest demand."""
        moved_q = abs(demand_q - self.demand_q)
        self.demand_q = demand_q
        if moved_q > change_q:
            change_q = moved_q
        level = FULL
        if change_q < self.unit_q:
            level = change_q * FULL // self.unit_q
        self.volatility -= self.volatility >> FALL_SHIFT
        if level > self.volatility:
            self.volatility = level

    def begins(self, news: bool) -> bool:
        """Return whether to speak in this round."""
        self.silent += 1
        if self.lively > 0:
            self.lively -= 1
            news = True
        if news:
            self.volatility = NEWS
        elif self.silent < self.interval_rounds():
            return False
        self.silent = 0
        return True

    def is_greeted(self, boots: int) -> bool:
        """Return whether no neighbour began a new life since the last call."""
        known = self.boots == boots
        self.boots = boots
        return known

    def state(self) -> list:
        """Return what is replicated, as integers; allocates."""
        return [self.volatility, self.silent, self.demand_q, self.boots, self.said_q]


class QuietResilient(Resilient):
    """The resilient mode; in a silent round the value stays though the rule would move it.

    An epoch lasts epoch_rounds at least and, without news, quiet_rounds_max times as long.
    """

    def __init__(self, settings, neighbours, counters) -> None:  # type: ignore[no-untyped-def]
        Resilient.__init__(self, settings, neighbours, counters)
        self.pace = Pace(settings)

    def round(self, demand_q: int) -> None:
        """Do one round; `speaks` tells whether it is one that others hear of."""
        elsewhere = self.neighbours.mark(self.epoch, self.used)
        ahead = 0
        if elsewhere > self.faults_max:
            ahead = self._steps_ahead()
        if ahead != 0:
            self.counters.add(count.EPOCH_JUMPS)
            self.lost = False
            self._begin(demand_q, ahead)
        elif not self.begun:
            self._begin(demand_q, 0)
        elif self._is_over(demand_q):
            self.lost = not self.in_step
            self._begin(demand_q, 1)
        else:
            self.rounds += 1
            self.restarted = False
            self._weigh(demand_q, elsewhere > self.faults_max)

    def _begin(self, demand_q: int, steps: int) -> None:
        self._restart(demand_q, steps)
        self.pace.feel(0, demand_q)
        self.pace.is_greeted(self.neighbours.boots)
        self.speaks = self.pace.begins(True)

    def _is_over(self, demand_q: int) -> bool:
        """Return whether the epoch ends by own rounds: they are enough, and there is news.

        One neighbour that is ahead is news enough. A liar can call for a new epoch so, but no more
        often than epochs follow on each other in a fleet that always speaks.
        """
        due = self.settings.epoch_rounds
        if due == 0 or self.rounds + 1 < due:
            return False
        if not self.in_step or self.rounds + 1 >= due * self.pace.rounds_max:
            return True
        if abs(demand_q - self.input_q) > self.pace.band_q:
            return True
        table = self.neighbours
        for slot in range(len(table.numbers)):
            if table.live[slot] and ring16_diff(table.epoch[slot], self.epoch) > 0:
                return True
        return False

    def _weigh(self, demand_q: int, apart: bool) -> None:
        """Speak of the step that the rule makes, or leave it undone; apart: others are elsewhere.

        The step is news when own and received values, without the F smallest and the F largest
        received, are further apart than the band.
        """
        pace = self.pace
        before_q = self.value_q
        found = self._gather()
        width_q = 0
        if found > 2 * self.faults_max:
            sort_prefix(self._values_q, found)
            low_q = self._values_q[self.faults_max]
            high_q = self._values_q[found - 1 - self.faults_max]
            width_q = max(high_q, before_q) - min(low_q, before_q)
        self._follow_rule(found)
        change_q = abs(self.value_q - before_q)
        pace.feel(change_q, demand_q)
        greeted = pace.is_greeted(self.neighbours.boots)
        self.speaks = pace.begins((change_q > 0 and width_q > pace.band_q) or apart or not greeted)
        if not self.speaks:
            self.value_q = before_q
        if 0 < self.settings.epoch_rounds <= self.rounds + 1 and self.in_step:
            self.settled_q = self.value_q  # an epoch without news need not end for that


class QuietExact(Exact):
    """The exact mode; in a silent round nothing moves."""

    def __init__(self, settings, neighbours, counters) -> None:  # type: ignore[no-untyped-def]
        Exact.__init__(self, settings, neighbours, counters)
        self.pace = Pace(settings)

    def round(self, demand_q: int) -> None:
        """Do one round, or let it pass in silence."""
        pace = self.pace
        flows = self.flows
        next_q = flows.estimate_q + (demand_q - flows.input_q)
        news = abs(next_q - pace.said_q) > pace.band_q
        table = self.neighbours
        for slot in range(len(table.numbers)):
            if table.live[slot] and flows.peer_count[slot] > 0 and not news:
                news = abs(next_q - flows.peer_q[slot]) > pace.band_q
        pace.feel(abs(next_q - pace.said_q), demand_q)
        greeted = pace.is_greeted(table.boots)
        self.speaks = pace.begins(news or not greeted)
        if self.speaks:
            Exact.round(self, demand_q)
            pace.said_q = flows.estimate_q
        else:
            self.rounds += 1
