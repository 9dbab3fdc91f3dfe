"""Offload as a world: nodes with work that comes and goes lend each other room.

Each node has a capacity and work of its own. What is beyond its capacity it may have done by one
of its four neighbours; what it does not need itself it lends, by the leases of the firmware. The
nodes are the firmware's Chooser, as in the story, with all nodes for servers: rumours of how
full they are go from neighbour to neighbour, a tenth is lost, and each says of itself what it
knows. So the first 47 columns of an observation are those of env_world.py, of the work that is
beyond the own capacity, and two follow:

    47 home    own work, of the own capacity, in 1/128
    48 lent    what others use of the own capacity, in 1/255

For training see env_offload.py.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from quelea_agent.choice.best import ratio
from quelea_agent.choice.policy import byte
from quelea_proto.draws import Draws

from quelea.errors import UserError
from quelea.learn import env_world
from quelea.learn.env_world import TOP, Terms, Told, World
from quelea.story.loop import UNIT_Q, Setup
from quelea.story.setting import SEED_MAX
from quelea.topology import regular

NODES = 16
NODES_MIN, NODES_MAX = 6, 63  # a graph of degree 4; servers of a rumour row
CAPACITY_MIN, CAPACITY_MAX = 40, 200  # units
RHO = 0.8
RHO_MIN, RHO_MAX = 0.1, 2.0
CHANGE_OF_16 = 1  # in a round one node of sixteen has other work
DEGREE = env_world.ALLOWED  # whom a node may ask
OWN_NAMES = (*env_world.OWN_NAMES, "home", "lent")
COLUMNS = env_world.COLUMNS + 2
_LANE = 65534  # the stream of draws that makes work, which no node has


@dataclass(frozen=True)
class Fleet:
    """What a seed comes to. capacities_q: of nodes. neighbours: their numbers, ascending."""

    seed: int
    rho_percent: int
    capacities_q: tuple[int, ...]
    neighbours: tuple[tuple[int, ...], ...]

    def setup(self, kappa_percent: int = 100) -> Setup:
        """Return it as the loop takes it, nobody with work yet."""
        return Setup(
            [0] * len(self.capacities_q),
            [[number - 1 for number in row] for row in self.neighbours],
            [list(row) for row in self.neighbours],
            list(self.capacities_q), self.seed, kappa_percent,
        )  # fmt: skip


def draw(seed: int, rho: float = RHO, nodes: int = NODES) -> Fleet:
    """Return the fleet of a seed. UserError for what is out of range."""
    for name, value, low, high in (
        ("seed", seed, 0, SEED_MAX), ("rho", rho, RHO_MIN, RHO_MAX),
        ("nodes", nodes, NODES_MIN, NODES_MAX),
    ):  # fmt: skip
        if not low <= value <= high:
            raise UserError(f"{value} is out of range", name, f"{low} to {high}")
    draws = Draws(seed, _LANE)
    span = CAPACITY_MAX - CAPACITY_MIN + 1
    capacities_q = tuple(UNIT_Q * (CAPACITY_MIN + draws.below(span)) for _ in range(nodes))
    graph = regular.make(str(DEGREE), nodes, seed)
    neighbours = tuple(tuple(graph.neighbours(number)) for number in graph.nodes)
    return Fleet(seed, round(100 * rho), capacities_q, neighbours)


class Lender(Told):
    """A node that also says how full it is itself. lends: the Offload of its room."""

    lends: Any = None

    def answered(self, load_q: int, granted_q: int) -> None:
        """Take the answer, and note the own load beside that of the node that is asked."""
        super().answered(load_q, granted_q)
        rumours = self.rumours
        at = rumours.slots * rumours.servers + self.plan.node - 1
        rumours.stamp[at] = rumours.round
        rumours.load[at] = self.lends.asked_q


class OffloadWorld(World):
    """work_q: all work of each node. agents' demand_q: what is beyond their capacity.

    The load of a node is what it uses itself and what is asked of it: offloads[i].asked_q counts
    both, and its capacity_q is what is left to lend.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.work = Draws(fleet.seed, _LANE - 1)
        self.work_q = [0] * len(fleet.capacities_q)
        super().__init__(fleet, Terms(agents=len(fleet.capacities_q)))

    def begin(self, terms: Terms) -> None:
        """Give every node work, and do the first round."""
        self.agents = [Lender(agent.plan, 1) for agent in self.agents]
        for agent, offload in zip(self.agents, self.offloads, strict=True):
            agent.lends = offload
        for i in range(len(self.agents)):
            self._give(i)
        super().begin(terms)

    def _give(self, i: int) -> None:
        """Give a node other work: evenly 0 .. 2 rho of its capacity."""
        capacity_q = self.capacities_q[i]
        own_q = min(self.work_q[i], capacity_q)
        self.work_q[i] = capacity_q * self.work.below(2 * self.fleet.rho_percent + 1) // 100
        now_q = min(self.work_q[i], capacity_q)
        self.agents[i].demand_q = self.work_q[i] - now_q
        self.offloads[i].asked_q += now_q - own_q
        self.offloads[i].resize(capacity_q - now_q)

    def round(self) -> None:
        """Do a round with the work at hand, then let it change for the next."""
        super().round()
        self.lent_q = list(self.loads_q)
        self.wished_q = list(self.work_q)
        for i, work_q in enumerate(self.work_q):
            here_q = min(work_q, self.capacities_q[i] - self.lent_q[i])
            self.served_q[i] = here_q + self.sent_q[i]
        self.goodput_q = sum(self.served_q)
        for i in range(len(self.agents)):
            if self.work.below(16) < CHANGE_OF_16:
                self._give(i)

    def best_q(self) -> int:
        """Return the most work that could have been done in the round that was, as a flow.

        A bound from above: in it a node may ask all its neighbours, and at once.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import maximum_flow

        count = len(self.agents)
        flows = np.zeros((2 * count + 2, 2 * count + 2), np.int32)
        home_q = 0
        for i, (work_q, capacity_q) in enumerate(
            zip(self.wished_q, self.capacities_q, strict=True)
        ):
            here_q = min(work_q, capacity_q)
            home_q += here_q
            flows[0, 1 + i] = work_q - here_q
            flows[1 + count + i, -1] = capacity_q - here_q
            for other in self.agents[i].allowed:
                flows[1 + i, 1 + count + other] = capacity_q + work_q
        return home_q + int(maximum_flow(csr_array(flows), 0, 2 * count + 1).flow_value)

    def wanted_q(self, i: int) -> int:
        """Return the work that node i had in the round that was."""
        return self.wished_q[i]

    def seen(self, i: int) -> list[int]:
        """Return an observation as a list; the own work in it is that of the round to come."""
        found = super().seen(i)
        capacity_q = self.capacities_q[i]
        found.append(byte(ratio(self.work_q[i], capacity_q) >> 3))
        found.append(TOP * self.lent_q[i] // capacity_q)
        return found
