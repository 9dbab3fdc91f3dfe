"""What a run breaks on purpose, half way: the broker dies and comes back, a node is killed.

Of a cluster one server dies for good, and its nodes have to find another. In a storm the broker
dies again and again, and a fifth of the nodes each time.
"""

import random
from collections.abc import Callable
from functools import partial

from quelea.errors import UserError
from quelea.fleet.broker import Broker, EmbeddedBroker
from quelea.fleet.live import Scene
from quelea.fleet.nats_cluster import NatsCluster
from quelea.fleet.options import FleetOptions
from quelea.fleet.plan import Plan
from quelea.fleet.supervisor import Supervisor
from quelea.journal import Recorder

BROKER_AT = 0.40  # share of the run's time
NODE_AT = 0.55
BROKER_DOWN_S = 1.0
NODE_DOWN_S = 1.0
STORM_SHARE = 5  # one node in so many, each time
STORM_REST_S = 20  # at the end, in which all come back


class Chaos:
    """act(elapsed_s) injects what is due, records it as a fault, and says so in the scene."""

    def __init__(
        self,
        options: FleetOptions,
        plan: Plan,
        broker: Broker,
        supervisor: Supervisor,
        recorder: Recorder,
        scene: Scene,
    ) -> None:
        self.broker = broker
        self.supervisor = supervisor
        self.recorder = recorder
        self.scene = scene
        self.victim = plan.topology.id_of(plan.victim or plan.honest[len(plan.honest) // 2])
        self.nodes = plan.topology.node_count
        self.due: list[tuple[float, Callable[[], None]]] = [
            (BROKER_AT * options.seconds, self.restart_broker),
            (NODE_AT * options.seconds, self.kill_node),
        ]
        if not options.chaos:
            self.due = []
        elif options.storm:
            self.due = self._storm(options, plan)

    def _storm(self, options: FleetOptions, plan: Plan) -> list[tuple[float, Callable[[], None]]]:
        """Return what is due: the broker again and again, and a fifth of the nodes between."""
        rng = random.Random(f"storm {options.seed}")
        ids = [plan.topology.id_of(number) for number in plan.topology.nodes]
        due: list[tuple[float, Callable[[], None]]] = []
        for at_s in range(options.storm, options.seconds - STORM_REST_S, options.storm):
            due.append((at_s, self.restart_broker))
            for node_id in sorted(rng.sample(ids, max(1, len(ids) // STORM_SHARE))):
                due.append((at_s + options.storm / 2, partial(self.kill_node, node_id)))
        return [row for row in due if row[0] < options.seconds - STORM_REST_S]

    def act(self, elapsed_s: float) -> None:
        """Inject every fault whose time has come."""
        while self.due and elapsed_s >= self.due[0][0]:
            self.due.pop(0)[1]()

    def restart_broker(self) -> None:
        """SIGKILL the embedded broker and start it again; an external one is left alone."""
        if isinstance(self.broker, NatsCluster):
            self.kill_server(self.broker)
            return
        if not isinstance(self.broker, EmbeddedBroker):
            self.scene.note("the broker is not ours: it is not restarted")
            return
        from_us = self.recorder.now_us()
        pid = self.broker.pid
        note = f"broker killed, back after {BROKER_DOWN_S:.0f} s"
        try:
            self.broker.restart(BROKER_DOWN_S)
        except UserError as error:  # the nodes go on without it, and so does the run
            note = f"broker killed, and it does not come back: {error.why or error.what}"
            self.recorder.event("fleet", "broker-gone", {"why": str(error)})
        fired = int(self.broker.pid != pid)
        self.recorder.fault("broker-restart", "broker", from_us, self.recorder.now_us(), fired)
        self.scene.note(note)

    def kill_server(self, cluster: NatsCluster) -> None:
        """SIGKILL one server, not that of the coordinator: the journal is to show what it does."""
        server = cluster.servers[1]
        from_us = self.recorder.now_us()
        server.kill()
        nodes = cluster.nodes_of(server, self.nodes)
        fired = int(not server.running)
        detail = {"nodes": nodes}
        self.recorder.fault("server-kill", server.server_name, from_us, None, fired, detail)
        self.scene.note(f"server {server.server_name} killed for good; {len(nodes)} nodes move")

    def kill_node(self, node_id: str = "") -> None:
        """SIGKILL a node, by default one honest one; the supervisor starts it again."""
        victim = node_id or self.victim
        from_us = self.recorder.now_us()
        fired = int(self.supervisor.kill(victim, NODE_DOWN_S))
        self.recorder.fault("node-kill", victim, from_us, self.recorder.now_us(), fired)
        self.scene.note(f"{victim} killed")
