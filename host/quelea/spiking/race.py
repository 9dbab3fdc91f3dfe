# mypy: disable-error-code="no-any-return"
"""Moves between servers decided by neurons that race: a rule of choice for the story's agents.

The patient rule (`firmware/quelea_agent/choice/patient.py`) without its draws. Written for boards,
in their subset, but not flashed: there is no room for a rule that does not do better.

One integrate-and-fire neuron for each server that the node may use (quelea_agent.spiking.Layer).
A round charges it by the chance that the patient rule would give a move there, in parts of the
threshold; the first to spike wins, the others are emptied: lateral inhibition. No spike: stay.

All start from drawn charges, so that nodes with the same excess do not spike in one round. Two
differences to draws: a chance is used up steadily and not by luck, and charge leaks, so that an
excess that has gone is forgotten. Nothing is charged, and no neuron steps, where there is no
excess: the event is the overload.
"""

from quelea_agent import choice
from quelea_agent.choice.best import ratio, with_me
from quelea_agent.choice.patient import Patient
from quelea_agent.rumours import UNKNOWN
from quelea_agent.spiking import UNIT_BITS, Layer

NAME = "spiking"
_THRESHOLD = 4096  # a move is certain within a round at this charge
_LEAK = 64  # of 4096 a step
_LEVEL = 1  # kinds of moves, as patient.py numbers them
_EVEN = 2


class Spiking(Patient):  # type: ignore[misc]
    """race: a layer without synapses; its biases are the charges of a round."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        Patient.__init__(self, me)
        count = len(me.allowed)
        row = bytes([136] * ((count + 1) // 2))  # weights of 0
        self.race = Layer(row, 1, count, 0, 4095, _LEAK, _THRESHOLD, [0] * count)
        self._scatter()

    def choose(self) -> int:
        """Return the index in use, or where a neuron spiked."""
        me = self.me
        if me.seen_q == UNKNOWN:
            return me.at
        capacity_q = me.capacities_q[me.allowed[me.at]]
        here = ratio(me.seen_q, capacity_q)
        self._learn(here)
        excess_q = me.seen_q - capacity_q
        if excess_q <= 0:
            return me.at
        total = 0
        for index in range(len(self._weights)):
            weight = 0 if index == me.at else self._weight(index, here, excess_q)
            self._weights[index] = weight
            total += weight
        if total == 0:
            return me.at
        biases = self.race.biases
        for index in range(len(biases)):
            part = 0
            if self._weights[index]:
                share = ratio(self._weights[index], total)  # of 1024
                part = self._chance(index, here, excess_q) * share >> 10
            biases[index] = (part >> self.mistakes) << UNIT_BITS
        self.race.step(self.race.spiked, 0)
        if self.race.count == 0:
            return me.at
        winner = self.race.spiked[me.draws.below(self.race.count)]
        self._scatter()
        self._left_ratio = here
        return winner

    def _scatter(self) -> None:
        """Start every neuron from a charge drawn below the threshold."""
        for index in range(self.race.neurons):
            self.race.v[index] = self.me.draws.below(_THRESHOLD) << UNIT_BITS

    def _chance(self, index: int, here: int, excess_q: int) -> int:
        """Return the chance of a move to a server that was picked, of _THRESHOLD."""
        me = self.me
        if self._kinds[index] == _LEVEL:
            return 3 * (here - with_me(me, index)) * _THRESHOLD // (10 * here)
        chance = ratio(min(max(excess_q, me.demand_q), me.seen_q), me.seen_q) * 4
        if self._kinds[index] == _EVEN:
            chance >>= 2
        return chance * self._room_part(excess_q) >> 10

    def _room_part(self, excess_q: int) -> int:
        """Return the room elsewhere over the excess everywhere, at most 1024 of 1024."""
        me = self.me
        over_q = excess_q
        room_q = 0
        for server in range(len(me.capacities_q)):
            if server != me.server:
                spare_q = me.capacities_q[server] - max(0, me.rumours.load_q(server))
                if spare_q > 0:
                    room_q += spare_q
                else:
                    over_q -= spare_q
        return 1024 if over_q <= room_q else ratio(room_q, over_q)


def register() -> None:
    """Let this process find the rule by its name, as those of the firmware."""
    if not choice.known(NAME):
        choice.CHOICES = choice.CHOICES + ((NAME, __name__, "Spiking"),)  # noqa: RUF005 (MicroPython)
