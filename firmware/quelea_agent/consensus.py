"""Consensus: from the neighbour table and the own demand to the estimate, in one of two modes.

resilient   The value restarts from the own demand with each epoch and then follows the rule.
            A new epoch begins after epoch_rounds own rounds, counted from when the node got in
            step with others, or as soon as F + 1 neighbours are further: so F liars can neither
            start nor stop one (Srikanth and Toueg 1987; epochs: Jelasity, Montresor and
            Babaoglu 2005). Only values of the own epoch are used. A node
            that is lost, in step with nobody since it started or for a whole epoch, also goes
            back: on a ring a fleet that has run for long looks behind to one that has rebooted.
exact       Edge flows (quelea_proto.flows); the input follows the demand, there are no epochs.

F comes from the settings, never from what happened to arrive.
"""

from quelea_proto.fixed import clamp, ring16_diff
from quelea_proto.flows import Flows
from quelea_proto.frames import SEQ, VALUE_Q, Frame, used_mark
from quelea_proto.limits import EPOCH_MASK
from quelea_proto.rules import find
from quelea_proto.sorting import sort_prefix

from quelea_agent import counters as count
from quelea_agent.counters import Counters
from quelea_agent.neighbours import Neighbours
from quelea_agent.settings import Settings


class Resilient:
    """State of the resilient mode; used: bytearray by slot, filled by each round."""

    def __init__(self, settings: Settings, neighbours: Neighbours, counters: Counters) -> None:
        slots = len(neighbours.numbers)
        self.settings = settings
        self.neighbours = neighbours
        self.counters = counters
        self.apply = find(settings.rule)[1]
        self.faults_max = settings.faults_max
        self.lo_q = settings.lo_q
        self.hi_q = settings.hi_q
        self.value_q = 0
        self.input_q = 0
        self.settled_q = 0  # the value at the end of the last epoch
        self.epoch = 0
        self.rounds = 0  # since the epoch began
        self.begun = False
        self.lost = True  # in step with nobody since the start, or throughout the last epoch
        self.in_step = False  # the rule has been applied in this epoch
        self.held = False
        self.restarted = False
        self.speaks = True  # of this round; a mode of cadence.py may be silent
        self.used = bytearray(slots)
        self._values_q = [0] * (slots + 1)

    def _steps_ahead(self) -> int:
        """Return by how many epochs at least F + 1 live neighbours are further; 0 for none.

        Below 0 for a lost node that has 2F + 1 live neighbours, when they are behind.
        """
        table = self.neighbours
        values = self._values_q
        found = 0
        for slot in range(len(table.numbers)):
            if table.live[slot]:
                values[found] = ring16_diff(table.epoch[slot], self.epoch)
                found += 1
        if found <= self.faults_max:
            return 0
        sort_prefix(values, found)
        ahead = values[found - 1 - self.faults_max]
        if ahead < 0 and not (self.lost and found > 2 * self.faults_max):
            return 0
        return ahead

    def _restart(self, demand_q: int, steps: int) -> None:
        if self.begun:
            self.settled_q = self.value_q
        else:
            self.settled_q = demand_q
        self.begun = True
        self.in_step = False
        self.epoch = (self.epoch + steps) & EPOCH_MASK
        self.rounds = 0
        self.input_q = demand_q
        self.value_q = demand_q
        self.held = False
        self.restarted = True
        for slot in range(len(self.used)):
            self.used[slot] = 0

    def round(self, demand_q: int) -> None:
        """Do one round: restart the epoch, or apply the rule to the fresh values, or hold."""
        ahead = 0
        # With at most F of them elsewhere the F + 1st is in the own epoch, or there is none.
        if self.neighbours.mark(self.epoch, self.used) > self.faults_max:
            ahead = self._steps_ahead()
        if ahead != 0:
            self.counters.add(count.EPOCH_JUMPS)
            self.lost = False  # one jump back at most: two that are lost shall not swap for ever
            self._restart(demand_q, ahead)
            return
        due = self.settings.epoch_rounds
        if not self.begun:
            self._restart(demand_q, 0)
            return
        if due > 0 and self.rounds + 1 >= due:
            self.lost = not self.in_step
            self._restart(demand_q, 1)
            return
        self.rounds += 1
        self.restarted = False
        self._follow_rule(self._gather())

    def _clamped(self, value_q: int) -> int:
        self.counters.add(count.CLAMPED)
        return clamp(value_q, self.lo_q, self.hi_q)

    def _gather(self) -> int:
        """Put the values that are marked in `used` into _values_q, clamped; return how many."""
        values = self._values_q
        values_in = self.neighbours.value_q
        found = 0
        for slot in range(len(values_in)):
            if self.used[slot]:
                value_q = values_in[slot]
                if value_q < self.lo_q or value_q > self.hi_q:
                    value_q = self._clamped(value_q)
                values[found] = value_q
                found += 1
        return found

    def _follow_rule(self, found: int) -> None:
        self.held = found < 2 * self.faults_max + 1
        if self.held:
            self.counters.add(count.HELD)
            for slot in range(len(self.used)):
                self.used[slot] = 0
        else:
            self.lost = False
            if not self.in_step:
                self.rounds = 1  # who came early waits: or it would be early in every epoch
                self.in_step = True
            self.value_q = self.apply(self.value_q, self._values_q, found, self.faults_max)


class Exact:
    """State of the exact mode; the same attributes as Resilient, and flows."""

    def __init__(self, settings: Settings, neighbours: Neighbours, counters: Counters) -> None:
        self.neighbours = neighbours
        self.flows = Flows(settings.node, neighbours.numbers, 0)
        self.epoch = 0
        self.rounds = 0
        self.held = False
        self.restarted = False
        self.speaks = True
        self.used = bytearray(len(neighbours.numbers))

    def hear(self, slot: int, frame: Frame, back_slot: int) -> None:
        """Take the common edge from a fresh frame; back_slot: this node's place in its columns."""
        if back_slot < frame.count:
            self.flows.hear(
                slot,
                frame.count,
                frame.head[VALUE_Q],
                frame.flow_at(back_slot),
                frame.turn_at(back_slot),
                frame.residue_at(back_slot),
            )
            self.used[slot] = used_mark(frame.head[SEQ])

    @property
    def value_q(self) -> int:
        return self.flows.estimate_q

    @property
    def input_q(self) -> int:
        return self.flows.input_q

    @property
    def settled_q(self) -> int:
        return self.flows.estimate_q

    def round(self, demand_q: int) -> None:
        """Do one round: follow the demand, then even out every edge whose turn is here."""
        flows = self.flows
        self.rounds += 1
        if demand_q != flows.input_q:
            flows.set_input(demand_q)
        moved = 0
        for slot in range(len(self.neighbours.numbers)):
            if not self.neighbours.live[slot]:
                self.used[slot] = 0
            elif flows.move(slot):
                moved += 1
        self.held = moved == 0
