"""Patient: leave only a server that is overfull, one at a time, and slower after each mistake.

Own sight decides whether to move, rumours only whereto; so lies cannot drive a served node away.

- On a server that is not overfull: stay.
- Overfull by e: pick another one by weight: one on which the fleet loses less, by how much less;
  one that would be less full than this one; one with some room, at an even loss, seldom. The
  last kind of move goes through states of equal loss to those with a better fit.
- Where there is room, move with probability max(e, demand) / load: the movers of a server add up
  to what is too much there, or to one node of mean size if that is more. If all servers together
  are overfull by more than there is room, this is scaled down by room / excess: what is too much
  everywhere must not run after the little that is free.
- Where there is none, with probability 0.3 * (gain / own ratio), as damped.py.
- A server found overfull on arrival and no better than the one that was left is a mistake: each
  halves the probability, up to 7 times, and is forgotten after 32 rounds. Who is misled by liars
  so keeps still.

A server of which nothing is heard counts as empty: where nobody is, nobody tells.
"""

from quelea_proto.limits import const

from quelea_agent.choice.best import WHOLE, ratio, with_me
from quelea_agent.rumours import UNKNOWN

_MARGIN = const(5)  # of 1024: a difference in ratio that is worth a move
_EVEN_PART = const(25)  # a move at an even loss counts for 1/25 of one that gains a demand
_MISTAKES_MAX = const(7)
_FORGET_ROUNDS = const(32)
_GAIN = const(0)  # kinds of moves
_LEVEL = const(1)
_EVEN = const(2)


class Patient:
    """mistakes: moves that brought nothing, lately."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        self.me = me
        self.mistakes = 0
        self._rounds = 0  # since the last mistake
        self._left_ratio = 0  # of the server left in the last round; 0: none was
        self._weights = [0] * len(me.allowed)
        self._kinds = [0] * len(me.allowed)

    def choose(self) -> int:
        """Return the index in use, or where the excess of its server fits better."""
        me = self.me
        if me.seen_q == UNKNOWN:
            return me.at
        capacity_q = me.capacities_q[me.allowed[me.at]]
        here = ratio(me.seen_q, capacity_q)
        self._learn(here)
        excess_q = me.seen_q - capacity_q
        if excess_q <= 0 or (self.mistakes and me.draws.below(1 << self.mistakes)):
            return me.at
        total = 0
        for index in range(len(self._weights)):
            weight = 0 if index == me.at else self._weight(index, here, excess_q)
            self._weights[index] = weight
            total += weight
        if total == 0:
            return me.at
        point = me.draws.below(total)
        for index in range(len(self._weights)):
            point -= self._weights[index]
            if point < 0:
                break
        if not self._moves(index, here, excess_q):
            return me.at
        self._left_ratio = here
        return index

    def _learn(self, here: int) -> None:
        """Judge the last move by what was found, once; forget old mistakes."""
        if self._left_ratio:
            if here > WHOLE and here > self._left_ratio - 20:
                self.mistakes = min(_MISTAKES_MAX, self.mistakes + 1)
                self._rounds = 0
            self._left_ratio = 0
        self._rounds += 1
        if self.mistakes and self._rounds > _FORGET_ROUNDS:
            self.mistakes -= 1
            self._rounds = 0

    def _moves(self, index: int, here: int, excess_q: int) -> bool:
        """Draw whether to move to the server that was picked."""
        me = self.me
        draws = me.draws
        kind = self._kinds[index]
        if kind == _LEVEL:
            return draws.below(10 * here) < 3 * (here - with_me(me, index))
        if draws.below(me.seen_q) >= max(excess_q, me.demand_q):
            return False
        if kind == _EVEN and draws.below(4):
            return False
        over_q = me.seen_q - me.capacities_q[me.server]
        room_q = 0
        for server in range(len(me.capacities_q)):
            if server != me.server:
                spare_q = me.capacities_q[server] - max(0, me.rumours.load_q(server))
                if spare_q > 0:
                    room_q += spare_q
                else:
                    over_q -= spare_q
        return over_q <= room_q or draws.below(over_q) < room_q

    def _weight(self, index: int, here: int, excess_q: int) -> int:
        """Return how much speaks for a server, 0 for nothing."""
        me = self.me
        demand_q = me.demand_q
        capacity_q = me.capacities_q[me.allowed[index]]
        load_q = me.believed_q(index)
        if load_q == UNKNOWN:
            load_q = 0
        room_q = max(0, capacity_q - load_q)
        gain_q = excess_q - max(0, excess_q - demand_q) - max(0, demand_q - room_q)
        if gain_q > 0:
            self._kinds[index] = _GAIN
            return gain_q
        if ratio(load_q + demand_q, capacity_q) < here - _MARGIN:
            self._kinds[index] = _LEVEL
            return 1 + (demand_q >> 4)
        if gain_q == 0 and room_q > 0:
            self._kinds[index] = _EVEN
            return 1 + demand_q // _EVEN_PART
        return 0
