"""What the tests of the audit share: runs of real agents with liars, loss, reboots and a deaf ear.

The journal hears each frame by a draw of its own, apart from what the neighbours hear.
"""

import itertools
import random
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

from quelea import adversaries
from quelea.adversaries.forge import Attack
from quelea.adversaries.knowledge import Knowledge
from quelea.audit import Auditor, audit
from quelea.journal import MemoryRecorder, NodeRow, begin
from quelea_agent.agent import Agent
from small_fleet import PERIOD_MS, due, peers_of, settings

K7 = tuple(itertools.combinations(range(1, 8), 2))
HI_Q = 10_000
KNOWN = {"rule": "wmsr", "faults_max": 1, "period_ms": PERIOD_MS, "lo_q": 0, "hi_q": HI_Q}


class Run:
    """Agents in turn, in a random order; loss: of a frame to a node; deaf: to the journal.

    reboot: chance of a node a round to lose everything and begin its next session.
    """

    def __init__(
        self,
        seed: int,
        attack: str | ModuleType | None = None,
        liars: Sequence[int] = (),
        edges: Sequence[tuple[int, int]] = K7,
        loss: float = 0.0,
        deaf: float = 0.0,
        reboot: float = 0.0,
        **more: Any,
    ) -> None:
        self.rng = random.Random(seed)
        self.edges = tuple(edges)
        self.liars = tuple(liars) if attack else ()
        self.loss, self.deaf, self.reboot = loss, deaf, reboot
        self.lie = adversaries.load(attack) if isinstance(attack, str) else attack
        self.more = {"hi_q": HI_Q, "epoch_rounds": 20, **more}
        self.t_us = 0
        self.reboots = self.unheard = 0
        self.recorder = MemoryRecorder(lambda: self.t_us)
        self.agents: dict[int, Agent] = {}
        self.hands: dict[int, Attack] = {}
        self.numbers = sorted({end for edge in self.edges for end in edge})
        for number in self.numbers:
            self._boot(number, 1)
        rows = [
            NodeRow(n, f"n{n:02}", tuple(peers_of(n, self.edges)), ("liar",) * (n in self.liars))
            for n in self.numbers
        ]
        known = {"mode": "resilient", **KNOWN, **self.more}
        begin(self.recorder, name="test", nodes=rows, seed=seed, settings=known)

    def _boot(self, number: int, session: int) -> None:
        self.agents[number] = one = Agent(settings(number, self.edges, **self.more), session)
        one.sense(0, self.rng.randrange(HI_Q + 1))
        if number in self.liars:
            nodes = {n: SimpleNamespace(agent=agent) for n, agent in self.agents.items()}
            knowledge = Knowledge(nodes, self.liars) if len(nodes) == len(self.numbers) else None
            options = {"liars": list(self.liars)}
            self.hands[number] = Attack(one.settings, options, self.lie, knowledge)

    def round(self) -> None:
        self.rng.shuffle(self.numbers)
        for at, number in enumerate(self.numbers):
            self.t_us += PERIOD_MS * 1000 // len(self.numbers)
            one = self.agents[number]
            if self.rng.random() < self.reboot:
                self.reboots += 1
                self._boot(number, one.session + 1)
                continue
            if at == 0:
                one.sense(0, self.rng.randrange(HI_Q + 1))
            frames: Any = due(one)
            if number in self.hands:
                frames = self.hands[number].forge(0, one, frames)
            for dest, buffer in frames:
                self._publish(number, dest, bytes(buffer))

    def _publish(self, number: int, dest: int, payload: bytes) -> None:
        if self.rng.random() < self.deaf:
            self.unheard += 1
        else:
            self.recorder.frame(self.t_us, "d" if dest else "x", number, dest, payload)
        for to in [dest] if dest else self.agents[number].settings.numbers:
            other = self.agents[to]
            if self.rng.random() >= self.loss and other._started:
                other.step((other.next_wake_ms - 1) & 0x3FFFFFFF, [(number, payload)])

    def play(self, rounds: int) -> Auditor:
        """Return the audit of so many rounds; the recorder stays open."""
        for _ in range(rounds):
            self.round()
        return audit(self.recorder.journal())
