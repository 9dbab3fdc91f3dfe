"""A limit over clusters that each have a limit: headroom on two levels, by the machines there are.

Each cluster is a group of its own: its members, and an *account*, a member that draws nothing. All
accounts are a group of their own, whose limit is the fleet's. So an account has two headrooms, and
with what it owns inside (x_in) and above (x_up) it keeps

    x_in + x_up >= K        K: all headroom units of its cluster

What members hold is at most K - x_in <= x_up, so a cluster draws at most its floors and x_up, and
never more than its own limit; and the accounts' group holds the sum of those within the fleet's.
The account gives in one group only what the other covers: by the wish that it hands each of its
machines, nothing else is added to them. docs/safety.md has the rest.
"""

import heapq
import random
from collections import Counter
from dataclasses import dataclass

from quelea_agent.headroom import Headroom
from quelea_agent.headroom import Plan as NodePlan

from quelea.headroom.plan import Split, node_plan, validate
from quelea.headroom.world import BrokenLimit, Cut, stored_of

ACCOUNT = 1000  # number of the first cluster's account
UPPER = -1  # the accounts' group, beside the clusters 0, 1 ...


@dataclass(frozen=True)
class Levels:
    """inner: by cluster; upper: of the accounts."""

    inner: tuple[Split, ...]
    upper: Split

    def split(self, group: int) -> Split:
        """Return the split of a cluster, or of the accounts."""
        return self.upper if group == UPPER else self.inner[group]

    def whole_q(self, cluster: int) -> int:
        """Return K: all headroom units of a cluster."""
        return sum(one.initial_q for one in self.inner[cluster].members)


def make(sizes: list[int], floor_q: int, units_q: int, limit_q: int) -> Levels:
    """Return clusters of these sizes, with so many units each, below a limit of the fleet.

    UserError where floors do not fit. At first each account holds what the fleet's limit does
    not cover.
    """
    floors_q = [size * floor_q for size in sizes]
    above_q = (limit_q - sum(floors_q)) // len(sizes)
    inner = []
    for cluster, size in enumerate(sizes):
        first = 1 + 100 * cluster
        each_q = min(above_q, units_q) // size
        rows = [_row(first + at, floor_q, each_q) for at in range(size)]
        rows.append(_row(ACCOUNT + cluster, 0, units_q - each_q * size))
        inner.append(_split(rows, floors_q[cluster] + units_q))
    rows = [_row(ACCOUNT + cluster, floors_q[cluster], above_q) for cluster in range(len(sizes))]
    return Levels(tuple(inner), _split(rows, limit_q))


def _row(node: int, floor_q: int, initial_q: int) -> dict[str, int]:
    return {"node": node, "floor_q": floor_q, "initial_q": initial_q}


def _split(rows: list[dict[str, int]], limit_q: int) -> Split:
    return validate({"limit_q": limit_q, "safety_percent": 100, "members": rows})


class Account:
    """step() is to be called once a round, instead of those of the two machines.

    slots: of the records that are due, inside and above, each -1 for none.
    """

    def __init__(self, inside: Headroom, above: Headroom, whole_q: int) -> None:
        self.inside, self.above, self.whole_q = inside, above, whole_q
        self.slots = [-1, -1]

    def sure_q(self, machine: Headroom) -> int:
        """Return what is owned and not promised to anybody."""
        return int(machine.owned_q - machine._gift_q)

    def step(self) -> None:
        """Do a round: in either group, keep what the other does not cover."""
        inside, above, whole_q = self.inside, self.above, self.whole_q
        want_q = min(whole_q, sum(inside.claims_q))
        inside.claim_q = 0
        cover_q = max(whole_q - self.sure_q(above), whole_q - want_q)
        self.slots[0] = inside.step(max(0, cover_q))
        cover_q = max(whole_q - self.sure_q(inside), want_q)
        above.claim_q = above.plan.floor_q + want_q
        self.slots[1] = above.step(above.plan.floor_q + max(0, cover_q))


class Board:
    """A node: its files and its machines by group; account: of a node that has one."""

    def __init__(self, levels: Levels, number: int, groups: tuple[int, ...]) -> None:
        self.levels, self.number, self.groups = levels, number, groups
        self.files: dict[tuple[int, int], bytes] = {}
        self.demand_q = 0
        self.up = True
        for group in groups:
            machine = self._new(group)
            slot = machine.enrol()
            self.files[group, slot] = bytes(machine.record)
        self.boot()

    def _new(self, group: int) -> Headroom:
        return Headroom(NodePlan(**node_plan(self.levels.split(group), self.number)))

    def boot(self) -> None:
        """Begin with what is stored."""
        self.machines = {group: self._new(group) for group in self.groups}
        for group, machine in self.machines.items():
            slots = [self.files.get((group, slot), b"") for slot in (0, 1)]
            assert machine.load(*slots), "neither slot is whole"
        self.account = None
        if len(self.groups) == 2:
            inside, above = (self.machines[group] for group in self.groups)
            self.account = Account(inside, above, self.levels.whole_q(self.groups[0]))
        self.up = True

    def step(self) -> list[tuple[int, int]]:
        """Do a round; return (group, slot) of the records that are due."""
        if self.account is not None:
            self.account.step()
            due = list(zip(self.groups, self.account.slots, strict=True))
        else:
            (group,) = self.groups
            machine = self.machines[group]
            machine.claim_q = max(0, self.demand_q - machine.plan.floor_q)
            due = [(group, machine.step(self.demand_q))]
        return [(group, slot) for group, slot in due if slot >= 0]


class World:
    """trouble: share 0 .. 1 that scales every fault."""

    def __init__(self, levels: Levels, seed: int, trouble: float = 1.0) -> None:
        self.levels, self.trouble = levels, trouble
        self.rng = random.Random(f"levels {seed}")
        self.fired: Counter[str] = Counter()
        self.t_ms = 0
        self.boards: dict[int, Board] = {}
        self.rows: list[tuple[int, int, bytes]] = []
        self._queue: list[tuple[int, int, str, int, tuple[int, int, bytes]]] = []
        self._order = 0
        self.most = 0.0
        for cluster, split in enumerate(levels.inner):
            for one in split.members:
                account = one.node >= ACCOUNT
                self.boards[one.node] = Board(
                    levels, one.node, (cluster, UPPER) if account else (cluster,)
                )
                self._at(self.rng.randrange(1000), "round", one.node)

    def _at(
        self, delay_ms: int, what: str, number: int, row: tuple[int, int, bytes] = (0, 0, b"")
    ) -> None:
        self._order += 1
        heapq.heappush(self._queue, (self.t_ms + delay_ms, self._order, what, number, row))

    def run(self, rounds: int) -> None:
        """Go on for so many rounds; BrokenLimit at the first event that exceeds a limit."""
        until_ms = self.t_ms + 1000 * rounds
        while self._queue[0][0] <= until_ms:
            self.t_ms, _, what, number, row = heapq.heappop(self._queue)
            board = self.boards[number]
            if what == "hear" and board.up:
                group, source, payload = row
                board.machines[group].hear(source, payload)
            elif what == "boot":
                board.boot()
                self._at(0, "round", number)
            elif what == "round":
                self._round(board)
                self.check()
        self.t_ms = until_ms

    def _round(self, board: Board) -> None:
        rng, much = self.rng, self.trouble
        if rng.random() < 0.02 * much and board.account is None:
            most_q = 2 * self.levels.upper.budget_q // len(self.boards)
            board.demand_q = rng.choice((0, rng.randrange(most_q + 1), 4 * most_q))
        try:
            due = board.step()
            self.check()
            rng.shuffle(due)
            for group, slot in due:
                board.machines[group].stored(self._write(board, group, slot))
                self.check()
            self._maybe_cut("spoken", 0.01)
            for group in board.groups:
                row = board.machines[group].row()
                assert row is not None
                self._publish(group, board.number, bytes(row))
        except Cut:
            board.up = False
            self._at(rng.randrange(5000), "boot", board.number)
        else:
            self._at(rng.randrange(990, 1010), "round", board.number)

    def _write(self, board: Board, group: int, slot: int) -> bool:
        rng, much = self.rng, self.trouble
        data = bytes(board.machines[group].record)
        old = board.files.get((group, slot), b"")
        self._maybe_cut("before", 0.02)
        if rng.random() < 0.05 * much:
            at = rng.randrange(len(data) + 1)
            board.files[group, slot] = data[:at] + old[at:].ljust(len(data) - at, b"\xff")
            self.fired["torn"] += 1
            raise Cut
        if rng.random() < 0.03 * much:
            self.fired["refused"] += 1
            return False
        board.files[group, slot] = data
        self.check()
        self._maybe_cut("written", 0.05)
        return True

    def _maybe_cut(self, where: str, share: float) -> None:
        if self.rng.random() < share * self.trouble:
            self.fired[where] += 1
            raise Cut

    def _publish(self, group: int, source: int, payload: bytes) -> None:
        rng, much = self.rng, self.trouble
        self.rows.append((group, source, payload))
        for one in self.levels.split(group).members:
            if one.node == source:
                continue
            if rng.random() < 0.3 * much:
                self.fired["lost"] += 1
                continue
            for _ in range(2 if rng.random() < 0.2 * much else 1):
                late = rng.random() < 0.1 * much
                row = (group, source, payload)
                self._at(3000 if late else rng.randrange(50), "hear", one.node, row)
            if rng.random() < 0.1 * much:
                again = rng.choice(self.rows[-500:])
                if again[0] == group and again[1] != one.node:
                    self.fired["replay"] += 1
                    self._at(rng.randrange(1000), "hear", one.node, again)

    # -- what holds -------------------------------------------------------------------------------
    def owned_q(self, number: int, group: int) -> int:
        """Return what a node owns in a group by its stored bytes, parsed anew."""
        board, split = self.boards[number], self.levels.split(group)
        count = len(split.members) - 1
        slots = board.files.get((group, 0), b""), board.files.get((group, 1), b"")
        given, taken = stored_of(slots, count)
        first = next(one.initial_q for one in split.members if one.node == number)
        return first + sum(taken) - sum(given)

    def check(self) -> None:
        """Raise BrokenLimit unless both levels hold, by caps and by what is stored."""
        above_q = 0
        for cluster, split in enumerate(self.levels.inner):
            drawn_q = held_q = 0
            for one in split.members[:-1]:
                board = self.boards[one.node]
                owned_q = self.owned_q(one.node, cluster)
                held_q += one.floor_q + owned_q
                drawn_q += board.machines[cluster].cap_q if board.up else one.floor_q
                if owned_q < 0:
                    raise BrokenLimit(f"{one.node} owns {owned_q}")
            account = split.members[-1].node
            floors_q = next(
                one.floor_q for one in self.levels.upper.members if one.node == account
            )
            cluster_q = floors_q + self.owned_q(account, UPPER)
            if not drawn_q <= held_q <= cluster_q:
                raise BrokenLimit(
                    f"cluster {cluster} draws {drawn_q}, holds {held_q}, may {cluster_q}"
                )
            if held_q > split.budget_q:
                raise BrokenLimit(f"cluster {cluster} holds {held_q} of {split.budget_q}")
            above_q += cluster_q
        budget_q = self.levels.upper.budget_q
        if above_q > budget_q:
            raise BrokenLimit(f"clusters may draw {above_q} of {budget_q}")
        self.most = max(self.most, above_q / budget_q)

    def drawn_q(self, cluster: int) -> int:
        """Return the sum of the caps of a cluster's members."""
        members = self.levels.inner[cluster].members[:-1]
        return sum(self.boards[one.node].machines[cluster].cap_q for one in members)
