"""`quelea story --fleet`: the tale by real MicroPython processes with clocks of their own.

Fifty processes, each with a board's heap, speak over a real broker: rumours to each other, and
questions to the servers, for which the host stands (servers.py). Phases are switched by commands.
"""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from quelea_proto import topics

from quelea.fleet.crowd import Crowd
from quelea.story import course, lies
from quelea.story.chronicle import PERIOD_MS, Chronicle, node_id
from quelea.story.course import Course, Phase
from quelea.story.loop import LOSS_OF_32768, UNIT_Q, Setup
from quelea.story.servers import Servers
from quelea.story.setting import CAPACITIES, Instance

FLEET = "story"
REPEAT_ROUNDS = 8  # between two repetitions of what the host has said
MODULE = "quelea_agent.port.story"


def config(
    instance: Instance, setup: Setup, number: int, broker: dict[str, Any]
) -> dict[str, Any]:
    """Return cfg.json of a node."""
    rows = instance.neighbours
    return {
        "v": 1,
        "fleet": FLEET,
        "id": node_id(number),
        "node": number,
        "neighbours": [
            [other, node_id(other), rows[other - 1].index(number)] for other in rows[number - 1]
        ],
        "period_ms": PERIOD_MS,
        "broker": broker,
        "story": {
            "capacities_q": setup.capacities_q,
            "allowed": setup.allowed[number - 1],
            "demand_q": setup.demands_q[number - 1],
            "seed": instance.seed,
            "loss_of_32768": LOSS_OF_32768,
        },
    }


class StoryFleet(Crowd):
    """Broker, processes and the host's servers; all ended when the context is left."""

    extra_files: ClassVar[Mapping[str, bytes | Path]] = {"attack.py": Path(lies.__file__)}

    def __init__(
        self, instance: Instance, folder: Path, kappa_percent: int = 100,
        chronicle: Chronicle | None = None, policy: bytes = b"",
    ) -> None:  # fmt: skip
        agents = len(instance.demands)
        super().__init__(FLEET, MODULE, [node_id(n + 1) for n in range(agents)], folder)
        self.instance = instance
        self.setup = instance.setup(kappa_percent)
        self.servers = Servers(self.setup)
        self.chronicle = chronicle
        self.policy = policy  # said to all nodes, again and again; may be changed at any time
        self.heard: dict[int, dict[str, Any]] = {}  # a node's newest event about it
        self.lying: set[int] = set()
        self._said: list[tuple[str, str]] = []
        self._turn = 0
        self._asks = {topics.build("frame", FLEET, node_id(n)): n for n in self.numbers}
        self._states = {topics.build("state", FLEET, node_id(n)): n for n in self.numbers}
        self._events = {topics.build("event", FLEET, node_id(n)): n for n in self.numbers}
        self._ways = {
            topics.build("direct", FLEET, node_id(n), node_id(other)): (n, other)
            for n in self.numbers
            for other in instance.neighbours[n - 1]
        }

    def _config(self, number: int, broker: dict[str, Any]) -> dict[str, Any]:
        return config(self.instance, self.setup, number, broker)

    # -- messages -------------------------------------------------------------------------------
    def _subscribe(self) -> None:
        for name in ("state", "frame", "event"):
            self.link.subscribe(topics.build(name, FLEET, "+"))
        self.link.subscribe(topics.build("direct", FLEET, "+", "+"))

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        number = self._asks.get(topic)
        answer = None
        if number is not None:
            answer = self.servers.ask(number, payload)
            if answer is not None:
                self.link.publish(self._command(number, "grant"), answer)
        elif topic in self._states:
            if payload == b"ready":
                self.ready.add(self._states[topic])
        elif topic in self._events:
            self._event(self._events[topic], payload)
        else:
            self.servers.count_row()
        if self.chronicle is not None:
            self._keep(self.chronicle, topic, payload, answer)

    def _event(self, number: int, payload: bytes) -> None:
        """Note what a node says of a policy that it was sent; garbage says nothing."""
        try:
            event = json.loads(payload)
        except ValueError:
            return
        if isinstance(event, dict) and event.get("event") == "policy":
            self.heard[number] = event

    def _keep(
        self, chronicle: Chronicle, topic: str, payload: bytes, answer: bytes | None
    ) -> None:
        """Write down what was heard, and what was answered."""
        if topic in self._asks:
            chronicle.question(self._asks[topic], payload)
            if answer is not None:
                chronicle.answer(self._asks[topic], answer)
        elif topic in self._states:
            chronicle.state(self._states[topic], payload.decode(errors="replace"))
        elif topic in self._ways:
            chronicle.rumour(*self._ways[topic], payload)

    def _command(self, number: int, verb: str) -> str:
        return topics.build("command", FLEET, node_id(number) if number else "all", verb)

    # -- the tale -------------------------------------------------------------------------------
    def run(self, phases: tuple[Phase, ...], stop: bool = True) -> Iterator[tuple[Phase, Course]]:
        """Run phases one after the other, a round a period; yield each when it is done.

        stop: end all nodes when the last one is.
        """
        next_s = time.monotonic()
        for turn, phase in enumerate(phases):
            self._begin(phase, anew=turn == 0 or phase.mode != phases[turn - 1].mode)
            best = course.best_of(self.servers, self.instance)
            taken = Course()
            if self.chronicle is not None:
                self.chronicle.phase(phase, self.servers, best)
            for number in range(phase.rounds):
                if number % REPEAT_ROUNDS == 0:
                    self._say()
                next_s = max(next_s + PERIOD_MS / 1000, time.monotonic())
                time.sleep(max(0.0, next_s - time.monotonic()))
                self.servers.tick()
                taken.take(self.servers, best)
                if self.chronicle is not None:
                    self.chronicle.round(self.servers, taken.row())
            yield phase, taken
        if stop:
            self.stop()

    def stop(self) -> None:
        """Tell all nodes to end."""
        self.link.publish(self._command(0, "stop"), "{}", 1)

    def _begin(self, phase: Phase, anew: bool) -> None:
        """Set servers and demands, and note what every node is to be told."""
        self._turn += 1
        for server, capacity in enumerate(CAPACITIES):
            self.servers.resize(server, capacity * UNIT_Q // (2 if server == phase.halved else 1))
        if phase.permuted:
            course.shocked(self.servers, self.instance.seed, self._turn - 1)
        self.lying = set(course.liars(self.instance.seed, len(self.numbers), phase.liars))
        mode = {
            "n": self._turn,
            "anew": anew,
            "rule": phase.mode.rule,
            "throttled": phase.mode.throttled,
            "checked": phase.mode.checked,
            "adaptive": phase.mode.adaptive,
            "capacities_q": self.servers.capacities_q,
        }
        self._said = []
        for number, member in zip(self.numbers, self.servers.agents, strict=True):
            own = {"n": self._turn, "demand_q": member.demand_q}
            own["lie"] = phase.lie if number in self.lying else ""  # type: ignore[assignment]
            self._said.append((self._command(number, "own"), json.dumps(own)))
        self._said.append((self._command(0, "mode"), json.dumps(mode)))

    def _say(self) -> None:
        if self.policy:
            self.link.publish(self._command(0, "policy"), self.policy, 1)
        for topic, payload in self._said:
            self.link.publish(topic, payload, 1)
