"""The host's side of the story's fleet: the servers, asked over MQTT by nodes with own clocks.

Each server is the firmware's own Offload, asked in the order in which questions come. What a node
draws is what its newest question says. Once a period the columns that Loop has are brought up to
date, so that a course takes both alike.
"""

import threading
from collections import deque
from dataclasses import dataclass

from quelea_agent.offload import SERVER_ROUNDS, Offload
from quelea_proto.lease_row import BYTES, Lease, pack, unpack

from quelea.story.loop import CLAIM_Q_MAX, Setup, serve

COUNTED_PERIODS = 4


@dataclass
class Member:
    """What the host knows of a node. silent: periods since its last question."""

    demand_q: int
    session: int = 0
    seq: int = 0
    use_q: int = 0
    silent: int = 0


class Servers:
    """agents, servers, sent_q, served_q ...: as of quelea.story.loop.Loop. Any thread may call."""

    def __init__(self, setup: Setup) -> None:
        self.capacities_q: list[int] = list(setup.capacities_q)
        self.kappa_percent = setup.kappa_percent
        self.offloads = [Offload(capacity_q, CLAIM_Q_MAX) for capacity_q in self.capacities_q]
        self.agents = [Member(demand_q) for demand_q in setup.demands_q]
        self.servers = [-1] * len(self.agents)  # -1: has not asked yet
        self.sent_q = [0] * len(self.agents)
        self.served_q = [0] * len(self.agents)
        self.loads_q = [0] * len(self.capacities_q)
        self.goodput_q = self.overloaded = self.overasked = 0
        self.messages = 0.0  # of as many rounds as there are agents
        self.moves = 0
        self.questions = self.refused = 0
        self._rows = self._rounds = self._moved = 0
        # By the last second: on a busy machine questions and rumours of a round come in two.
        self._counted: deque[tuple[int, int]] = deque(maxlen=COUNTED_PERIODS)
        self._lock = threading.Lock()

    def ask(self, number: int, payload: bytes) -> bytes | None:
        """Answer the question of a node, or None for a faulty or repeated one."""
        row = Lease()
        with self._lock:
            if not unpack(payload, row) or row.answer or not self._is_new(number, row):
                self.refused += 1
                return None
            self.questions += 1
            self._rounds += 1
            member = self.agents[number - 1]
            member.session, member.seq = row.session, row.seq
            member.use_q, member.silent = row.use_q, 0
            before = self.servers[number - 1]
            if before != row.server:
                if before >= 0:
                    self.offloads[before].release(number)
                    self._moved += 1
                self.servers[number - 1] = row.server
            offload = self.offloads[row.server]
            row.second_q = offload.ask(number, row.first_q, row.second_q)
            row.first_q = offload.asked_q
            row.use_q = 0
            row.answer = True
        answer = bytearray(BYTES)
        pack(answer, row)
        return bytes(answer)

    def _is_new(self, number: int, row: Lease) -> bool:
        if not 1 <= number <= len(self.agents) or row.node != number:
            return False
        if row.server >= len(self.offloads):
            return False
        member = self.agents[number - 1]
        return row.session != member.session or row.seq > member.seq

    def count_row(self) -> None:
        """Count a message between nodes."""
        with self._lock:
            self._rows += 1

    def resize(self, server: int, capacity_q: int) -> None:
        """Change what a server can do."""
        with self._lock:
            self.capacities_q[server] = capacity_q
            self.offloads[server].resize(capacity_q)

    def tick(self) -> None:
        """End a period: leases age, the silent draw nothing, and all is measured."""
        with self._lock:
            for offload in self.offloads:
                offload.tick()
            for i, member in enumerate(self.agents):
                member.silent += 1
                self.sent_q[i] = member.use_q if member.silent <= SERVER_ROUNDS else 0
            self._counted.append((self._rows, self._rounds))
            rows, rounds = (sum(column) for column in zip(*self._counted, strict=True))
            self.messages = rows * len(self.agents) / max(1, rounds)
            self._rows = self._rounds = 0
            self.moves, self._moved = self._moved, 0
            serve(self)
