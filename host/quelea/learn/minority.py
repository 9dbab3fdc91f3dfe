"""The minority game: an odd number of agents choose a side, and those on the smaller one win.

The figure is sigma^2 / N, the mean square of the attendance A (a sum of +1 and -1) over N: 1 for
agents that toss coins. Two fleets play it. The classic one (Challet and Zhang, Physica A 246,
1997): each agent has two random strategies, tables from the last m outcomes to a side, and plays
the one that would have won more often; at alpha = 2^m / N near 0.5 the fleet does better than
coins, far below it herds (Savit, Manuca and Riolo, Phys. Rev. Lett. 82, 1999). The other one
learns: a QTable a node, its state from what gossip says of the last attendance.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from quelea_agent.q_table import REWARD_MAX, QTable, Schedule
from quelea_proto.draws import Draws
from quelea_proto.rules.mean import apply as mean

from quelea.topology import regular

STRATEGIES = 2
DEGREE = 4
SIDE_Q = 1 << 16  # a side as gossip carries it: + or -
GOSSIP_ROUNDS = 20
SIZES = (25, 60, 120, 250, 500)  # |A| in thousandths of N: the steps of the state
HELD = len(SIZES) + 1
FLIPS = (0, 8, 6, 3)  # change sides never, or 1 time in 2^shift
SCHEDULE = (3277, 0, 7, 0, 6, 3)


def classic(agents: int, memory: int, rounds: int, seed: int) -> float:
    """Return sigma^2 / N of the classic game over its second half; agents: odd."""
    draws = np.random.default_rng(seed)
    histories = 1 << memory
    tables = draws.integers(0, 2, (agents, STRATEGIES, histories)) * 2 - 1
    scores = np.zeros((agents, STRATEGIES))
    ties = draws.random((rounds, agents)) < 0.5
    everyone = np.arange(agents)
    history = int(draws.integers(histories))
    taken = np.empty(rounds)
    for turn in range(rounds):
        lead = scores[:, 0] - scores[:, 1]
        played = np.where(lead == 0, ties[turn], lead < 0).astype(int)
        sides = tables[:, :, history]
        attendance = int(sides[everyone, played].sum())
        taken[turn] = attendance
        scores -= sides * np.sign(attendance)
        history = (history << 1 | (attendance < 0)) % histories
    return float(np.mean(taken[rounds // 2 :] ** 2) / agents)


class Learners:
    """Nodes that learn, on a random 4-regular graph. sides: +1 or -1 by node."""

    def __init__(self, agents: int, seed: int, learns: bool = True) -> None:
        self.learns = learns
        self.draws = [Draws(seed, node + 1) for node in range(agents)]
        self.tables = [QTable(2 * HELD, len(FLIPS), Schedule(*SCHEDULE)) for _ in range(agents)]
        self.sides = [1 if draws.next() & 1 else -1 for draws in self.draws]
        self._last = [(-1, 0)] * agents  # state and action of the round before
        graph = regular.make(str(DEGREE), agents, seed)
        self.neighbours = [[other - 1 for other in graph.neighbours(n)] for n in graph.nodes]

    def gossip(self) -> list[int]:
        """Return each node's estimate of the mean side, by the mean rule of the protocol."""
        values = [side * SIDE_Q for side in self.sides]
        for _ in range(GOSSIP_ROUNDS):
            values = [
                mean(values[node], [values[other] for other in row], len(row), 0)
                for node, row in enumerate(self.neighbours)
            ]
        return values

    def pay(self, node: int, estimate_q: int) -> int:
        """Return the reward of the side that a node was on: the more, the fewer were there.

        The linear payoff -a A / N, as gossip knows it, about one half.
        """
        return int(REWARD_MAX // 2 - self.sides[node] * estimate_q * (REWARD_MAX // 2) // SIDE_Q)

    def round(self) -> int:
        """Play a round; return the attendance that was played."""
        attendance = sum(self.sides)
        estimates = self.gossip()
        for node, table in enumerate(self.tables):
            many = self.sides[node] * estimates[node] > 0
            size = abs(estimates[node]) * 1000 // SIDE_Q
            state = HELD * many + sum(size > step for step in SIZES)
            before, action = self._last[node]
            if before >= 0 and self.learns:
                table.learn(before, action, self.pay(node, estimates[node]), -1)
            draws = self.draws[node]
            action = table.act(state, draws)
            shift = FLIPS[action]
            if shift and draws.below(1 << shift) == 0:
                self.sides[node] = -self.sides[node]
            self._last[node] = (state, action)
        return attendance


def learned(agents: int, rounds: int, seed: int, learns: bool = True) -> float:
    """Return sigma^2 / N of the learning fleet over its second half; learns False: only tries."""
    fleet = Learners(agents, seed, learns)
    taken = np.array([fleet.round() for _ in range(rounds)], float)
    return float(np.mean(taken[rounds // 2 :] ** 2) / agents)


def curve(
    agents: int, memories: Sequence[int], rounds: int, seeds: Sequence[int]
) -> list[tuple[float, NDArray[np.float64]]]:
    """Return (alpha, sigma^2 / N by seed) for each memory."""
    return [
        (
            2**memory / agents,
            np.array([classic(agents, memory, rounds, seed) for seed in seeds]),
        )
        for memory in memories
    ]
