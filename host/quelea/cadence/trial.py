"""One seed: a quiet fleet, then a step of the demand: what is said, how far off it is, how soon.

start .. WARM      everybody is new
WARM .. step       quiet: readings tremble within half of the dead band
step               a quarter of the honest nodes: another demand
step .. step+WATCH until all honest nodes agree again
"""

import random
from dataclasses import dataclass
from typing import Any

from quelea_agent.agent import Agent
from quelea_agent.settings import load

from quelea.cadence.article import ArticleAgent
from quelea.fleet.plan import place_liars
from quelea.simulator.faults import Faults
from quelea.simulator.options import SPREAD_RESILIENT_Q, agreement_q
from quelea.simulator.rest import rest_q
from quelea.simulator.world import SECOND_US, World
from quelea.topology import Topology, parse

PERIOD_MS = 1000
HI_Q = 20_000  # W: of homes
BAND_Q = 100  # half a percent of the range
QUIET_ROUNDS = 16
EPOCH_ROUNDS = 40
FRESH_ROUNDS = 4
NODES, FAULTS_MAX = 16, 2
WARM_ROUNDS, WATCH_ROUNDS = 90, 260
TREMBLE_ROUNDS = 5
SHORT_ROUNDS = 160  # of quiet where nothing is gained by more
NEAR_Q = 2 * BAND_Q + SPREAD_RESILIENT_Q  # agreement after a step
LOOKS_PER_ROUND = 4


@dataclass(frozen=True)
class Policy:
    """quiet_rounds_max 0: always on. article: the naive rule instead of ours."""

    name: str
    quiet_rounds_max: int = 0
    article: bool = False


ALWAYS = Policy("always on")
ARTICLE = Policy("as in the article, 1 to 10 s", article=True)


@dataclass(frozen=True)
class Scene:
    """What befalls the fleet. still: readings do not even tremble. attack: of FAULTS_MAX liars,
    which speak in every round."""

    name: str
    mode: str = "resilient"
    loss: float = 0.0
    still: bool = False
    attack: str = ""


@dataclass(frozen=True)
class Figures:
    """messages: of an honest node, a round, while quiet. error_q: the worst then, bound_q: what it
    may be. reaction_rounds: from the step until all honest are within NEAR_Q, None: never."""

    messages: float
    error_q: int
    bound_q: int
    reaction_rounds: float | None


def bound_q(scene: Scene, topology: Topology, liars: int) -> int:
    """Return how far apart honest values may be, and off by the trembling of the readings."""
    exact = scene.mode == "exact"
    stall = agreement_q(True, topology.degree_max) if exact else SPREAD_RESILIENT_Q
    return BAND_Q + stall + rest_q(topology, exact, faults_max(scene), liars, BAND_Q)


def faults_max(scene: Scene) -> int:
    """Return F of every node."""
    return 0 if scene.mode == "exact" else FAULTS_MAX


def build(scene: Scene, policy: Policy, seed: int) -> tuple[World, Topology, tuple[int, ...]]:
    """Return the fleet before its first event, its graph and its liars."""
    topology = parse("growth:7" if scene.mode == "resilient" else "growth:4", NODES, seed)
    count = FAULTS_MAX if scene.attack else 0
    liars = place_liars(topology, count, seed, FAULTS_MAX)
    settings = [_settings(scene, policy, topology, n, liars) for n in topology.nodes]
    world = World(
        settings,
        Faults(loss=scene.loss, delay_ms=20.0),
        seed,
        dict.fromkeys(liars, scene.attack),
        agent_class=ArticleAgent if policy.article else Agent,
    )
    return world, topology, liars


def _settings(
    scene: Scene, policy: Policy, topology: Topology, number: int, liars: tuple[int, ...]
) -> Any:
    near = topology.neighbours(number)
    cfg = {
        "fleet": "cadence",
        "id": topology.id_of(number),
        "node": number,
        "neighbours": [[n, topology.id_of(n), topology.slot(n, number)] for n in near],
        "mode": scene.mode,
        "rule": "wmsr",
        "faults_max": faults_max(scene),
        "period_ms": PERIOD_MS,
        "epoch_rounds": EPOCH_ROUNDS if scene.mode == "resilient" else 0,
        "fresh_rounds": FRESH_ROUNDS + (9 if policy.article else 0),
        "hi_q": HI_Q,
        "quiet_rounds_max": 0 if number in liars else policy.quiet_rounds_max,
        "dead_band_q": BAND_Q,
    }
    found, problem = load(cfg)
    assert problem is None, problem
    return found


class Fleet:
    """A world with readings that tremble, and what is seen of its honest nodes."""

    def __init__(self, scene: Scene, policy: Policy, seed: int) -> None:
        self.scene = scene
        self.world, self.topology, self.liars = build(scene, policy, seed)
        self.rng = random.Random(f"cadence {seed}")
        self.honest = [n for n in self.topology.nodes if n not in self.liars]
        self.base_q = {n: self.rng.randint(500, 8000) for n in self.topology.nodes}
        self.bound_q = bound_q(scene, self.topology, len(self.liars))
        self.round = 0

    def tremble(self, rounds: int) -> None:
        """Let time go by; readings change by at most a quarter of the band each way."""
        for _ in range(rounds):
            if self.round % TREMBLE_ROUNDS == 0:
                for number in self.topology.nodes:
                    off_q = self.rng.randint(-(BAND_Q // 4), BAND_Q // 4)
                    off_q *= not self.scene.still
                    self._sense(number, self.base_q[number] + off_q)
            self.round += 1
            self.world.run(self.round * PERIOD_MS * 1000)

    def _sense(self, number: int, demand_q: int) -> None:
        node = self.world.nodes[number]
        node.demand_q = demand_q
        node.agent.sense(0, demand_q)

    def step(self) -> list[int]:
        """Give a quarter of the honest nodes another demand; return them."""
        chosen = self.rng.sample(self.honest, len(self.honest) // 4)
        for number in chosen:
            self.base_q[number] += 6000
            self._sense(number, self.base_q[number])
        return chosen

    def agents(self) -> list[Any]:
        """Return the honest nodes' agents."""
        return [self.world.nodes[n].agent for n in self.honest]

    def error_q(self, settled: bool) -> int:
        """Return how far apart honest values are, or from the mean (exact) or hull of demands."""
        values = [one.settled_q if settled else one.value_q for one in self.agents()]
        demands = [one.demand.demand_q for one in self.agents()]
        if self.scene.mode == "exact":
            mean = sum(demands) / len(demands)
            return int(max(abs(value - mean) for value in values)) + 1
        out = max(max(values) - max(demands), min(demands) - min(values), 0)
        return int(max(values) - min(values) + out)

    def is_over(self, stepped: list[int]) -> bool:
        """Return whether all honest nodes are within NEAR_Q, the step counted in."""
        agents = self.agents()
        if self.scene.mode == "resilient":
            nodes = self.world.nodes
            if len({one.epoch for one in agents}) > 1:
                return False
            if any(abs(nodes[n].agent.input_q - self.base_q[n]) > BAND_Q for n in stepped):
                return False
        return self.error_q(False) <= NEAR_Q

    def said(self) -> int:
        """Return the frames that honest nodes have spoken so far."""
        return int(sum(one.seq for one in self.agents()))


def run(scene: Scene, policy: Policy, seed: int) -> Figures:
    """Return the figures of one seed."""
    fleet = Fleet(scene, policy, seed)
    fleet.tremble(WARM_ROUNDS)
    before, worst_q = fleet.said(), 0
    quiet = EPOCH_ROUNDS * QUIET_ROUNDS if policy.quiet_rounds_max else SHORT_ROUNDS
    quiet += random.Random(f"phase {seed}").randrange(EPOCH_ROUNDS)  # anywhere in an epoch
    for _ in range(quiet // TREMBLE_ROUNDS):
        fleet.tremble(TREMBLE_ROUNDS)
        worst_q = max(worst_q, fleet.error_q(True))
    rounds = quiet // TREMBLE_ROUNDS * TREMBLE_ROUNDS
    messages = (fleet.said() - before) / rounds / len(fleet.honest)
    stepped = fleet.step()
    begun_us = fleet.world.t_us
    reaction = None
    for look in range(1, WATCH_ROUNDS * LOOKS_PER_ROUND):
        fleet.world.run(begun_us + look * SECOND_US * PERIOD_MS // 1000 // LOOKS_PER_ROUND)
        if fleet.is_over(stepped):
            reaction = look / LOOKS_PER_ROUND
            break
    fleet.world.journal.close()
    return Figures(messages, worst_q, fleet.bound_q, reaction)
