"""What an omniscient liar may know in the simulator: every honest value of this instant."""

from collections.abc import Collection, Mapping
from typing import Any


class Knowledge:
    """nodes: by number, each with the attribute `agent`; liars: the numbers of those that lie."""

    def __init__(self, nodes: Mapping[int, Any], liars: Collection[int]) -> None:
        self.nodes = nodes
        self.liars = frozenset(liars)

    def honest_q(self, epoch: int) -> list[int]:
        """Return the honest running values of this epoch, ascending."""
        agents = (node.agent for number, node in self.nodes.items() if number not in self.liars)
        return sorted(agent.value_q for agent in agents if agent.epoch == epoch)

    def value_q(self, number: int) -> int:
        """Return the running value of a node, whatever it has shown."""
        return int(self.nodes[number].agent.value_q)
