"""What a run breaks on purpose, half way: the broker dies and comes back, a node is killed."""

from quelea.fleet.broker import Broker, EmbeddedBroker
from quelea.fleet.live import Scene
from quelea.fleet.options import FleetOptions
from quelea.fleet.plan import Plan
from quelea.fleet.supervisor import Supervisor
from quelea.journal import Recorder

BROKER_AT = 0.40  # share of the run's time
NODE_AT = 0.55
BROKER_DOWN_S = 1.0
NODE_DOWN_S = 1.0


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
        self.victim = plan.topology.id_of(plan.honest[len(plan.honest) // 2])
        self.due = [
            (BROKER_AT * options.seconds, self.restart_broker),
            (NODE_AT * options.seconds, self.kill_node),
        ]
        if not options.chaos:
            self.due = []

    def act(self, elapsed_s: float) -> None:
        """Inject every fault whose time has come."""
        while self.due and elapsed_s >= self.due[0][0]:
            self.due.pop(0)[1]()

    def restart_broker(self) -> None:
        """SIGKILL the embedded broker and start it again; an external one is left alone."""
        if not isinstance(self.broker, EmbeddedBroker):
            self.scene.note("the broker is not ours: it is not restarted")
            return
        from_us = self.recorder.now_us()
        pid = self.broker.pid
        self.broker.restart(BROKER_DOWN_S)
        fired = int(self.broker.pid != pid)
        self.recorder.fault("broker-restart", "broker", from_us, self.recorder.now_us(), fired)
        self.scene.note(f"broker killed, back after {BROKER_DOWN_S:.0f} s")

    def kill_node(self) -> None:
        """SIGKILL one honest node; the supervisor starts it again."""
        from_us = self.recorder.now_us()
        fired = int(self.supervisor.kill(self.victim, NODE_DOWN_S))
        self.recorder.fault("node-kill", self.victim, from_us, self.recorder.now_us(), fired)
        self.scene.note(f"{self.victim} killed")
