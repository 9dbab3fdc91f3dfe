"""A node of a fleet of clusters: the edges of cluster.py, as a part beside the agent.

Imported only where cfg.json has a `cluster`. The machine does its round after each round of the
agent, whether that had anything to say or not.
"""

from quelea_proto.topics import build

from quelea_agent import cluster, report


class Part:
    """See run.Node.parts. machine: cluster.Cluster. counted: weigh the cluster by who lives."""

    busy = False

    def __init__(self, node, config: dict, machine) -> None:
        self.node = node
        self.machine = machine
        fleet = node.link.settings.fleet
        self._counted = config["counted"]
        self._size = config["sizes"][config["own"]]
        self._topics = [
            build(name, fleet, node.link.settings.id).encode() for name in ("table", "cluster")
        ]
        self._sources = {}  # topic -> number of the only node that may publish there
        rows = list(config["candidates"])
        for _, more in config["near"]:
            rows += more
        name = "table" if machine.own_at >= 0 else "cluster"
        for number, other in rows:
            if number != node.link.settings.node:
                self._sources[build(name, fleet, other).encode()] = number
        self._due_ms = node.agent.next_wake_ms
        self._inner = node.transport.receive
        self._others = node.link.subscriptions
        node.transport.receive = self.receive
        node.link.subscriptions = self.subscriptions
        node.parts.append(self)

    def subscriptions(self) -> list:
        """Return (topic filter, QoS) rows: delegates' rows, and what the link asks for."""
        return [(topic, 0) for topic in self._sources] + self._others()

    def receive(self, topic: bytes, payload: bytes) -> None:
        """Take one message; never raises."""
        number = self._sources.get(topic)
        if number is None:
            self._inner(topic, payload)
        else:
            self.machine.hear(self.node.ticks.ticks_ms(), number, payload)

    def turn(self, now_ms: int) -> None:
        """Do a round when the agent has done one."""
        node = self.node
        agent = node.agent
        if agent.next_wake_ms == self._due_ms:
            return
        self._due_ms = agent.next_wake_ms
        alive = 1 + sum(agent.neighbours.live) if self._counted else self._size
        row = self.machine.round(now_ms, agent.settled_q, alive)
        if row is not None:
            self._say(self._topics[0], row)
            row = self.machine.head()
            if row is not None:
                self._say(self._topics[1], row)

    def _say(self, topic: bytes, row: bytearray) -> None:
        node = self.node
        if node.attack is not None and node.attack.options.get("delegate"):
            row = node.attack.forge_cluster(row)
        node.transport.publish(topic, row)

    def figures(self) -> list:
        """Return (key, JSON text) pairs for the status."""
        machine = self.machine
        pairs = (
            ("fleet_q", str(machine.fleet_q)),
            ("held", report.text(bool(machine.held))),
            ("seated", report.text(bool(machine.seated))),
            ("term", str(machine.term)),
            ("taken", str(machine.taken)),
            ("refused", str(machine.refused)),
            ("ages", "[" + ",".join([str(age) for age in machine.age]) + "]"),
        )
        return [("cluster", report.rows(pairs))]


def attach(node, config: object) -> str:
    """Give the node its part in its cluster; return why not, or an empty string."""
    if node.transport.seal is not None:
        return "cluster: its rows carry no tags yet; leave out auth"
    machine, problem = cluster.load(node.link.settings, config, node.agent.session)
    if not problem:
        try:
            Part(node, config, machine)
        except Exception as error:  # ids that are none, a key that is missing
            problem = f"cluster: not as `quelea fleet` writes it ({error!r})"
    return problem or ""
