"""Damped migration: to the best reply, but only with a probability that falls with the gain.

Moving with probability 0.3 * (gain / own ratio) keeps the expected number of movers below what the
better server can take, so that the fleet does not overshoot. After Berenbrink et al., Distributed
selfish load balancing (SIAM J. Comput. 37(4), 2007), with a constant instead of the number of
nodes, which nobody knows here.
"""

from quelea_agent.choice.best import best_reply, with_me


class Damped:
    """Gain 3/10."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        self.me = me

    def choose(self) -> int:
        """Return the index that looks best, seldom; else the one in use."""
        me = self.me
        best = best_reply(me)
        if best == me.at:
            return best
        here = with_me(me, me.at)
        gain = here - with_me(me, best)
        if me.draws.below(10 * here) < 3 * gain:
            return best
        return me.at
