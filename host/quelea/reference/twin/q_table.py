"""Tabular Q-learning of the reference: one Cell object a pair of state and action.

Nothing is taken from quelea_agent.q_table but what that file states; the arithmetic is written as
quotients rounded half up, where the firmware shifts.
"""

from collections.abc import Sequence

COMPILED: dict[str, int] = {}  # of quelea_proto.limits, none
REWARD_MAX = 1024
GUARD = 64  # a value is counted in 64ths of a reward's unit
RATE_SHIFT_MAX = 6
GAMMA_MAX = 243
VISITS_MAX = 255


def rounded(number: int, part: int) -> int:
    """Return number / part, a half rounded up; part > 0."""
    return (2 * number + part) // (2 * part)


class Cell:
    """value: in 1/64. visits: how often it was learned, at most 255."""

    __slots__ = ("value", "visits")

    def __init__(self) -> None:
        self.value = self.visits = 0


class QTable:
    """schedule: as the six arguments of the firmware's Schedule."""

    schedule: tuple[int, ...]

    def __init__(self, states: int, actions: int, schedule: Sequence[int]) -> None:
        self.rows = [[Cell() for _ in range(actions)] for _ in range(states)]
        self.schedule = tuple(schedule)
        self.steps = 0

    def chance(self) -> int:
        """Return the chance of exploring now, of 32768."""
        first, least, halving_shift = self.schedule[:3]
        halvings = self.steps // (1 << halving_shift)
        return max(least, first >> min(halvings, 16))

    def best(self, state: int) -> int:
        """Return the action of most value; the first of equals."""
        values = [cell.value for cell in self.rows[state]]
        return values.index(max(values))

    def act(self, state: int, first: int, second: int) -> int:
        """Return an action; first, second: the 15-bit draws, of which the second may be unused."""
        explores = first < self.chance()
        self.steps += 1
        return second * len(self.rows[state]) // 32768 if explores else self.best(state)

    def learn(self, state: int, action: int, reward: int, after: int) -> None:
        """Take a reward; after: the state that followed, -1 at the end."""
        gamma, rate_shift, visits_shift = self.schedule[3:]
        aim = GUARD * sorted((0, reward, REWARD_MAX))[1]
        if after >= 0:
            most = max(cell.value for cell in self.rows[after])
            aim += rounded(most * min(gamma, GAMMA_MAX), 256)
        cell = self.rows[state][action]
        part = 1
        if cell.visits:
            part = 2 ** min(rate_shift, RATE_SHIFT_MAX, 1 + cell.visits // 2**visits_shift)
        cell.value += rounded(aim - cell.value, part)
        cell.visits = min(VISITS_MAX, cell.visits + 1)

    def values(self) -> list[int]:
        """Return all values, by state and action."""
        return [cell.value for row in self.rows for cell in row]
