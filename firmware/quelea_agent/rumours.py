"""Rumours: what neighbours say of the servers' loads, and how much of it is believed.

A node sees one load exactly, that of the server it uses; of the others it hears. A rumour is a
load and its age, and the youngest wins. A liar says that its lies are young, so with `checked`
every row is also held against what the node itself saw at that time:

    a row that is wrong about the server that the receiver uses       BAD more suspicion
    one that is right about it                                        1 less
    a server that proves far fuller on arrival than was said          BAD more

A neighbour with TRUSTED_MAX or more is not believed, nor is anything of it handed on; so lies end
at the first honest node that can see through them. Without `checked` the youngest wins, whoever
says so, which is the usual gossip of tables.

With `checked` a rumour also expires by comparison: a server in use is seen by its users every
round, so one whose news is several times older than that of the others is likely used by nobody.

Columns are flat lists by slot * servers + server; the last slot is the node's own sight.
"""

from quelea_proto.limits import const
from quelea_proto.rumour_row import NEVER, Row

HORIZON_ROUNDS = const(200)  # an older rumour says nothing
EXPIRY_ROUNDS = const(16)  # nor does one older than this and 8 times the median age of all
EXPIRY_SHIFT = const(3)
OWN_ROUNDS = const(3)  # for so long the own sight outweighs what is heard
SEEN_ROUNDS = const(8)  # own sights of the server in use that rows are held against
BAD = const(4)
TRUSTED_MAX = const(4)  # suspicion from which a neighbour is not believed
SUSPICION_MAX = const(16)
FAR_SHIFT = const(2)  # fuller on arrival than was said by a quarter of the capacity: a lie
NEAR_SHIFT = const(3)  # an eighth: what the load may move between two clocks
NEWS_SHIFT = const(5)  # a part of 32: a change that is worth telling
LONG_AGO = const(-1000000)
UNKNOWN = const(-1)


class Rumours:
    """round: the own round. suspicion: by neighbour slot."""

    def __init__(self, capacities_q: list, slots: int, checked: bool) -> None:
        servers = len(capacities_q)
        self.capacities_q = capacities_q
        self.servers = servers
        self.slots = slots
        self.checked = checked
        self.round = 0
        self.stamp_found = LONG_AGO  # round of what load_q() returned
        self.suspicion = [0] * slots
        self.stamp = [LONG_AGO] * ((slots + 1) * servers)
        self.load = [0] * ((slots + 1) * servers)
        self.at = -1  # the server in use
        self.expiry = HORIZON_ROUNDS  # age beyond which a rumour says nothing
        self._ages = [0] * servers
        self._since = 0  # round of the first sight of it
        self._seen = [0] * SEEN_ROUNDS  # its load by round % SEEN_ROUNDS

    # -- what is known ----------------------------------------------------------------------
    def load_q(self, server: int) -> int:
        """Return the load that is believed, in q, or UNKNOWN; stamp_found says of which round."""
        own = self.slots * self.servers + server
        now = self.round
        best = self.stamp[own]
        load = self.load[own]
        if now - best > OWN_ROUNDS or not self.checked:
            at = server
            for slot in range(self.slots):
                if self.stamp[at] > best and self.trusts(slot):
                    best = self.stamp[at]
                    load = self.load[at]
                at += self.servers
        self.stamp_found = best
        return load if now - best <= self.expiry else UNKNOWN

    def begin(self) -> None:
        """Begin a round: set the age at which rumours expire."""
        self.round += 1
        if not self.checked:
            self.expiry = HORIZON_ROUNDS
            return
        ages = self._ages
        for server in range(self.servers):
            self.load_q(server)
            ages[server] = min(HORIZON_ROUNDS, self.round - self.stamp_found)
        ages.sort()
        median = ages[self.servers >> 1]
        self.expiry = min(HORIZON_ROUNDS, EXPIRY_ROUNDS + (median << EXPIRY_SHIFT))

    def age(self) -> int:
        """Return the age of what load_q() just returned, as a row says it."""
        age = self.round - self.stamp_found
        return age if age <= HORIZON_ROUNDS else NEVER

    def forget(self) -> None:
        """Know nothing any more, and suspect nobody."""
        for at in range(len(self.stamp)):
            self.stamp[at] = LONG_AGO
        for slot in range(self.slots):
            self.suspicion[slot] = 0

    def trusts(self, slot: int) -> bool:
        """Return whether what this neighbour says is believed."""
        return not self.checked or self.suspicion[slot] < TRUSTED_MAX

    # -- own sight --------------------------------------------------------------------------
    def see(self, server: int, load_q: int, own_q: int) -> None:
        """Take the exact load of the server in use in this round; own_q of it is this node's."""
        if server != self.at:
            self._arrive(server, load_q - own_q)
        self._seen[self.round % SEEN_ROUNDS] = load_q
        self._enter(self.slots, server, load_q, self.round)

    def leave(self, server: int, own_q: int) -> None:
        """Remember that a server was left: what was seen there, less the own demand."""
        if not self.checked:
            return
        at = self.slots * self.servers + server
        self._enter(self.slots, server, max(0, self.load[at] - own_q), self.round)

    def _arrive(self, server: int, others_q: int) -> None:
        """Blame those who said lately that there was far more room."""
        far_q = self.capacities_q[server] >> FAR_SHIFT
        at = server
        for slot in range(self.slots):
            if self.stamp[at] >= self.round - 2 and others_q > self.load[at] + far_q:
                self._suspect(slot)
            at += self.servers
        self.at = server
        self._since = self.round

    def _enter(self, slot: int, server: int, load_q: int, stamp: int) -> None:
        at = slot * self.servers + server
        self.stamp[at] = stamp
        self.load[at] = load_q

    # -- what is heard ----------------------------------------------------------------------
    def hear(self, slot: int, row: Row) -> bool:
        """Enter a neighbour's row; return whether it tells something new that is believed."""
        self._check(slot, row)
        trusted = self.trusts(slot)
        news = False
        at = slot * self.servers
        for server in range(self.servers):
            age = row.age_at(server)
            stamp = self.round - age
            if age != NEVER and stamp > self.stamp[at]:
                load_q = row.load_at(server)
                if trusted and not news:
                    news = self._is_news(server, load_q, stamp)
                self.stamp[at] = stamp
                self.load[at] = load_q
            at += 1
        return news

    def _is_news(self, server: int, load_q: int, stamp: int) -> bool:
        known_q = self.load_q(server)
        if self.stamp_found >= stamp:
            return False
        if known_q == UNKNOWN:
            return True
        return abs(load_q - known_q) > self.capacities_q[server] >> NEWS_SHIFT

    def _check(self, slot: int, row: Row) -> None:
        """Hold what a row says of the server in use against the own sights of that time."""
        if self.at < 0 or row.age_at(self.at) == NEVER:
            return
        age = row.age_at(self.at)
        slack = 1 + (age >> 1)  # clocks differ, and each node on the way rounds to its own
        then = self.round - age
        first = max(then - slack, self._since, self.round - SEEN_ROUNDS + 1)
        last = min(then + slack, self.round)
        if first > last:
            return
        lo_q = hi_q = self._seen[first % SEEN_ROUNDS]
        for stamp in range(first + 1, last + 1):
            seen_q = self._seen[stamp % SEEN_ROUNDS]
            lo_q = min(lo_q, seen_q)
            hi_q = max(hi_q, seen_q)
        near_q = self.capacities_q[self.at] >> NEAR_SHIFT
        said_q = row.load_at(self.at)
        if said_q < lo_q - near_q or said_q > hi_q + near_q:
            self._suspect(slot)
        elif self.suspicion[slot]:
            self.suspicion[slot] -= 1

    def _suspect(self, slot: int) -> None:
        self.suspicion[slot] = min(SUSPICION_MAX, self.suspicion[slot] + BAD)
