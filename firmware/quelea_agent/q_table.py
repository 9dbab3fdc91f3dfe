"""Tabular Q-learning in integers: a table of values, a schedule of chance and of rate.

    Q(s, a) += rate * (r + gamma * max Q(s', .) - Q(s, a))        Watkins and Dayan (1992)

r is 0 .. REWARD_MAX and gamma at most 243 / 256 (0.95), so every value stays in 0 .. VALUE_MAX =
REWARD_MAX * 256 / 13 < 2^15 and, with GUARD_BITS more that keep what a rate of 1/64 would lose,
below 2^21; a product with gamma stays below 2^29. The first lesson of a pair is its value; then
its rate halves with its visits, from 1/2 down to 1/2^shift_max, and the chance of an action that
is not the best halves every 2^halving_shift steps down to chance_min: what keeps it from settling
on the first thing it tried, and what lets it settle at all.

A table outlives a reboot as bytes: dump() and restore(). act() and learn() allocate nothing.
"""

from quelea_proto.crc import crc16
from quelea_proto.limits import const

REWARD_MAX = const(1024)
GUARD_BITS = const(6)
GAMMA_MAX = const(243)  # of 256
VALUE_MAX = const(20164)  # REWARD_MAX * 256 // (256 - GAMMA_MAX)
SHIFT_MAX = const(6)  # 2^GUARD_BITS is the smallest rate that moves the last bit of a reward
CELLS_MAX = const(255)
VISITS_MAX = const(255)  # a byte of the dump
STEPS_MAX = const(1073741823)
MAGIC = const(81)  # "Q"
HEAD = const(8)  # magic, states, actions, 0, steps in 4 bytes
CELL = const(4)  # 3 bytes of value, 1 of visits
TAIL = const(2)  # checksum


class Schedule:
    """chance_of_32768, chance_min: of any action but the best, at first and at last.

    halving_shift: the chance halves every 2^halving_shift steps. gamma_of_256: discount.
    shift_max: the last rate is 1 / 2^shift_max. visits_shift: the rate halves when the visits of
    a pair reach 2^visits_shift, twice that, three times that ...
    """

    def __init__(
        self, chance_of_32768: int, chance_min: int, halving_shift: int, gamma_of_256: int,
        shift_max: int, visits_shift: int,
    ) -> None:  # fmt: skip
        self.chance_of_32768 = chance_of_32768
        self.chance_min = chance_min
        self.halving_shift = halving_shift
        self.gamma_of_256 = min(gamma_of_256, GAMMA_MAX)
        self.shift_max = min(shift_max, SHIFT_MAX)
        self.visits_shift = visits_shift


class QTable:
    """values: by state * actions + action, in 1/64 of a reward's unit. steps: act() calls."""

    def __init__(self, states: int, actions: int, schedule: Schedule) -> None:
        self.states = states
        self.actions = actions
        self.schedule = schedule
        self.values = [0] * (states * actions)
        self.visits = [0] * (states * actions)
        self.steps = 0

    def chance(self) -> int:
        """Return the chance of exploring now, of 32768."""
        halvings = self.steps >> self.schedule.halving_shift
        if halvings > 15:
            return self.schedule.chance_min
        return max(self.schedule.chance_min, self.schedule.chance_of_32768 >> halvings)

    def best(self, state: int) -> int:
        """Return the action of most value; the first of equals."""
        at = state * self.actions
        found = 0
        for action in range(1, self.actions):
            if self.values[at + action] > self.values[at + found]:
                found = action
        return found

    def act(self, state: int, draws) -> int:  # type: ignore[no-untyped-def]
        """Return an action: the best, or by chance any. draws: the node's own Draws."""
        explores = draws.next() < self.chance()
        if self.steps < STEPS_MAX:
            self.steps += 1
        if explores:
            return int(draws.below(self.actions))
        return self.best(state)

    def learn(self, state: int, action: int, reward: int, after: int) -> None:
        """Take the reward that an action brought and the state after it; after -1: the end."""
        reward = max(0, min(REWARD_MAX, reward))
        aim = reward << GUARD_BITS
        if after >= 0:
            most = self.values[after * self.actions + self.best(after)]
            aim += most * self.schedule.gamma_of_256 + 128 >> 8
        at = state * self.actions + action
        if self.visits[at]:
            halvings = self.visits[at] >> self.schedule.visits_shift
            shift = min(self.schedule.shift_max, 1 + halvings)
            aim = self.values[at] + (aim - self.values[at] + (1 << shift - 1) >> shift)
        self.values[at] = aim
        if self.visits[at] < VISITS_MAX:
            self.visits[at] += 1

    # -- over a reboot --------------------------------------------------------------------------
    def dump_bytes(self) -> int:
        """Return the length of a dump."""
        return HEAD + CELL * len(self.values) + TAIL

    def dump(self, buffer: bytearray) -> None:
        """Write the table into a buffer of dump_bytes()."""
        buffer[0] = MAGIC
        buffer[1] = self.states
        buffer[2] = self.actions
        buffer[3] = 0
        _put(buffer, 4, 4, self.steps)
        at = HEAD
        for cell in range(len(self.values)):
            _put(buffer, at, 3, self.values[cell])
            buffer[at + 3] = self.visits[cell]
            at += CELL
        _put(buffer, at, TAIL, crc16(buffer, at))

    def restore(self, payload: bytes) -> bool:
        """Take a dump of a table of this shape; False, and no change, for anything else."""
        if len(payload) != self.dump_bytes() or payload[0] != MAGIC or payload[3]:
            return False
        if payload[1] != self.states or payload[2] != self.actions:
            return False
        at = len(payload) - TAIL
        if _get(payload, at, TAIL) != crc16(payload, at) or payload[7] > 63:
            return False
        top = VALUE_MAX << GUARD_BITS
        for cell in range(len(self.values)):
            if _get(payload, HEAD + CELL * cell, 3) > top:
                return False
        self.steps = _get(payload, 4, 4)
        for cell in range(len(self.values)):
            self.values[cell] = _get(payload, HEAD + CELL * cell, 3)
            self.visits[cell] = payload[HEAD + CELL * cell + 3]
        return True


def _put(buffer: bytearray, at: int, count: int, number: int) -> None:
    for _ in range(count):
        buffer[at] = number & 255
        number >>= 8
        at += 1


def _get(payload: bytes, at: int, count: int) -> int:
    number = 0
    for i in range(count - 1, -1, -1):
        number = number << 8 | payload[at + i]
    return number
