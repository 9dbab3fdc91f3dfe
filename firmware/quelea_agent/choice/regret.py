"""Regret matching: move to a server the likelier, the more one regrets not to be there.

The regret of a server is the forgetful sum (factor 0.95 a round) of how much better served this
node would have been on it, by the loads that are believed; positive regrets, times a quarter, are
the probabilities to move. After Hart and Mas-Colell, A simple adaptive procedure leading to
correlated equilibrium (Econometrica 68(5), 2000).
"""

from quelea_proto.limits import const

from quelea_agent.choice.best import WHOLE, with_me

_KEEP = const(243)  # 0.95 of 256
_STEP_SHIFT = const(2)  # a quarter of the regret


class Regret:
    """regrets: by index, in 1/1024 of the demand served."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        self.me = me
        self.regrets = [0] * len(me.allowed)

    def choose(self) -> int:
        """Return the index in use, or one whose regret draws this node away."""
        me = self.me
        own = served(with_me(me, me.at))
        point = me.draws.next() >> 5  # 0 .. 1023
        total = 0
        chosen = me.at
        for index in range(len(self.regrets)):
            there = own if index == me.at else served(with_me(me, index))
            regret = (self.regrets[index] * _KEEP >> 8) + there - own
            self.regrets[index] = regret
            if index != me.at and regret > 0:
                if total <= point < total + (regret >> _STEP_SHIFT):
                    chosen = index
                total += regret >> _STEP_SHIFT
        if chosen != me.at:
            for index in range(len(self.regrets)):  # they were regrets of not being elsewhere
                self.regrets[index] = 0
        return chosen


def served(ratio: int) -> int:
    """Return the share of a demand that is served at this ratio, in 1/1024."""
    return WHOLE if ratio <= WHOLE else WHOLE * WHOLE // ratio
