"""The signal head: what a controller may ask of the lamps, and what it gets, second by second.

    GREEN of a phase -> YELLOW -> RED (all red) -> GREEN of the next

A change that is asked for before the shortest green is over is refused; yellow and all-red always
have their whole length. While cars stand inside the junction (hold), all-red goes on for up to
CLEAR_S_MAX: left-turners of one green who meet those of the next block each other for good.
Whatever a controller wants, the lamps stay within this. Integers only.
"""

from quelea_proto.limits import const

GREEN = const(0)
YELLOW = const(1)
RED = const(2)
CLEAR_S_MAX = const(10)
AGE_MAX = const(100000)  # seconds, a day and more: ages stop there


class Head:
    """phase: whose green it is, or was last; next: whose it will be. age_s: of this stage."""

    def __init__(self, phases: int, yellow_s: int, red_s: int, green_s_min: int) -> None:
        self.phases = phases
        self.yellow_s = yellow_s
        self.red_s = red_s
        self.green_s_min = green_s_min
        self.stage = GREEN
        self.phase = 0
        self.next = 0
        self.age_s = 0
        self.changes = 0
        self.hold = False

    def may_change(self) -> bool:
        """Return whether another phase could be asked for now."""
        return self.stage == GREEN and self.age_s >= self.green_s_min

    def ask(self, phase: int) -> bool:
        """Begin the change to a phase; False, and nothing happens, when it is not allowed."""
        if phase == self.phase or not 0 <= phase < self.phases or not self.may_change():
            return False
        self.next = phase
        self.changes += 1
        self.age_s = 0
        self.stage = YELLOW
        self._pass()
        return True

    def tick(self) -> None:
        """Let a second pass."""
        if self.age_s < AGE_MAX:
            self.age_s += 1
        self._pass()

    def _pass(self) -> None:
        """Leave stages that are over, also those of no length."""
        if self.stage == YELLOW and self.age_s >= self.yellow_s:
            self.stage = RED
            self.age_s = 0
        if self.stage == RED and self.age_s >= self.red_s + (CLEAR_S_MAX if self.hold else 0):
            self.stage = GREEN
            self.phase = self.next
            self.age_s = 0
