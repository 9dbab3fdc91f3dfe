"""A course: the loop run round by round, what was measured of it, and figures over windows."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quelea.story import setting
from quelea.story.loop import UNIT_Q, Loop
from quelea.story.servers import Servers
from quelea.story.setting import CAPACITIES, Instance
from quelea.topology.draws import Draws

WINDOW = 20  # rounds of the moving mean that has to stay above THRESHOLD
RECOVERY_WINDOW = 10
THRESHOLD = 0.97
NEVER = 10_000  # rounds, for a bound that is not reached
LIARS_LANE = 51
SHOCK_LANE = 52

World = Loop | Servers


class Witness(Protocol):
    """Is told what happens; a Chronicle writes it down."""

    def phase(self, phase: "Phase", world: World, best: float) -> None:
        """A phase begins."""

    def round(self, world: World, row: dict[str, Any]) -> None:
        """A round is over."""


@dataclass(frozen=True)
class Mode:
    """How agents behave. rule: a row of CHOICES. The rest as Chooser.use() has it."""

    rule: str
    throttled: bool = False
    checked: bool = False
    adaptive: bool = False

    def __str__(self) -> str:
        words = [("throttled", self.throttled), ("checked", self.checked)]
        words.append(("adaptive", self.adaptive))
        return " ".join([self.rule, *(word for word, on in words if on)])


GREEDY = Mode("greedy")
COORDINATED = Mode("patient", throttled=True, checked=True, adaptive=True)


@dataclass
class Course:
    """Columns by round. goodput, best: units; messages: an agent; loads: shape (rounds, servers),
    what is sent to a server as a share of its capacity.
    """

    goodput: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    overloaded: list[int] = field(default_factory=list)
    overasked: list[int] = field(default_factory=list)
    fairness: list[float] = field(default_factory=list)
    messages: list[float] = field(default_factory=list)
    moves: list[int] = field(default_factory=list)
    loads: list[list[float]] = field(default_factory=list)

    def take(self, loop: World, best: float) -> None:
        """Add the round that the loop has just done."""
        agents = len(loop.agents)
        self.goodput.append(loop.goodput_q / UNIT_Q)
        self.best.append(best)
        self.overloaded.append(loop.overloaded)
        self.overasked.append(loop.overasked)
        wanted_q = np.array([agent.demand_q for agent in loop.agents], float)
        self.fairness.append(jain(np.array(loop.served_q) / wanted_q))
        self.messages.append(loop.messages / agents)
        self.moves.append(loop.moves)
        shares = zip(loop.loads_q, loop.capacities_q, strict=True)
        self.loads.append([load_q / capacity_q for load_q, capacity_q in shares])

    def row(self, at: int = -1) -> dict[str, Any]:
        """Return one round by the names of the columns."""
        return {column.name: getattr(self, column.name)[at] for column in fields(self)}

    def put(self, row: dict[str, Any]) -> None:
        """Add a round as row() returned it."""
        for column in fields(self):
            getattr(self, column.name).append(row[column.name])

    @property
    def share(self) -> NDArray[np.float64]:
        """Goodput as a share of the optimum, by round."""
        return np.asarray(np.array(self.goodput) / np.array(self.best))


def jain(satisfaction: NDArray[np.float64]) -> float:
    """Return Jain's index of what share of its demand each agent was served, 1/n .. 1."""
    total = float(satisfaction.sum())
    if total == 0.0:
        return 0.0
    return total * total / (len(satisfaction) * float((satisfaction * satisfaction).sum()))


def rounds_to_stay(
    share: NDArray[np.float64], window: int = WINDOW, threshold: float = THRESHOLD
) -> int:
    """Return after how many rounds the mean of the last `window` stays at threshold; or NEVER."""
    means = np.convolve(share, np.ones(window) / window, "valid")
    below = np.flatnonzero(means < threshold)
    if not len(below):
        return window
    after = int(below[-1]) + 1
    return NEVER if after >= len(means) else after + window


def oscillation(loads: list[list[float]]) -> float:
    """Return the variance over time of a server's load (a share of its capacity), mean of all."""
    return float(np.mean(np.var(np.array(loads), axis=0)))


def shocked(loop: World, seed: int, turn: int) -> None:
    """Permute a fifth of the demands among their agents; turn: tells shocks of a run apart."""
    draws = Draws(seed, SHOCK_LANE + 2 * turn)
    chosen = [int(i) for i in draws.order(len(loop.agents))[: len(loop.agents) // 5]]
    demands_q = [loop.agents[i].demand_q for i in chosen]
    for i, demand_q in zip(chosen, demands_q[1:] + demands_q[:1], strict=True):
        loop.agents[i].demand_q = demand_q


def liars(seed: int, agents: int, count: int) -> list[int]:
    """Return the numbers of the liars of a seed."""
    return sorted(int(i) + 1 for i in Draws(seed, LIARS_LANE).order(agents)[:count])


def best_of(loop: World, instance: Instance) -> float:
    """Return the optimum in units for the demands and capacities as they are in the loop."""
    demands = [agent.demand_q // UNIT_Q for agent in loop.agents]
    capacities = [capacity_q // UNIT_Q for capacity_q in loop.capacities_q]
    return setting.optimum(demands, instance.allowed, capacities)


@dataclass(frozen=True)
class Phase:
    """A part of a run. halved: index of a server that has half its capacity in it, or -1."""

    name: str
    rounds: int
    mode: Mode
    halved: int = -1
    permuted: bool = False
    liars: int = 0
    lie: str = "random"


def run(
    instance: Instance, phases: tuple[Phase, ...], kappa_percent: int = 100, memory: bytes = b"",
    own_clocks: bool = False, witness: Witness | None = None,
) -> Iterator[tuple[Phase, Course]]:  # fmt: skip
    """Run phases one after the other; yield each with its course when it is done.

    memory: the dump of a table that every agent begins with, if its rule learns. own_clocks: as
    Loop has it.
    """
    loop = Loop(instance.setup(kappa_percent), own_clocks)
    for agent in loop.agents:
        agent.memory = memory
    for turn, phase in enumerate(phases):
        if turn == 0 or phase.mode != phases[turn - 1].mode:  # a shock is not announced
            mode = phase.mode
            loop.use(mode.rule, mode.throttled, mode.checked, mode.adaptive)
        for server, capacity in enumerate(CAPACITIES):
            wanted_q = capacity * UNIT_Q // (2 if server == phase.halved else 1)
            if loop.capacities_q[server] != wanted_q:
                loop.resize(server, wanted_q)
        if phase.permuted:
            shocked(loop, instance.seed, turn)
        loop.lie_as(phase.lie, liars(instance.seed, len(loop.agents), phase.liars))
        best = best_of(loop, instance)
        course = Course()
        if witness is not None:
            witness.phase(phase, loop, best)
        for _ in range(phase.rounds):
            loop.round()
            course.take(loop, best)
            if witness is not None:
                witness.round(loop, course.row())
        yield phase, course
