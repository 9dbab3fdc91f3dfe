"""Serving: what this node holds, answers itself, asks neighbours to answer and answers for them.

A pure state machine, one a node, driven once a round:

    node.turn()                      think; then publish node.row[:node.length], and
    for each slot: length = node.ask(slot); above 0: send node.lease_row[:length] to the neighbour
    length = node.hear(source, payload)     whenever a row comes; above 0: send the answer back,
                                            node.lease_row[:length]

Demands and leases are milliseconds of a processor a second. Everybody within two steps hears what
a node has, holds and is asked for. From that each works out alike (placing.py) what it should hold
and who should answer what. Own demand comes first. What is refused, and what the plan leaves, is
asked of two neighbours that hold the model, drawn in proportion to what they can spare: of the one
that can spare more.

Leases are in lending.py. A model that is to go stays until no lease is on it; one that is to come
waits for its memory.
"""

from quelea_proto import serving_row
from quelea_proto.draws import Draws
from quelea_proto.fixed import ring16_diff
from quelea_proto.limits import const
from quelea_proto.serving_row import HELD, READY, STATE, Row

from quelea_agent.lending import Lending
from quelea_agent.placing import MARGIN, Ball

SILENT_ROUNDS = const(4)  # who says nothing for so long has nothing and asks nothing
RESTLESS_MAX = const(6)
QUIET_ROUNDS = const(16)
PATIENCE = const(1)  # rounds that a plan has to come about before others are asked


class Plan:
    """What the configuration says of one node.

    members: those within two steps, oneself first. sizes, work_ms, link_kb: by model, of a
    request. memory: in the units of sizes. time_ms: a second. worth_percent: of an answer over a
    link.
    """

    def __init__(
        self, members: tuple, sizes: tuple, work_ms: tuple, link_kb: tuple, memory: int,
        time_ms: int, worth_percent: int, seed: int,
    ) -> None:  # fmt: skip
        self.members = members
        self.sizes = sizes
        self.work_ms = work_ms
        self.link_kb = link_kb
        self.memory = memory
        self.time_ms = time_ms
        self.worth_percent = worth_percent
        self.seed = seed


class Serving(Lending):
    """want_ms: by model, set by whoever counts requests. loads: models loaded since the start.

    refused: rows not taken. The rest as Lending has it.
    """

    def __init__(self, plan: Plan, session: int) -> None:
        Lending.__init__(self, plan, session)
        count = len(plan.members)
        self.draws = Draws(plan.seed, self.node)
        self.ball = Ball(plan.members, plan.sizes, plan.work_ms, plan.link_kb, plan.worth_percent)
        self.want_ms = [0] * self.models
        self.instant = True  # a model that comes is there at once; else loaded() says when
        self.coming = -1  # the model that is waited for
        self._ready = bytearray(count * self.models)  # by member * models + model
        self.loads = 0
        self.refused = 0
        self.settled = 0  # thoughts since the own set last changed
        self.margin = MARGIN  # a step must bring one part in so many of what is in sight,
        self.restless_max = RESTLESS_MAX
        self._restless = 0  # one in half as many for each recent change
        self.length = 0
        self._silent = [SILENT_ROUNDS] * count
        self._session_heard = [0] * count
        self._seq_heard = [[0, 0] for _ in range(count)]
        self._row_in = Row()

    # -- the round -----------------------------------------------------------------------------
    def turn(self, think: bool = True) -> None:
        """Think once: leases age, the own set changes if `think`, own demand is shared out."""
        self._age()
        ball = self.ball
        for m in range(self.models):
            ball.want_ms[m] = self.want_ms[m]
            ball.held[m] = self.open[m]
        ball.time_ms[0] = self.plan.time_ms
        ball.list_wants()
        if think:
            self._search()
        for m in range(self.models):
            self.open[m] = ball.held[m]
        self._load()
        ball.value(True)
        self._answer_here()
        self._route()
        self._pack_state()

    def _search(self) -> None:
        """Improve the own set; who has moved needs more to move again, until it was quiet long."""
        self.ball.margin = max(1, self.margin >> self._restless)
        if self.ball.search(self.plan.memory):
            self.settled = 0
            self._restless = min(self.restless_max, self._restless + 1)
            return
        self.settled += 1
        if self.settled % QUIET_ROUNDS == 0 and self._restless:
            self._restless -= 1

    def be_calm(self, margin: int) -> None:
        """From now on move only for one part in margin of what is in sight."""
        self.margin = margin
        self.restless_max = 1
        self._restless = 0

    def _age(self) -> None:
        for member in range(1, len(self._silent)):
            self._silent[member] += 1
            if self._silent[member] > SILENT_ROUNDS:
                self._forget(member)
        self._age_leases()

    def _forget(self, member: int) -> None:
        base = member * self.models
        for m in range(self.models):
            self.ball.held[base + m] = 0
            self.ball.want_ms[base + m] = 0
            self._ready[base + m] = 0
        self.ball.time_ms[member] = 0
        self.spare_ms[member] = 0

    def _load(self) -> None:
        """Drop what is to go and is lent to nobody, load what is to come and fits."""
        left = self.plan.memory
        for m in range(self.models):
            if self.held[m] and not self.open[m]:
                lent = 0
                for slot in range(self.slots):
                    lent += self.given_ms[slot * self.models + m]
                if not lent:
                    self.held[m] = 0
            if self.held[m]:
                left -= self.plan.sizes[m]
        if self.coming >= 0:
            if self.open[self.coming]:
                left -= self.plan.sizes[self.coming]
            else:
                self.coming = -1
        for m in range(self.models):
            if self.open[m] and not self.held[m] and m != self.coming:
                if self.plan.sizes[m] > left or self.coming >= 0:
                    continue
                left -= self.plan.sizes[m]
                self.coming = m
                if self.instant:
                    self.loaded()

    def loaded(self) -> None:
        """Take note that the model that is waited for is in memory."""
        self.held[self.coming] = 1
        self.loads += 1
        self.coming = -1

    def lost(self, slot: int) -> None:
        """Expect nothing of a neighbour that does not answer, before it speaks again."""
        member = self.plan.members[0].near[slot][0]
        self._silent[member] = SILENT_ROUNDS
        self._forget(member)
        for at in range(slot * self.models, (slot + 1) * self.models):
            self.taken_ms[at] = 0

    # -- routes --------------------------------------------------------------------------------
    def _answer_here(self) -> None:
        """Give the own demand what the plan says of the time that is not lent, then the rest."""
        left_ms = max(0, self.plan.time_ms - self.given_total_ms())
        for m in range(self.models):
            take = min(self.ball.own_ms[m], left_ms) if self.held[m] else 0
            self.local_ms[m] = take
            left_ms -= take
        for m in range(self.models):
            if self.held[m]:
                planned = 0
                for slot in range(self.slots):
                    planned += self.ball.asks_ms[slot * self.models + m]
                rest_ms = self.want_ms[m] - self.local_ms[m] - planned
                take = max(0, min(rest_ms, left_ms))
                self.local_ms[m] += take
                left_ms -= take
        self.spare_ms[0] = left_ms

    def _route(self) -> None:
        """Say for every neighbour and model what is asked of it."""
        models = self.models
        hopes_ms = [self.spare_ms[place] for place, _ in self.plan.members[0].near]
        for m in range(models):
            need_ms = self.want_ms[m] - self.local_ms[m]
            for slot in range(self.slots):
                at = slot * models + m
                self._asked_ms[at] = min(self.ball.asks_ms[at], max(0, need_ms))
                if self._short[slot] > PATIENCE:  # it will not have what the plan says
                    need_ms -= min(self._asked_ms[at], self.taken_ms[at])
                else:
                    need_ms -= self._asked_ms[at]
            for slot in range(self.slots):  # what is in use beyond the plan stays where it is
                at = slot * models + m
                more_ms = min(need_ms, self.taken_ms[at] - self._asked_ms[at])
                if more_ms > 0 and self.holds(slot, m):
                    self._asked_ms[at] += more_ms
                    need_ms -= more_ms
            for _ in range(self.slots):
                slot = self._of_two(m, hopes_ms) if need_ms > 0 else -1
                if slot < 0:
                    break
                more_ms = min(need_ms, hopes_ms[slot])
                self._asked_ms[slot * models + m] += more_ms
                hopes_ms[slot] -= more_ms
                need_ms -= more_ms
        for at in range(models * self.slots):
            self.taken_ms[at] = min(self.taken_ms[at], self._asked_ms[at])

    def holds(self, slot: int, model: int) -> bool:
        """Return whether a neighbour has a model ready, by its word."""
        place = self.plan.members[0].near[slot][0]
        return self._ready[place * self.models + model] > 0

    def _of_two(self, m: int, hopes_ms: list) -> int:
        """Return the better of two holders drawn by what they can spare, or -1 for none."""
        total = 0
        for slot in range(self.slots):
            if self.holds(slot, m):
                total += hopes_ms[slot]
        if total <= 0:
            return -1
        best = -1
        for _ in range(2):
            point = self.draws.below(total)
            for slot in range(self.slots):
                if self.holds(slot, m):
                    point -= hopes_ms[slot]
                    if point < 0:
                        if best < 0 or hopes_ms[slot] > hopes_ms[best]:
                            best = slot
                        break
        return best

    # -- rows ----------------------------------------------------------------------------------
    def hear(self, source: int, payload: bytes) -> int:
        """Take a row in; source: the number of the node whose topic carried it.

        Return the length of an answer for it in lease_row, 0: none.
        """
        row = self._row_in
        member = self._member(source)
        if member < 1 or not serving_row.unpack(payload, row) or row.node != source:
            self.refused += 1
            return 0
        slot = self._slot(source)
        if row.answer:
            if slot >= 0:
                self._granted(slot, row)
            return 0
        if not self._is_newer(member, row):
            self.refused += 1
            return 0
        if row.kind == STATE:
            self._hear_state(member, row)
            return 0
        return self._grant(slot, row) if slot >= 0 else 0

    def _hear_state(self, member: int, row: Row) -> None:
        self._forget(member)
        self._silent[member] = 0
        self.ball.time_ms[member] = row.time_ms
        self.spare_ms[member] = row.spare_ms
        fields = self._fields
        base = member * self.models
        for index in range(row.count):
            row.entry(index, fields)
            if fields[0] < self.models:
                self.ball.held[base + fields[0]] = fields[1] & HELD
                self._ready[base + fields[0]] = fields[1] & READY
                self.ball.want_ms[base + fields[0]] = fields[2]

    def _pack_state(self) -> None:
        count = 0
        for m in range(self.models):
            if self.want_ms[m] or self.open[m]:
                count += 1
        self.length = 0
        if not self._next_seq():
            return
        self._head(STATE, 0, self._seq, count)
        serving_row.pack_state(self.row, self.plan.time_ms, self.spare_ms[0])
        index = 0
        for m in range(self.models):
            if self.want_ms[m] or self.open[m]:
                flags = HELD if self.open[m] else 0
                if flags and self.held[m]:
                    flags |= READY
                serving_row.pack_entry(self.row, index, m, flags, self.want_ms[m])
                index += 1
        self.length = serving_row.seal(self.row)

    def _member(self, source: int) -> int:
        members = self.plan.members
        for i in range(len(members)):
            if members[i].number == source:
                return i
        return -1

    def _is_newer(self, member: int, row: Row) -> bool:
        """Rows of a kind and session rise; another session starts anew, its older one is over."""
        heard = self._seq_heard[member]
        last = self._session_heard[member]
        kind = 0 if row.kind == STATE else 1
        if row.session == last:
            if row.seq <= heard[kind]:
                return False
        elif last and ring16_diff(row.session, last) < 0:
            return False
        else:
            self._session_heard[member] = row.session
            heard[0] = heard[1] = 0
        heard[kind] = row.seq
        return True
