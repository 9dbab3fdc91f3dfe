"""Q-learning: which move pays, found out by trying.

The state is what a node sees of its server and hears of the others, in steps: how full its own is
(5) and how the best of the others would be with this node on it (4). The actions are to move, to
the best one or to any better one, for certain or with a probability of 1/8, or to stay. The first
of them is greed, so a table that has learned nothing is greedy. The
reward is the share of the own demand that was served in the round after, less a 1/50 for an
attempt to move: what is served anywhere is better left where it is.

Trying costs what it brings to light, so the table's schedule ends it; and since every node's world
moves as the others learn, the rate never falls to nothing.
"""

from quelea_proto.limits import const

from quelea_agent.choice.best import WHOLE, best_reply, ratio, with_me
from quelea_agent.choice.regret import served
from quelea_agent.q_table import QTable, Schedule
from quelea_agent.rumours import UNKNOWN

STATES = const(20)
STAY = const(0)
BEST = const(1)
BETTER = const(2)
ACTIONS = ((BEST, 0), (BETTER, 0), (BEST, 3), (BETTER, 3), (STAY, 0))  # where, 1 in 2^shift
SCHEDULE = (9830, 32, 7, 128, 6, 4)  # chance 0.3 to 0.001, halved in 128 rounds; gamma 1/2
_FULL = (1024, 1075, 1200, 1434)  # of 1024: 1, 1.05, 1.17 and 1.4 of the capacity
_ROOMY = const(100)  # over WHOLE by a tenth
_ATTEMPT = const(20)  # of 1024
_MARGIN = const(5)  # a difference in ratio that is worth a move


class QLearning:
    """table: what was learned; from me.memory, a dump, where there is one."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        self.me = me
        self.table = QTable(STATES, len(ACTIONS), Schedule(*SCHEDULE))
        if me.memory:
            self.table.restore(me.memory)
        self._state = -1  # of the last round; -1: none
        self._action = 0
        self._here = 0  # ratio of the own server
        self._best = 0

    def choose(self) -> int:
        """Learn from the last round, then return the index that the next action leads to."""
        me = self.me
        if me.seen_q == UNKNOWN:
            return me.at
        state = self._look()
        if self._state >= 0:
            reward = served(self._here) - (_ATTEMPT if self._action != STAY else 0)
            self.table.learn(self._state, self._action, reward, state)
        self._action = self.table.act(state, me.draws)
        self._state = state
        where, shift = ACTIONS[self._action]
        if where == STAY or (shift and me.draws.below(1 << shift)):
            return me.at
        return self._best if where == BEST else self._any_better()

    def _look(self) -> int:
        """Return the state, and keep what the actions need."""
        me = self.me
        here = ratio(me.seen_q, me.capacities_q[me.allowed[me.at]])
        best = best_reply(me)
        there = with_me(me, best)
        self._here = here
        self._best = best
        full = 0
        while full < len(_FULL) and here > _FULL[full]:
            full += 1
        if best == me.at or there >= here - _MARGIN:
            return full << 2 | (0 if there <= WHOLE and best != me.at else 3)
        if there <= WHOLE:
            return full << 2
        return full << 2 | (1 if there < WHOLE + _ROOMY else 2)

    def _any_better(self) -> int:
        """Return one of those that are better than here, each as likely; else the one in use."""
        me = self.me
        found = me.at
        count = 0
        for index in range(len(me.allowed)):
            if index != me.at and with_me(me, index) < self._here - _MARGIN:
                count += 1
                if me.draws.below(count) == 0:
                    found = index
        return found
