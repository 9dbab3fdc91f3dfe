"""A node with a part in a limit: what run.py's node does, and the edges of sharing.py.

Imported only where cfg.json has a `headroom`: a heap that has no use for it does not pay for it.
"""

from quelea_agent import link, sharing
from quelea_agent.port import store
from quelea_agent.port.run import Node


class Link(link.Link):
    """Hears the rows of the others, and the command `limit`: how many percent of it there are."""

    verbs = link.VERBS + ("limit",)
    sharing = None

    def subscriptions(self) -> list:
        """Return (topic filter, QoS) rows."""
        return [(self.sharing.filter, 0)] + link.Link.subscriptions(self)

    def receive(self, topic: bytes, payload: bytes) -> None:
        """Take one message; never raises."""
        if not self.sharing.receive(topic, payload):
            link.Link.receive(self, topic, payload)

    def _do(self, verb: str, args) -> str:
        if verb != "limit":
            return link.Link._do(self, verb, args)
        percent = None if args is None else args.get("percent")
        if not link._is_int(percent) or not 0 <= percent <= 100:
            return "percent is an integer from 0 to 100"
        self.sharing.percent = percent
        self._status_due = True
        return ""


class ShareNode(Node):
    """See run.Node. Whatever the network does, the load follows the cap of each round."""

    Link = Link

    def take_part(self, part) -> None:
        """Begin with what is stored; part: Sharing. One without a record stays at its floor."""
        self.sharing = part
        self.link.sharing = part
        self._drive = getattr(self.port, "drive", None)  # emulated nodes have no load
        for share in part.shares:
            share.headroom.load(store.read(share.name(0)), store.read(share.name(1)))
        if part.still is not None and self.attack is None:
            from quelea_agent.port import again  # a part

            again.attach(self)

    def _round(self, now_ms: int, frames_out) -> None:
        """Set the load, then store what is due, then speak: in this order and no other.

        In every round, whether it speaks or not.
        """
        agent = self.agent
        part = self.sharing
        demand_q = agent.demand.demand_q
        point_q = part.round(now_ms, demand_q, agent.settled_q, agent.epoch)
        if self._drive is not None:
            self._drive(point_q)
        for share in part.shares:
            if share.slot >= 0:
                share.stored(store.write(share.name(), share.headroom.record))
        if part.set(now_ms) != point_q and self._drive is not None:
            self._drive(part.point_q)
        for share in part.shares:
            row = share.row()
            if row is not None:
                if self.attack is not None and self.attack.options.get("mint"):
                    row = self.attack.forge_row(row)
                self.transport.publish(part.topic, row)
        Node._round(self, now_ms, frames_out)

    def _figures(self) -> list:
        return Node._figures(self) + self.sharing.figures()


def maker(settings, config: object, load=sharing.load, kind: type = ShareNode) -> tuple:
    """Return (what makes the node, None), or (None, problem) for a faulty `headroom`."""
    part, problem = load(settings, config)
    if problem:
        return None, problem

    def make(module, port, cfg, settings, sensor):
        node = kind(module, port, cfg, settings, sensor)
        node.take_part(part)
        if "agreed" in config:
            from quelea_agent.port import agreed  # a part

            agreed.attach(node)
        return node

    return make, None
