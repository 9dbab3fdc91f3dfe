"""A node whose fleet agrees on the water level of the limit: policies/max_min_agreed.py.

The agent's signal becomes the level that the node reckons, in place of its demand. Asked for by
`agreed` in cfg.json; in exact mode, which trusts everybody, all is as with `max-min`.
"""

from quelea_agent.policies.max_min_agreed import Agreed


class Level:
    """Stands between a node's sensor, its agent and its part in the limit."""

    busy = False

    def __init__(self, node, allocation: Agreed) -> None:  # type: ignore[no-untyped-def]
        self.allocation = allocation
        self.demand_q = 0
        self._agent = node.agent
        self._sense = node._sense
        self._round = node.sharing.round
        self._held = False
        self._met = False
        self._settled = False

    def sense(self, now_ms: int) -> None:
        """Read the sensor, and hand the agent the level."""
        agent = self._agent
        self._sense(now_ms)
        self.demand_q = agent.demand.demand_q
        settings = agent.settings
        agent.sense(now_ms, max(settings.lo_q, min(self.allocation.own_q, settings.hi_q)))

    def round(self, now_ms: int, demand_q: int, mean_q: int, epoch: int) -> int:
        """See sharing.Sharing; after the agent's round."""
        self._follow(self._agent)
        return self._round(now_ms, self.demand_q, 0, epoch)

    def _follow(self, agent) -> None:  # type: ignore[no-untyped-def]
        """Take over what the last epoch settled on, if the rule was applied in it."""
        mode = agent.mode
        if mode.restarted:
            self._settled = self._met
            self._met = False
        else:
            self._held = mode.held  # a round that restarts does not say
            self._met = self._met or not mode.held
        good = self._settled and not self._held and mode.settled_q < agent.settings.hi_q
        self.allocation.agreed_q = mode.settled_q if good else -1

    def turn(self, now_ms: int) -> None:
        """Do nothing: see run.Node.parts."""

    def figures(self) -> list:
        """Return this part of a status."""
        one = self.allocation
        figures = (one.own_q, one.agreed_q, one.used)
        return [("level_q", "[" + ",".join([str(figure) for figure in figures]) + "]")]


def attach(node) -> None:  # type: ignore[no-untyped-def]
    """Give a share.ShareNode the policy: of its one limit, in which all have one priority."""
    if node.agent.flows is not None:
        return
    share = node.sharing.shares[0]
    rows = share.allocation.rows
    faults_max = node.agent.settings.faults_max
    room_q = 0 if share._trusting else max([row[0] + row[5] for row in rows]) + share._line_q
    share.allocation = Agreed(rows, share.own, share.budget_q, faults_max, room_q)
    level = Level(node, share.allocation)
    node._sense = level.sense
    node.sharing.round = level.round
    node.parts.append(level)
