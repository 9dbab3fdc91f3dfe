"""Cluster: one member's part in a fleet of clusters, on top of the agreement inside its own.

    cluster.hear(now_ms, source, payload)            a row of a delegate, own cluster or a near one
    row = cluster.round(now_ms, value_q, alive)      once a round; publish it unless it is None,
                                                     and then cluster.head(), unless that is None
    cluster.fleet_q                                  the fleet's value, to act on

Of a cluster's candidates the first 2F + 1 by rank that speak are its delegates. Each keeps an
entry (value, size, age) for every cluster; entries walk from cluster to cluster, through the
median of what at least 2F + 1 different members say at each hop; the fleet's value is their mean,
weighted by size. Members follow the median of what their own delegates say of it. Why no belief
rests on the election: docs/decisions/hierarchy.md. Integers of 31 bits; nothing is allocated
after the start.
"""

from quelea_proto.cluster_row import (
    NEVER,
    Row,
    age_at,
    pack_entry,
    pack_head,
    row_bytes,
    seal,
    unpack,
)  # fmt: skip
from quelea_proto.fixed import clamp, ring16_diff, ticks_diff
from quelea_proto.limits import (
    CANDIDATES_MAX,
    CLUSTER_SIZE_MAX,
    CLUSTERS_MAX,
    EPOCH_MASK,
    SEQ_MAX,
    TICKS_HALF,
)  # fmt: skip
from quelea_proto.sorting import sort_prefix
from quelea_proto.weighted import weighted_mean

from quelea_agent.voices import Voices, middle

LIVE_INTERVALS = 2  # without a word after which a delegate is replaced; and an eighth, for jitter
KNOWN_INTERVALS = 2  # so long an entry must be known here before others are to have it


class Plan:
    """own: index of the cluster. sizes: members by cluster. candidates: numbers, ascending.

    near: (cluster, numbers) rows of those heard. interval_rounds: rounds between two rows.
    term_intervals: 0 for one term only. age_max: intervals after which a silent cluster counts
    no more.
    """

    def __init__(
        self, node: int, own: int, sizes: tuple, candidates: tuple, near: tuple, faults_max: int,
        period_ms: int, lo_q: int, hi_q: int, interval_rounds: int = 1, term_intervals: int = 0,
        age_max: int = 60,
    ) -> None:  # fmt: skip
        self.node = node
        self.own = own
        self.sizes = sizes
        self.candidates = candidates
        self.near = near
        self.faults_max = faults_max
        self.seats = 2 * faults_max + 1
        self.interval_rounds = interval_rounds
        self.term_intervals = term_intervals
        self.age_max = age_max
        self.lo_q = lo_q
        self.hi_q = hi_q
        interval_ms = period_ms * interval_rounds
        self.live_ms = LIVE_INTERVALS * interval_ms + interval_ms // 8


class Cluster:
    """fleet_q: what to act on. held: fewer than 2F + 1 delegates spoke lately, fleet_q rests.

    seated: whether this node is a delegate. said_q: the fleet's value by the own table. term:
    rotates the ranks. By cluster: value_q, size, age. taken: seats ever taken. refused: rows.
    """

    def __init__(self, plan: Plan, session: int) -> None:
        count = len(plan.sizes)
        candidates = len(plan.candidates)
        self.plan = plan
        self.session = session
        self.seq = 0
        self.fleet_q = 0
        self.said_q = 0
        self.held = True
        self.seated = False
        self.term = 0
        self.taken = 0
        self.refused = 0
        self.value_q = [0] * count
        self.size = [0] * count
        self.age = [NEVER] * count
        self.known = [0] * count  # intervals since the entry is there, up to KNOWN_INTERVALS
        self._row_in = Row()
        self._follows = False  # fleet_q is the delegates' word, not the own value
        self._in_step = False  # with the term of the others
        self._round = 0
        self._interval = 0  # of the term
        self._values = [0] * (3 * plan.faults_max + 4)
        self._weights = [0] * count
        self._weighed = [0] * count
        self.heard = [Voices(plan.own, plan.candidates, plan.faults_max, count)]
        self.own_at = self.heard[0].index(plan.node)
        self._entries = count if self.own_at >= 0 else 0  # of the rows that count here
        if self.own_at < 0:  # never a delegate: only the word of the own delegates matters
            self.heard[0] = Voices(plan.own, plan.candidates, plan.faults_max, 0)
            return
        for row in plan.near:
            self.heard.append(Voices(row[0], row[1], plan.faults_max, count))
        self._row_out = bytearray(row_bytes(count))
        self._head_out = bytearray(row_bytes(0))
        self._since_ms = [0] * candidates  # heard last, or due since
        self._due = bytearray(candidates)  # has a seat, by what is known here
        self._fallen = bytearray(candidates)  # had one and did not speak

    # -- rows in --------------------------------------------------------------------------------
    def hear(self, now_ms: int, source: int, payload: bytes | bytearray | memoryview) -> bool:
        """Take in a row that node number source published; False when it does not count."""
        row = self._row_in
        if unpack(payload, row) and row.node == source and row.count == self._entries:
            for voices in self.heard:
                if voices.cluster == row.cluster:
                    member = voices.index(source)
                    if member >= 0 and source != self.plan.node:
                        if voices.take(now_ms, member, row):
                            if voices is self.heard[0] and self.own_at >= 0:
                                self._note(now_ms, member, payload)
                            return True
        self.refused += 1
        return False

    def _note(self, now_ms: int, member: int, payload: bytes | bytearray | memoryview) -> None:
        """Let the row count as a sign of life, unless it lacks what has long been known."""
        for cluster in range(len(self.known)):
            if self.known[cluster] >= KNOWN_INTERVALS and age_at(payload, cluster) == NEVER:
                if self.age[cluster] < self.plan.age_max >> 1:  # not one that is about to go
                    return
        self._since_ms[member] = now_ms
        self._fallen[member] = 0

    # -- a round --------------------------------------------------------------------------------
    def round(self, now_ms: int, value_q: int, alive: int) -> bytearray | None:
        """Do a round; return the row to publish, valid until the next call, or None.

        value_q: of the agreement inside the cluster. alive: members of it that live, or its size.
        """
        plan = self.plan
        for voices in self.heard:
            voices.expire(now_ms, plan.live_ms)
        due = self._round == 0
        self._round = (self._round + 1) % plan.interval_rounds
        row = None
        if self.own_at >= 0:
            row = self._take_part(now_ms, value_q, alive, due)
        self._follow(value_q)
        return row

    def _take_part(self, now_ms: int, value_q: int, alive: int, due: bool) -> bytearray | None:
        if due:
            self._count_term()
        before = self.seated
        self.seated = self._elect(now_ms)
        begins = self.seated and not before
        if begins:
            self.taken += 1
        own = self.plan.own
        if due:
            self._grow_old()
        self.value_q[own] = clamp(value_q, self.plan.lo_q, self.plan.hi_q)
        self.size[own] = clamp(alive, 1, self.plan.sizes[own])
        self.age[own] = 0
        if due:
            for voices in self.heard:
                if voices.count() >= self.plan.seats:
                    self._learn(voices)
        self._weigh()
        if self.seated and (due or begins) and self.seq < SEQ_MAX:
            return self._speak()
        return None

    def _count_term(self) -> None:
        """Go on to the next term, or to that of at least F + 1 delegates that are further."""
        plan = self.plan
        voices = self.heard[0]
        values = self._values
        found = 0
        for place in range(len(voices.live)):
            if voices.live[place]:
                values[found] = ring16_diff(voices.term[place], self.term)
                found += 1
        ahead = 0
        if found > plan.faults_max:
            sort_prefix(values, found)
            ahead = values[found - 1 - plan.faults_max]
        enough = found >= plan.seats
        if ahead < 0 and (self._in_step or not enough):
            ahead = 0
        self._in_step = self._in_step or enough
        self._interval += 1
        if ahead == 0 and plan.term_intervals and self._interval >= plan.term_intervals:
            ahead = 1
        if ahead != 0:
            self.term = (self.term + ahead) & EPOCH_MASK
            self._interval = 0

    def _elect(self, now_ms: int) -> bool:
        """Return whether this node has a seat: one of the first 2F + 1 that are not fallen."""
        plan = self.plan
        count = len(self._due)
        first = self.term * plan.seats % count
        seats = plan.seats
        mine = False
        for rank in range(count):
            i = (first + rank) % count
            if seats == 0:
                self._due[i] = 0
            elif i == self.own_at:
                mine = True
                seats -= 1
            elif not self._fallen[i]:
                if not self._due[i]:
                    self._due[i] = 1
                    self._since_ms[i] = now_ms
                if ticks_diff(now_ms, self._since_ms[i]) > plan.live_ms:
                    self._fallen[i] = 1
                    self._due[i] = 0
                else:
                    seats -= 1
        return mine

    def _grow_old(self) -> None:
        for i in range(len(self.age)):
            if self.age[i] != NEVER:
                self.age[i] += 1
                if self.known[i] < KNOWN_INTERVALS:
                    self.known[i] += 1
                if self.age[i] > self.plan.age_max:
                    self._forget(i)

    def _forget(self, cluster: int) -> None:
        self.age[cluster] = NEVER
        self.value_q[cluster] = 0
        self.size[cluster] = 0
        self.known[cluster] = 0

    def _learn(self, voices: Voices) -> None:
        """Take over the entries that these know more newly."""
        plan = self.plan
        for i in range(len(self.age)):
            if i != plan.own and voices.ask(i, plan.seats):
                age = voices.age + 1
                if age < self.age[i] and age <= plan.age_max:
                    self.age[i] = age
                    self.value_q[i] = clamp(voices.value_q, plan.lo_q, plan.hi_q)
                    self.size[i] = clamp(voices.size, 1, plan.sizes[i])

    def _weigh(self) -> None:
        found = 0
        for i in range(len(self.age)):
            if self.age[i] != NEVER:
                self._weighed[found] = self.value_q[i]
                self._weights[found] = self.size[i]
                found += 1
        self.said_q = weighted_mean(self._weighed, self._weights, found)

    def _speak(self) -> bytearray:
        plan = self.plan
        self.seq += 1
        out = self._row_out
        count = len(self.age)
        pack_head(out, plan.node, self.session, self.seq, self.term, plan.own, self.said_q, count)
        for i in range(count):
            pack_entry(out, i, self.value_q[i], self.size[i], self.age[i])
        seal(out)
        return out

    def head(self) -> bytearray | None:
        """Return the last row without its entries, for members that are no candidates, if any."""
        plan = self.plan
        if plan.sizes[plan.own] <= len(plan.candidates):
            return None
        out = self._head_out
        pack_head(out, plan.node, self.session, self.seq, self.term, plan.own, self.said_q, 0)
        seal(out)
        return out

    def _follow(self, value_q: int) -> None:
        """Set fleet_q to the median of what the own delegates say, of 2F + 1 or more."""
        voices = self.heard[0]
        values = self._values
        found = 0
        for place in range(len(voices.live)):
            if voices.live[place]:
                values[found] = voices.fleet_q[place]
                found += 1
        if self.seated:
            values[found] = self.said_q
            found += 1
        self.held = found < self.plan.seats
        if not self.held:
            self.fleet_q = clamp(middle(values, found), self.plan.lo_q, self.plan.hi_q)
            self._follows = True
        elif not self._follows:
            self.fleet_q = clamp(value_q, self.plan.lo_q, self.plan.hi_q)


def load(settings: object, config: dict, session: int) -> tuple:
    """Return (Cluster, None), or (None, one sentence) for what is no `cluster` of a cfg.json."""
    try:
        plan = Plan(
            settings.node, config["own"], tuple(config["sizes"]),
            tuple([row[0] for row in config["candidates"]]),
            tuple([(row[0], tuple([one[0] for one in row[1]])) for row in config["near"]]),
            config["faults_max"], settings.period_ms, settings.lo_q, settings.hi_q,
            config["interval_rounds"], config["term_intervals"], config["age_max"],
        )  # fmt: skip
        problem = _problem(plan)
        if problem:
            return None, "cluster: " + problem
        return Cluster(plan, session), None
    except Exception as error:  # whatever is missing or of the wrong kind, one sentence says it
        return None, f"cluster: not as `quelea fleet` writes it ({error!r})"


def _problem(plan: Plan) -> str:
    if not 1 <= len(plan.sizes) <= CLUSTERS_MAX:
        return f"sizes: 1 to {CLUSTERS_MAX} clusters, not {len(plan.sizes)}"
    if not 1 <= min(plan.sizes) <= max(plan.sizes) <= CLUSTER_SIZE_MAX:
        return f"sizes: a cluster has 1 to {CLUSTER_SIZE_MAX} members"
    if not 0 <= plan.own < len(plan.sizes):
        return f"own: {plan.own} is none of the {len(plan.sizes)} clusters"
    rows = ((plan.own, plan.candidates),) + plan.near
    for row in rows:
        if not plan.seats <= len(row[1]) <= CANDIDATES_MAX or not 0 <= row[0] < len(plan.sizes):
            return (
                f"cluster {row[0]} has {len(row[1])} candidates; faults_max {plan.faults_max} "
                f"needs {plan.seats}, at most {CANDIDATES_MAX} are allowed"
            )
    if not 1 <= plan.age_max <= 250:
        return f"age_max: {plan.age_max} is not from 1 to 250"
    if plan.interval_rounds < 1 or plan.live_ms >= TICKS_HALF or plan.term_intervals < 0:
        return "interval_rounds, term_intervals: too short or too long"
    return ""
