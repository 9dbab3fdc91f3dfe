"""A group whose members agree on the water level, in virtual time: world.py's, and the agents.

Each member also runs the agent, with its boards' own code between the two. The graph is complete,
frames get lost, repeated, late and cut off as rows do. Liars tell each member another level too.
"""

import random
from types import SimpleNamespace
from typing import Any

from quelea_agent import counters, settings
from quelea_agent.agent import Agent
from quelea_agent.port import agreed
from quelea_agent.sharing import Sharing
from quelea_proto.frames import EPOCH, SEQ, STATE, VALUE_Q, Frame, frame_bytes, pack

from quelea.headroom.group import Group
from quelea.headroom.world import EPOCH_ROUNDS, World
from quelea.headroom.world import Node as PlainNode

KIND_MASK = 31


class Node(PlainNode):
    """A board with an agent. frames_out: what it says to the others in this round."""

    def __init__(
        self, group: Group, node: int, ids: dict[int, str], period_us: int, cadence: int = 0
    ) -> None:
        self.boots = 0
        super().__init__(group, node, ids, period_us, cadence)

    def settings(self) -> SimpleNamespace:
        """See world.Node: those of the agent, read as a board reads them."""
        numbers = sorted(self.ids)
        others = [one for one in numbers if one != self.node]
        most_q = max(load.most_q for load in self.group.loads)
        cfg = vars(super().settings()) | {
            "node": self.node,
            "neighbours": [
                [one, self.ids[one], numbers.index(self.node) - (one < self.node)]
                for one in others
            ],
            "faults_max": self.group.splits[0].faults_max,
            "epoch_rounds": EPOCH_ROUNDS,
            "hi_q": 2 * most_q,
        }
        found, problem = settings.load(cfg)
        assert problem is None, problem
        return SimpleNamespace(**vars(found))

    def boot(self) -> Sharing:
        """See world.Node; the agent begins a session."""
        self.boots += 1
        super().boot()
        self.agent = Agent(self.settings(), self.boots)
        self.frames: list[tuple[int, bytes]] = []
        self.frames_out: list[bytes] = []
        self.parts: list[Any] = []
        self._sense = self._sense_demand
        agreed.attach(self)
        return self.sharing

    def _sense_demand(self, now_ms: int) -> None:
        self.agent.sense(now_ms, self.demand_q)

    def hear(self, topic: bytes, source: int, payload: bytes) -> None:
        """Take in a frame or a row."""
        if payload[0] & KIND_MASK == STATE:
            self.frames.append((source, payload))
        else:
            super().hear(topic, source, payload)

    def divide(self, now_ms: int, epoch: int) -> None:
        """Do the agent's round, then that of the limit."""
        agent = self.agent
        self._sense(now_ms)
        rounds = agent.counters.counts[counters.ROUNDS]
        out = agent.step(now_ms, self.frames)
        if agent.counters.counts[counters.ROUNDS] == rounds:
            agent.next_wake_ms = now_ms  # the round is due now, by the world's clock
            out = agent.step(now_ms, ())
        self.frames.clear()
        self.frames_out = [bytes(buffer) for _, buffer in out]
        super().divide(now_ms, epoch)


class AgreedWorld(World):
    """See World."""

    kind = Node
    nodes: dict[int, Node]  # type: ignore[assignment]

    def __init__(self, group: Group, seed: int, **more: Any) -> None:
        # So rows meet what they would meet without frames.
        self._air = random.Random(f"frames {seed}")
        self._frames: list[tuple[int, int, bytes]] = []
        super().__init__(group, seed, **more)

    def _round(self, node: PlainNode) -> None:
        assert isinstance(node, Node)
        node.frames_out = []
        super()._round(node)
        for payload in node.frames_out if node.up else ():
            self._tell(node.node, payload)

    def _tell(self, source: int, payload: bytes) -> None:
        self._frames.append((self.t_us, source, payload))
        for dest in self.nodes:
            if dest != source:
                self._carry(source, dest, payload)

    def _carry(self, source: int, dest: int, payload: bytes) -> None:
        kept = self.rng, self.rows
        self.rng, self.rows = self._air, self._frames
        self._send(source, dest, payload)
        self.rng, self.rows = kept

    def _lie(self, number: int) -> None:
        """See World; and another level for each member, in the epoch that the honest are in."""
        super()._lie(number)
        others = [one for one in self.nodes if one != number]
        liar, rng = self.nodes[number].agent, self._air
        liar.seq += 1
        frame = Frame(len(others))
        frame.kind = STATE
        frame.head[:2] = [number, liar.session]
        epochs = [self.nodes[one].agent.epoch for one in self.honest]
        top_q = liar.settings.hi_q
        for dest in others:
            frame.head[EPOCH] = (rng.choice(epochs) + rng.choice((0, 0, 0, 1))) & 0xFFFF
            frame.head[SEQ] = liar.seq
            frame.head[VALUE_Q] = rng.choice((0, top_q, rng.randrange(top_q + 1)))
            buffer = bytearray(frame_bytes(STATE, len(others)))
            pack(frame, buffer)
            self.fired["false levels"] += 1
            self._carry(number, dest, bytes(buffer))
