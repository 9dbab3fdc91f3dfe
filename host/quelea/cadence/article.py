"""The naive rule, kept as a baseline: interval = longest - volatility * (longest - shortest).

As in the article that Quelea began from: volatility is the smoothed absolute movement of the own
signal, alpha 0.1, in the signal's own unit; intervals of 1 s to 10 s. It decides only when it has
just spoken, nothing wakes it, and nobody expects a word of it at any time. What it agrees by is
ours, so that only the cadence differs.
"""

from typing import Any

from quelea_agent.agent import Agent
from quelea_agent.consensus import Exact, Resilient
from quelea_agent.outbox import Outbox

ALPHA = 0.1
SHORTEST_S, LONGEST_S = 1.0, 10.0


class Rule:
    """volatility: in q. left_s: until it speaks again."""

    def __init__(self, period_ms: int) -> None:
        self.period_s = period_ms / 1000
        self.volatility = 0.0
        self.left_s = 0.0
        self.demand_q: int | None = None

    def speaks(self, demand_q: int) -> bool:
        """Take a round's reading; return whether the round is spoken of."""
        before_q = demand_q if self.demand_q is None else self.demand_q
        self.demand_q = demand_q
        self.volatility += ALPHA * (abs(demand_q - before_q) - self.volatility)
        self.left_s -= self.period_s
        if self.left_s > 0:
            return False
        wanted_s = LONGEST_S - self.volatility * (LONGEST_S - SHORTEST_S)
        self.left_s = min(LONGEST_S, max(SHORTEST_S, wanted_s))
        return True


class ArticleResilient(Resilient):  # type: ignore[misc]
    """The resilient mode, done in the rounds that the rule picks."""

    def __init__(self, settings: Any, neighbours: Any, counters: Any) -> None:
        super().__init__(settings, neighbours, counters)
        self.naive = Rule(settings.period_ms)

    def round(self, demand_q: int) -> None:
        """Do a round, or nothing."""
        self.speaks = self.naive.speaks(demand_q)
        if self.speaks:
            super().round(demand_q)
        else:
            self.rounds += 1


class ArticleExact(Exact):  # type: ignore[misc]
    """The exact mode, done in the rounds that the rule picks."""

    def __init__(self, settings: Any, neighbours: Any, counters: Any) -> None:
        super().__init__(settings, neighbours, counters)
        self.naive = Rule(settings.period_ms)

    def round(self, demand_q: int) -> None:
        """Do a round, or nothing."""
        self.speaks = self.naive.speaks(demand_q)
        if self.speaks:
            super().round(demand_q)


class ArticleAgent(Agent):  # type: ignore[misc]
    """An agent whose silence follows the rule of the article."""

    def __init__(self, settings: Any, session: int) -> None:
        super().__init__(settings, session)
        exact = settings.mode == "exact"
        mode = ArticleExact if exact else ArticleResilient
        self.mode = mode(settings, self.neighbours, self.counters)
        self.flows = self.mode.flows if exact else None
        self.outbox = Outbox(settings, session, self.flows)
