"""Whole node-rounds: one agent of a fleet in which each is every other's neighbour.

The fleet runs once and what node 1 heard is kept; then node 1 alone does the same again.
"""

from quelea_agent.agent import Agent
from quelea_agent.settings import load
from quelea_proto import frames
from quelea_proto.crc import crc16, crc16_plain

ROUNDS = 10
FIRST = 2  # rounds before the measurement: an epoch begins, edges come into step


def settings_of(node: int, count: int, mode: str) -> dict:
    """Return the settings of a node in a fleet of count + 1."""
    others = [number for number in range(1, count + 2) if number != node]
    return {
        "v": 1,
        "fleet": "bench",
        "id": f"n{node}",
        "node": node,
        "neighbours": [[k, f"n{k}", node - 1 if node < k else node - 2] for k in others],
        "mode": mode,
        "rule": "wmsr",
        "faults_max": count >> 2,
        "period_ms": 500,
        "epoch_rounds": 0,
        "fresh_rounds": 4,
        "fanout": 0,
        "lo_q": 0,
        "hi_q": 8388607,
    }


def agent_of(node: int, count: int, mode: str) -> Agent:
    """Return a node that has its reading and waits for its first round."""
    settings, problem = load(settings_of(node, count, mode))
    assert settings is not None, problem
    agent = Agent(settings, 1)
    agent.sense(0, node * 7919 % 4001)
    agent.step(0, ())
    return agent


def heard(count: int, mode: str) -> list:
    """Return what node 1 hears, by round: (source, payload) of every other."""
    fleet = [agent_of(node, count, mode) for node in range(1, count + 2)]
    last = []
    rounds = []
    for _ in range(ROUNDS):
        sent = []
        for agent in fleet:
            frames = [item for item in last if item[0] != agent.settings.node]
            if agent is fleet[0]:
                rounds.append(frames)
            for _dest, buffer in agent.step(agent.next_wake_ms, frames):
                sent.append((agent.settings.node, bytes(buffer)))
        last = sent
    return rounds


class Part:
    """times: the rounds of one call, each with the frames of all neighbours.

    is_plain: with the checksum in Python, whatever this interpreter has.
    """

    def __init__(self, count: int, mode: str, is_plain: bool) -> None:
        self.times = ROUNDS - FIRST
        self.crc16 = crc16_plain if is_plain else crc16
        self.count = count
        self.mode = mode
        self.rounds = heard(count, mode)
        self.agent = agent_of(1, count, mode)

    def prepare(self) -> None:
        """Make the node anew and do its first rounds."""
        frames.crc16 = self.crc16
        self.agent = agent_of(1, self.count, self.mode)
        for at in range(FIRST):
            self.agent.step(self.agent.next_wake_ms, self.rounds[at])

    def restore(self) -> None:
        """Leave the checksum to the other parts as it was."""
        frames.crc16 = crc16

    def base(self) -> None:
        agent = self.agent
        for at in range(FIRST, ROUNDS):
            agent.next_wake_ms, self.rounds[at]

    def call(self) -> None:
        agent = self.agent
        for at in range(FIRST, ROUNDS):
            agent.step(agent.next_wake_ms, self.rounds[at])

    def digest(self) -> int:
        digest = 0
        for number in self.agent.state():
            digest = (digest * 31 + number) & 0xFFFFF
        return digest
