"""The story as a world to act in: what a node sees, what it is paid, and the truth about all.

A round of `World` is a round of quelea.story.loop, with the firmware's own choosers, leases and
rumours; only who decides is another. So what is seen here a board sees too, byte for byte.

An observation is `COLUMNS` integers of 0..255, of the node and nothing else:

    0 .. 43    for each of the ALLOWED = 4 servers that it may use, in ascending order, the 11
               features of quelea.learn.features.NAMES, as firmware/quelea_agent/choice/policy.py
               computes them: obs[..., :SEEN].reshape(..., ALLOWED, FEATURES) is what that
               network takes, and the block with mine = 255 is the server in use
    44 demand  own demand, of the largest capacity: min(255, 255 * demand_q // capacity_q)
    45 held    grant of the server in use, of the own demand: 255 * held_q // demand_q; 255 for
               no demand; 0 in the round of a move, until the server grants something
    46 room    free room of all servers by what is believed (nothing heard: empty), of room plus
               excess: 255 * room_q // (room_q + excess_q), 255 where nothing is in excess

An action is an index into the four servers; the one in use means to stay. The reward is the share
of the own demand that was served in the round, less 1/50 for a move: `points` of 1/1024,
served_q * 1024 // demand_q - (20 if moved). All products stay in 31 bits.

The state is for a critic in training, which may look at everything: `SERVER_COLUMNS` for each
server, then `AGENT_COLUMNS` for each agent.

    server     size (of the largest capacity), load (what is asked of it, of its capacity, in
               1/128), near (the same close to 1: 128 is full, a step is 1/1024)
    agent      demand (as above), served (of its demand), then for each server 255 or 0: in use
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from quelea_agent.choice.best import ratio
from quelea_agent.choice.policy import MOVE, REST_TOP, byte
from quelea_agent.chooser import Chooser

from quelea.errors import UserError
from quelea.learn.features import FEATURES, NAMES
from quelea.story import setting
from quelea.story.course import liars
from quelea.story.lies import LIES
from quelea.story.loop import Loop, Setup

ALLOWED = setting.ALLOWED
SERVERS = len(setting.CAPACITIES)
SEEN = ALLOWED * FEATURES
OWN_NAMES = ("demand", "held", "room")
COLUMNS = SEEN + len(OWN_NAMES)
SERVER_COLUMNS = 3
AGENT_COLUMNS = 2 + SERVERS
TOP = 255
POINTS = 1024  # of a demand that was served in whole
MOVE_POINTS = 20
AGENTS_MIN, AGENTS_MAX = 6, 64  # a graph of degree 4; leases of one server

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Terms:
    """What holds in a world. throttled, checked, adaptive: as Chooser.use() has them.

    liars: agents whose rows say `lie`, one of quelea.story.lies. shared: part of an agent's reward
    that is the mean of all, 0 .. 1. kappa_percent: work lost to overload, 100 as in S50.
    """

    agents: int = setting.AGENTS
    throttled: bool = True
    checked: bool = True
    adaptive: bool = False
    liars: int = 0
    lie: str = "random"
    shared: float = 0.0
    kappa_percent: int = 100

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("agents", self.agents, AGENTS_MIN, AGENTS_MAX),
            ("liars", self.liars, 0, self.agents),
            ("shared", self.shared, 0, 1),
            ("kappa_percent", self.kappa_percent, 0, 1000),
        ):
            if not low <= value <= high:
                raise UserError(f"{value} is out of range", name, f"{low} to {high}")
        names = [row[0] for row in LIES]
        if self.lie not in names:
            raise UserError(f"nobody lies as {self.lie!r}", "lie", ", ".join(names))


TERMS = Terms()


class Start(Protocol):
    """What a world begins with: the story's Instance, or another. liars are drawn by the seed."""

    @property
    def seed(self) -> int: ...

    def setup(self, kappa_percent: int = 100) -> Setup: ...


class Told(Chooser):  # type: ignore[misc]  # the firmware's classes have no types
    """An agent that does what it is told. action: an index, of the round that has begun."""

    action = 0

    def choose(self) -> int:
        """Return the server of the action."""
        return int(self.go(self.action))


class World(Loop):
    """One instance, after its first round, in which everybody stays where it was put.

    act() is a round; observation(), points and state() are of the round that was.
    """

    def __init__(self, instance: Start, terms: Terms = TERMS) -> None:
        super().__init__(instance.setup(terms.kappa_percent))
        self.agents = [Told(agent.plan, 1) for agent in self.agents]
        self.lie_as(terms.lie, liars(instance.seed, len(self.agents), terms.liars))
        self.begin(terms)

    def begin(self, terms: Terms) -> None:
        """Give all agents the policy's eyes, and do the first round."""
        self.use("policy", terms.throttled, terms.checked, terms.adaptive)
        self.moved = [False] * len(self.agents)
        for agent in self.agents:
            agent.action = agent.at
            agent.begin()
        self._step()

    def act(self, actions: Sequence[int]) -> None:
        """Do a round. actions: 0 .. ALLOWED - 1 by agent; UserError for others."""
        if len(actions) != len(self.agents):
            raise UserError(f"{len(actions)} actions", "actions", f"{len(self.agents)} agents")
        if not all(0 <= action < ALLOWED for action in actions):
            raise UserError("an action is out of range", "actions", f"0 to {ALLOWED - 1}")
        for i, agent in enumerate(self.agents):
            agent.action = actions[i]
            self.moved[i] = agent.at != actions[i]
            remember(agent._rule, self.moved[i])
        self._step()

    def _step(self) -> None:
        self.round()
        for agent in self.agents:
            agent.begin()  # of the next round: what is seen then is what it is decided by

    def wanted_q(self, i: int) -> int:
        """Return what agent i would be served at best."""
        return int(self.agents[i].demand_q)

    @property
    def points(self) -> list[int]:
        """Return what each agent earned in the round, in 1/1024."""
        found = []
        for i, served_q in enumerate(self.served_q):
            wanted_q = self.wanted_q(i)
            share = served_q * POINTS // wanted_q if wanted_q else POINTS
            found.append(share - MOVE_POINTS if self.moved[i] else share)
        return found

    def observation(self, i: int) -> Bytes:
        """Return what agent i decides by, shape (COLUMNS,)."""
        return np.array(self.seen(i), np.uint8)

    def seen(self, i: int) -> list[int]:
        """Return it as a list."""
        me = self.agents[i]
        found = looked(me)
        found.append(min(TOP, TOP * me.demand_q // max(me.capacities_q)))
        found.append(min(TOP, TOP * me.lease.held_q // me.demand_q) if me.demand_q else TOP)
        found.append(room(me))
        return found

    def observations(self) -> Bytes:
        """Return those of all agents, shape (agents, COLUMNS)."""
        return np.stack([self.observation(i) for i in range(len(self.agents))])

    def state(self) -> Bytes:
        """Return the whole truth, shape (state_columns(agents, servers),)."""
        largest_q = max(self.capacities_q)
        found: list[int] = []
        for offload, capacity_q in zip(self.offloads, self.capacities_q, strict=True):
            full = ratio(offload.asked_q, capacity_q)
            found += [TOP * capacity_q // largest_q, byte(full >> 3), byte(full - 1024 + 128)]
        for i, agent in enumerate(self.agents):
            wanted_q = self.wanted_q(i)
            found.append(min(TOP, TOP * wanted_q // largest_q))
            found.append(TOP * self.served_q[i] // wanted_q if wanted_q else TOP)
            found += [TOP * (agent.server == server) for server in range(len(self.offloads))]
        return np.array(found, np.uint8)


def state_columns(agents: int, servers: int = SERVERS) -> int:
    """Return how many bytes a state has."""
    return SERVER_COLUMNS * servers + agents * (2 + servers)


def remember(sight, moved: bool) -> None:  # type: ignore[no-untyped-def]
    """Count a round for the features `rest` and `moves`, as the policy rule does."""
    sight.rest = min(REST_TOP, sight.rest + 1)
    sight.moves -= (sight.moves + 15) >> 4
    if moved:
        sight.rest = 0
        sight.moves = min(TOP, sight.moves + MOVE)


def looked(me) -> list[int]:  # type: ignore[no-untyped-def]
    """Return the features of all servers that a node may use. me: a Chooser with a policy."""
    sight = me._rule
    found: list[int] = []
    sight.look_here()
    for index in range(len(me.allowed)):
        sight.look_at(index)
        found += sight.values
    return found


def room(me) -> int:  # type: ignore[no-untyped-def]
    """Return the feature `room` of a Chooser."""
    room_q = excess_q = 0
    for server, capacity_q in enumerate(me.capacities_q):
        spare_q = capacity_q - max(0, me.rumours.load_q(server))
        if spare_q > 0:
            room_q += spare_q
        else:
            excess_q -= spare_q
    return TOP if excess_q == 0 else TOP * room_q // (room_q + excess_q)


def rewards(points: NDArray[np.int32], shared: float) -> Floats:
    """Return what is paid for points, shape (..., agents): in part the mean of all."""
    whole = points.astype(np.float64)
    if shared:
        whole = (1.0 - shared) * whole + shared * whole.mean(axis=-1, keepdims=True)
    return (whole / POINTS).astype(np.float32)


def names() -> list[str]:
    """Return the name of every column of an observation."""
    seen = [f"server {k}: {name}" for k in range(ALLOWED) for name in NAMES]
    return [*seen, *OWN_NAMES]
