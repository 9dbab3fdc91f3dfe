"""The chooser: which server this node uses, what it may use there, and what it says to whom.

A pure state machine beside agent.py, one instance a node, driven once a round:

    server = chooser.choose()            ask this server for demand_q, saying chooser.held_q()
    chooser.answered(load_q, granted_q)  its answer: all that is asked of it, and the grant
    slot = chooser.speak()               a neighbour to send chooser.row to, or -1: nothing to say
    chooser.hear(source, payload)        whenever a row comes; True: send chooser.row back

Its only randomness is its own seeded generator, so a run is the same on every runtime. How often
it speaks adapts: every round while there is news, then after 2, 4 and 8 rounds; news is an own
move, a change of the load it sees, or a rumour that changes what it believes.
"""

from quelea_proto.draws import Draws
from quelea_proto.fixed import ring16_diff
from quelea_proto.limits import SEQ_MAX, const
from quelea_proto.rumour_row import Row, pack_head, pack_server, row_bytes, seal, unpack

from quelea_agent import choice
from quelea_agent.offload import Lease
from quelea_agent.rumours import NEWS_SHIFT, UNKNOWN, Rumours

QUIET_ROUNDS_MAX = const(8)  # the longest silence


class Plan:
    """What the configuration says of one node.

    numbers: the neighbours, ascending. capacities_q: of every server, above 0. allowed: the
    indices of those that this node may use. demand_q: what it asks for. seed: of the fleet.
    """

    def __init__(
        self, node: int, numbers: tuple, capacities_q: tuple, allowed: tuple, demand_q: int,
        seed: int,
    ) -> None:  # fmt: skip
        self.node = node
        self.numbers = numbers
        self.capacities_q = capacities_q
        self.allowed = allowed
        self.demand_q = demand_q
        self.seed = seed


class Chooser:
    """server: in use now. throttled: whether the node uses no more than it is granted.

    row: what speak() and hear() want sent, valid until the next call. refused: rows not taken.
    memory: what a rule that learns goes on from, see learned().
    """

    def __init__(self, plan: Plan, session: int) -> None:
        slots = len(plan.numbers)
        self.plan = plan
        self.session = session
        self.demand_q = plan.demand_q
        self.allowed = plan.allowed
        self.capacities_q = list(plan.capacities_q)
        self.draws = Draws(plan.seed, plan.node)
        self.rumours = Rumours(self.capacities_q, slots, False)
        self.lease = Lease()
        self.throttled = False
        self.adaptive = False
        self.memory = b""
        self.at = self.draws.below(len(plan.allowed))
        self.server = plan.allowed[self.at]
        self.seen_q = UNKNOWN
        self.row = bytearray(row_bytes(len(plan.capacities_q)))
        self.seq = 0
        self.refused = 0
        self._seq_heard = [0] * slots
        self._session_heard = [0] * slots
        self._row_in = Row()
        self._quiet = 1  # rounds between two rows now
        self._wait = 0  # rounds until the next
        self._said_q = 0  # the load of the own server when it was last news
        self._rule = choice.find("greedy")(self)

    def use(self, rule: str, throttled: bool, checked: bool, adaptive: bool) -> bool:
        """Go on by another rule of choice; False, and no change, when there is none of the name.

        throttled: use no more than is granted. checked: believe no proven liar. adaptive: speak
        less when there is no news.
        """
        found = choice.find(rule)
        if found is None:
            return False
        self._rule = found(self)
        self.throttled = throttled
        self.adaptive = adaptive
        self.rumours.checked = checked
        self.rumours.forget()  # what was heard while others behaved otherwise is no guide
        self._news()
        return True

    def follow(self, rule) -> None:  # type: ignore[no-untyped-def]
        """Go on by this rule, made for this node: another file of the one in use."""
        self._rule = rule

    def learned(self):  # type: ignore[no-untyped-def]
        """Return the table of a rule that learns, or None."""
        return getattr(self._rule, "table", None)

    def resize(self, server: int, capacity_q: int) -> None:
        """Take note of another capacity of a server."""
        self.capacities_q[server] = capacity_q
        self._news()

    def held_q(self) -> int:
        """Return what this node may use of its server now, in q."""
        return self.lease.held_q if self.throttled else self.demand_q

    def believed_q(self, index: int) -> int:
        """Return the believed load of allowed[index] in q, or UNKNOWN."""
        return self.rumours.load_q(self.allowed[index])

    # -- the round ----------------------------------------------------------------------------
    def choose(self) -> int:
        """Begin a round: return the server to ask. If it is another one, leave the last."""
        self.begin()
        return self.go(self._rule.choose())

    def begin(self) -> None:
        """The first half of choose(), for who decides in place of the rule."""
        self.rumours.begin()
        self.lease.tick()

    def go(self, at: int) -> int:
        """The second half: use allowed[at] in this round."""
        if at != self.at:
            self.rumours.leave(self.server, self.demand_q)
            self.lease.end()
            self.at = at
            self.server = self.allowed[at]
            self.seen_q = UNKNOWN
            self._news()
        return self.server

    def answered(self, load_q: int, granted_q: int) -> None:
        """Take the server's answer: what is asked of it in all, and what it grants."""
        self.lease.granted(granted_q)
        self.seen_q = load_q
        self.rumours.see(self.server, load_q, self.demand_q)
        if abs(load_q - self._said_q) > self.capacities_q[self.server] >> NEWS_SHIFT:
            self._said_q = load_q
            self._news()

    # -- the neighbours -----------------------------------------------------------------------
    def speak(self) -> int:
        """Return the slot of a random neighbour to send the row to, or -1."""
        if self._wait > 0:
            self._wait -= 1
            return -1
        if self.adaptive:
            self._wait = self._quiet - 1
            self._quiet = min(QUIET_ROUNDS_MAX, self._quiet + self._quiet)
        if not self._pack(True):
            return -1
        return self.draws.below(len(self.plan.numbers))

    def hear(self, source: int, payload: bytes) -> bool:
        """Take a row in; source: the number of the node whose topic carried it.

        Return whether it wants an answer, which is then in `row`.
        """
        row = self._row_in
        slot = self._slot(source)
        if slot < 0 or not unpack(payload, row) or row.count != len(self.capacities_q):
            self.refused += 1
            return False
        if row.node != source or not self._is_newer(slot, row):
            self.refused += 1
            return False
        if self.rumours.hear(slot, row):
            self._news()
        return row.ask and self._pack(False)

    def _news(self) -> None:
        self._quiet = 1
        self._wait = 0

    def _slot(self, source: int) -> int:
        numbers = self.plan.numbers
        for slot in range(len(numbers)):
            if numbers[slot] == source:
                return slot
        return -1

    def _is_newer(self, slot: int, row: Row) -> bool:
        """Rows of one session rise; another session starts anew, its older one is over."""
        last = self._session_heard[slot]
        if row.session == last:
            if row.seq <= self._seq_heard[slot]:
                return False
        elif last and ring16_diff(row.session, last) < 0:
            return False
        self._session_heard[slot] = row.session
        self._seq_heard[slot] = row.seq
        return True

    def _pack(self, ask: bool) -> bool:
        """Write the own table into `row`; False when this session has no number left."""
        if self.seq >= SEQ_MAX:
            return False
        self.seq += 1
        rumours = self.rumours
        count = len(self.capacities_q)
        pack_head(self.row, ask, self.plan.node, self.session, self.seq, count)
        for server in range(count):
            load_q = rumours.load_q(server)
            pack_server(self.row, server, max(0, load_q), rumours.age())
        seal(self.row)
        return True
