"""A case: a few machines that hear each other and some ghosts, through a bad network.

Everything follows from (seed, case): settings, clocks, readings, losses, lies. The machines'
own frames feed each other, so a difference in one shows in all.
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.rules import RULES

from quelea.conform.device.ghosts import Ghost, some_q, spoil
from quelea.conform.device.prng import Random, fold, fold_bytes

Q_MAX = 8388607
TICKS_MASK = 1073741823
PERIODS_MS = (20, 100, 500, 1000, 60000, 3600000)
EPOCHS_ROUNDS = (0, 1, 2, 5, 20, 20, 65)
QUIETS_ROUNDS = (1, 3, 8, 16, 48)
RANGES_Q = ((0, Q_MAX), (-Q_MAX, Q_MAX), (100, 200), (-1, 0), (-5000, 4000000), (0, 30000))
STATE_EVERY_STEPS = 8  # the whole state goes into the digest this often; outputs always do
STEPS_PER_CASE = 320


class Node:
    """One machine of a case, its clock and what is on the way to it."""

    def __init__(self, settings: dict, session: int, make, ghosts: list) -> None:
        self.number = settings["node"]
        self.settings = settings
        self.session = session
        self.numbers = [row[0] for row in settings["neighbours"]]
        self.back_slots = [row[2] for row in settings["neighbours"]]
        self.machine = make(settings, session)
        self.now_ms = 0
        self.epoch = 0
        self.last = b""  # its newest frame
        self.inbox = []  # type: ignore[var-annotated]
        self.ghosts = ghosts

    def slot_of(self, number: int) -> int:
        """Return the slot of a node number in this machine's table, or -1."""
        return self.numbers.index(number) if number in self.numbers else -1


class World:
    """One case. make(settings, session) returns a machine: sense, step, next_wake_ms, state."""

    def __init__(self, seed: int, case: int, make) -> None:
        self.random = random = Random(seed, case)
        self.quiet = self._quiet(Random(seed, case + 100000))  # beside the other draws
        self.exact = random.one_in(3)
        self.lo_q, self.hi_q = RANGES_Q[random.below(len(RANGES_Q))]
        self.loss_in_16 = random.below(8)
        self.chatter = 1 + random.below(4)  # frames of ghosts a step, at most
        self.step_no = 0
        self.rounds = 0
        self.digest = fold(seed, case)
        self.nodes = self._nodes(make)
        self.stranger = Ghost(random, self.nodes[0].numbers[0], not self.exact, 0)  # other mode
        for node in self.nodes:
            node.now_ms = random.bits()
            if random.one_in(3):
                node.now_ms = TICKS_MASK - random.below(100 * node.settings["period_ms"])
            if random.bits() & 7:
                node.machine.sense(node.now_ms, some_q(random, self.lo_q, self.hi_q))

    @staticmethod
    def _quiet(random) -> dict:
        """Return the settings of the cadence, which one case in four has."""
        if not random.one_in(4):
            return {}
        bands_q = (0, 1, 20, 3000, Q_MAX)
        return {
            "quiet_rounds_max": QUIETS_ROUNDS[random.below(len(QUIETS_ROUNDS))],
            "dead_band_q": bands_q[random.below(len(bands_q))],
        }

    def _numbers(self) -> tuple[list[int], list[bool]]:
        """Return the ascending numbers of all members, and which of them are machines."""
        random = self.random
        live = 1 + random.below(4)
        ghosts = random.below(7) if live > 1 else 1 + random.below(7)
        if random.one_in(64):
            live = 1  # one large table is all that a board's heap holds beside the trace
            ghosts = random.between(20, 126)
        step_max = 3 if random.one_in(2) else 65000 // (live + ghosts)
        number = 0
        numbers = []
        machines = []
        for left in range(live + ghosts, 0, -1):
            number += 1 + random.below(step_max)
            is_live = random.below(left) < live
            live -= is_live
            numbers.append(number)
            machines.append(is_live)
        return numbers, machines

    def _nodes(self, make) -> list[Node]:
        random = self.random
        numbers, machines = self._numbers()
        count = len(numbers)
        # Who each member leaves out of its table, by position; -1 for nobody but itself.
        skips = []
        for at in range(count):
            skip = random.below(count) if random.one_in(3) and count > 2 else -1
            skips.append(-1 if skip == at else skip)
        shared = self._shared()
        shared.update(self.quiet)
        nodes = []
        for at in range(count):
            if not machines[at]:
                continue
            rows = []
            ghosts = []
            for peer in range(count):
                if peer in (at, skips[at]):
                    continue
                back = at - (peer < at) - (0 <= skips[peer] < at)
                if skips[peer] == at:
                    back = 0  # a one-way link
                rows.append([numbers[peer], "n" + str(numbers[peer]), back])
                if not machines[peer]:
                    ghosts.append(Ghost(random, numbers[peer], self.exact, back))
            settings: dict = dict(shared)
            settings["node"] = numbers[at]
            settings["id"] = "n" + str(numbers[at])
            settings["neighbours"] = rows
            if not self.exact:
                settings["faults_max"] = random.below((len(rows) + 1) // 2)
            nodes.append(Node(settings, random.between(1, 65535), make, ghosts))
        return nodes

    def _shared(self) -> dict:
        random = self.random
        fanout = 1 + random.below(4) if random.one_in(4) else 0
        return {
            "v": 1,
            "fleet": "conform",
            "mode": "exact" if self.exact else "resilient",
            "rule": RULES[random.below(len(RULES))][0],
            "faults_max": 0,
            "period_ms": PERIODS_MS[random.below(len(PERIODS_MS))],
            "epoch_rounds": EPOCHS_ROUNDS[random.below(len(EPOCHS_ROUNDS))],
            "fresh_rounds": 100 if random.one_in(8) else random.between(1, 8),
            "fanout": fanout,
            "lo_q": self.lo_q,
            "hi_q": self.hi_q,
        }

    def step(self):
        """Do the next step; return (node, now_ms, frames_in, frames_out as list of copies)."""
        random = self.random
        node = self.nodes[self.step_no % len(self.nodes)]
        machine = node.machine
        self.step_no += 1
        node.now_ms = self._later_ms(node)
        if random.one_in(3):
            demand_q = some_q(random, self.lo_q, self.hi_q)
            machine.sense(node.now_ms, demand_q)
        frames_in = self._frames_in(node)
        out = []
        digest = self.digest
        for dest, buffer in machine.step(node.now_ms, frames_in):
            frame = bytes(buffer)
            out.append((dest, frame))
            digest = fold_bytes(fold(digest, dest), frame)
        self.digest = fold(digest, machine.next_wake_ms)
        if self.step_no % STATE_EVERY_STEPS == 0:
            self.fold_state(node)
        if out:
            self.rounds += 1
            node.last = out[0][1]
            node.epoch = node.last[6] | node.last[7] << 8
            self._send(node, out)
        return node, node.now_ms, frames_in, out

    def fold_state(self, node: Node) -> None:
        """Take one machine's whole state into the digest."""
        digest = self.digest
        for value in node.machine.state():
            digest = fold(digest, value)
        self.digest = digest

    def _later_ms(self, node: Node) -> int:
        """Return the next time of this node: mostly when it wants to wake, at times far off."""
        random = self.random
        period_ms = node.settings["period_ms"]
        pick = random.bits() & 31
        if pick < 25 and self.step_no > len(self.nodes):
            wait_ms = ticks_diff(node.machine.next_wake_ms, node.now_ms)
            wait_ms = max(wait_ms, 0) + (random.below(period_ms) >> 3 if pick < 8 else 0)
        elif pick < 29:
            wait_ms = random.below(period_ms)
        elif pick < 31 or random.bits() & 15:
            wait_ms = random.below(4 * period_ms)
        else:
            wait_ms = random.below(536870912)
        return ticks_add(node.now_ms, wait_ms)

    def _frames_in(self, node: Node) -> list[tuple[int, bytes]]:
        """Return what arrives now: from machines, from ghosts, some of it damaged or repeated."""
        random = self.random
        frames = node.inbox
        node.inbox = []
        ghosts = node.ghosts
        if ghosts:
            for _ in range(random.below(self.chatter + 1)):
                ghost = ghosts[random.below(len(ghosts))]
                frames.append((ghost.number, ghost.frame(random, self, node)))
        if not frames:
            return frames
        pick = random.bits() & 63
        at = random.below(len(frames))
        source, frame = frames[at]
        if pick < 4:
            frames.append((source, spoil(random, frame)))
        elif pick < 8:
            frames.insert(0, (source, frame))
        elif pick < 12:
            frames[at] = (0, frame)  # an edge that does not know who published
        elif pick == 12:
            frames[at] = (random.between(1, 65535), frame)  # not the topic's owner
        elif pick == 13 and node.last:
            frames.append((0, node.last))  # its own frame
        elif pick == 14:
            frames.append((0, self.stranger.frame(random, self, node)))
        elif pick < 20:
            frames[at] = frames[0]
            frames[0] = (source, frame)
        return frames

    def _send(self, node: Node, out: list[tuple[int, bytes]]) -> None:
        random = self.random
        for dest, frame in out:
            for other in self.nodes:
                if other is node or (dest and dest != other.number):
                    continue
                if random.bits() & 15 < self.loss_in_16:
                    continue
                other.inbox.append((node.number, frame))
                if random.one_in(16):
                    other.inbox.append((node.number, frame))
