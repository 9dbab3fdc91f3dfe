"""Sharing: one node's part in the fleet's limits, from its demand to the point its load is set to.

    demand -> claim (load.py) -> share (allocation.py) -> wish -> cap (headroom.py) -> point

    sharing.receive(topic, payload)          a neighbour's row; True when it was one
    point_q = sharing.round(now_ms, ...)     once a round; set the load to it at once
    for share in sharing.shares:             then, where share.slot >= 0, store what is due
        share.stored(write(share.name(), share.headroom.record))
    point_q = sharing.set(now_ms)            the load again: a stored credit lets it rise
    row = share.row()                        then speak, for each share; None: say nothing

With several limits, such as three phases, a load draws the same of each: it wishes the smallest of
its shares, and claims of each limit no more than the others let it have.
"""

from quelea_proto.limits import HEADROOM_Q_MAX
from quelea_proto.topics import build

from quelea_agent import report
from quelea_agent.allocation import Allocation
from quelea_agent.headroom import Headroom, Plan
from quelea_agent.load import Load

SILENT_ROUNDS = 5  # without a row: its claim is void, what it said it holds is left to it
TOTAL_MAX = 1 << 28  # of all claims, see policies


class Share:
    """One limit. row: {"plan", "own", "rows", "budget_q"} as `quelea.headroom.share` writes it."""

    kind = Headroom
    hush = None  # of a fleet with a cadence, see hush.py
    silent_max = SILENT_ROUNDS

    def __init__(self, row: dict, policy: str) -> None:
        self.headroom = self.kind(Plan(**row["plan"]))
        self.gone = [False] * len(row["plan"]["numbers"])  # by slot: holds its floor and no more
        self.own = row["own"]
        self.budget_q = row["budget_q"]
        self.allocation = Allocation(row["rows"], self.budget_q, policy)
        self.slot = -1  # of the record that is due, or -1
        self._claim_q = [0] * len(row["rows"])
        self._held_q = [-1] * len(row["rows"])
        # Lines reckon with liars: then what a member says it holds is believed up to a bound only.
        self._line_q = min(row["plan"]["line_in_q"])
        self._trusting = self._line_q >= self.budget_q

    def name(self, slot: int = -1) -> str:
        """Return the file of a slot of the record, by default of the one that is due."""
        slot = self.slot if slot < 0 else slot
        return "headroom." + str(self.headroom.plan.limit) + "." + str(slot)

    def stored(self, done: bool) -> None:
        """Say whether the record that is due is durable now."""
        self.slot = -1
        self.headroom.stored(done)

    def divide(self, claim_q: int, percent: int, total_q: int, turn: int) -> int:
        """Return the own share, in real units, for a claim of the own load."""
        headroom = self.headroom
        rows = self.allocation.rows
        there_q = headroom.plan.floor_q + headroom.owned_q
        for i in range(len(rows)):
            if i == self.own:
                self._claim_q[i] = claim_q
                continue
            slot = i if i < self.own else i - 1
            silent = headroom.silent_rounds[slot] > self.silent_max
            self._claim_q[i] = 0 if silent else headroom.claims_q[slot]
            if self.gone[slot]:
                self._claim_q[i] = 0
                self._held_q[i] = rows[i][0] * percent // 100
                there_q += rows[i][0]
                continue
            held_q = headroom.held_q[slot]
            at_first_q = rows[i][0] + rows[i][5]
            if held_q < 0 or (silent and not self._trusting):
                held_q = at_first_q
            self._held_q[i] = held_q * percent // 100 if silent else -1
            there_q += min(held_q, at_first_q + self._line_q)
        budget_q = self.budget_q
        if not self._trusting:  # what liars keep is not there to be divided
            budget_q = min(budget_q, there_q)
        budget_q = budget_q * percent // 100
        self.allocation.update(self._claim_q, self._held_q, budget_q, total_q, turn)
        return self.allocation.share_q[self.own]

    def step(self, wish_q: int, percent: int) -> None:
        """Do a round of the protocol for a wish in real units."""
        headroom = self.headroom
        share_q = self.allocation.share_q
        for i in range(len(share_q)):
            if i != self.own:
                slot = i if i < self.own else i - 1
                surplus_q = headroom.held_q[slot] - units_q(share_q[i], percent)
                headroom.expect(slot, surplus_q if self._held_q[i] < 0 else 0)
        self.slot = headroom.step(units_q(wish_q, percent))

    def row(self) -> bytearray | None:
        """Return the row to publish in this round, or None; to be called once a round."""
        row = self.headroom.row()
        return row if self.hush is None else self.hush.row(self.headroom, row)


class Sharing:
    """percent: how much of every limit is there now, 0..100. point_q: what the load is set to."""

    kind = Share

    def __init__(self, settings: object, config: dict) -> None:
        self.shares = [self.kind(row, config["policy"]) for row in config["limits"]]
        first = self.shares[0]
        self.load = Load(first.allocation.rows[first.own], config["on_ms"], config["off_ms"])
        self.percent = 100
        self.point_q = 0
        self.claim_q = 0
        self.wish_q = 0
        self.topic = build("headroom", settings.fleet, settings.id).encode()
        self.filter = build("headroom", settings.fleet, "+").encode()
        at = self.filter.find(b"+")
        self._before = self.filter[:at]
        self._after = self.filter[at + 1 :]
        self._members = tuple([(row[1].encode(), row[0]) for row in config["members"]])
        self._count = len(first.allocation.rows)
        self._turn_epochs = config["turn_epochs"]
        self.still = None
        if getattr(settings, "quiet_rounds_max", 0):
            from quelea_agent import hush  # a part

            hush.attach(self, settings)

    def receive(self, topic: bytes, payload: bytes) -> bool:
        """Take a message; False when its topic is none of a headroom row. Never raises."""
        if not topic.startswith(self._before) or not topic.endswith(self._after):
            return False
        name = topic[len(self._before) : len(topic) - len(self._after)]
        for member in self._members:
            if member[0] == name:
                self._hear(member[1], payload)
        return True

    def _hear(self, number: int, payload: bytes) -> None:
        for share in self.shares:
            if len(payload) > 1 and payload[1] == share.headroom.plan.limit:
                share.headroom.hear(number, payload)

    def round(self, now_ms: int, demand_q: int, mean_q: int, epoch: int) -> int:
        """Do a round and return the point that the load is to be set to at once.

        mean_q: what the fleet agrees that its members demand on average; 0 where it does not.
        """
        if self.still is not None:
            demand_q = self.still.hold(demand_q)
        claim_q = self.load.claim_q(now_ms, demand_q)
        turn = epoch // self._turn_epochs if self._turn_epochs else 0
        total_q = 0
        if len(self.shares) == 1:  # of the parts that load several limits no mean is known
            total_q = min(max(mean_q, 0), TOTAL_MAX // self._count) * self._count
        wish_q = HEADROOM_Q_MAX
        for share in self.shares:
            wish_q = min(wish_q, share.divide(claim_q, self.percent, total_q, turn))
        wish_q = max(wish_q, self.load.kept_q())
        for share in self.shares:
            share.headroom.claim_q = self._claim_of(share, claim_q)
            share.step(wish_q, self.percent)
        self.claim_q = claim_q
        self.wish_q = wish_q
        return self.set(now_ms)

    def set(self, now_ms: int) -> int:
        """Return the point that the load is to be set to now, by the caps that are now."""
        cap_q = HEADROOM_Q_MAX
        for share in self.shares:
            cap_q = min(cap_q, share.headroom.cap_q * self.percent // 100)
        self.point_q = self.load.set(now_ms, cap_q, self.claim_q)
        return self.point_q

    def _claim_of(self, share: Share, claim_q: int) -> int:
        """Return what to claim of one limit: no more than every other one would let through."""
        for other in self.shares:
            if other is not share:
                claim_q = min(claim_q, other.allocation.share_q[other.own])
        if claim_q < self.load.row[1]:
            return self.load.kept_q()
        return claim_q

    def figures(self) -> list:
        """Return (key, JSON text) pairs for the status."""
        shares = self.shares
        pairs = [
            ("claim_q", str(self.claim_q)),
            ("wish_q", str(self.wish_q)),
            ("point_q", str(self.point_q)),
            ("percent", str(self.percent)),
            ("caps_q", "[" + ",".join([str(one.headroom.cap_q) for one in shares]) + "]"),
            ("refused", str(sum([one.headroom.refused for one in shares]))),
            ("over_line", str(sum([one.headroom.over_line for one in shares]))),
        ]
        return [("sharing", report.rows(pairs))]


def units_q(amount_q: int, percent: int) -> int:
    """Return how much of the whole limit amount_q is while only percent of it is there."""
    if percent <= 0:
        return 0
    return min((amount_q * 100 + percent - 1) // percent, HEADROOM_Q_MAX)


def load(settings: object, config: dict, kind: type = Sharing) -> tuple:
    """Return (Sharing, None), or (None, problem) for what is no `headroom` of a cfg.json."""
    try:
        sharing = kind(settings, config)
        if not sharing.shares[0].allocation.rows[0][3] > 0:
            raise ValueError("unit_q")
    except Exception as error:  # whatever is missing or of the wrong kind, one sentence says it
        return None, f"headroom: not as `quelea fleet` writes it ({error!r})"
    return sharing, None
