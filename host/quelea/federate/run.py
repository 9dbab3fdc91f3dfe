"""One course: nodes train on their own rows and average with their neighbours; some lie.

    outcome = run(Setting(rule="mixed-trim", attack="alie", liars=10), data, model)

In a round each node takes a step, rounds its parameters to the numbers that are sent, and says
them; the rule makes one vector of its own and those it heard. What rounding took stays with the
node (`half - said`), so that steps below one unit are not lost. A node is never told who lies.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.federate import attacks, fixed, mesh, rules
from quelea.federate.data import Data, partition
from quelea.federate.fixed import Format, Ints
from quelea.federate.gossip import Round
from quelea.federate.mesh import Index, Mesh
from quelea.federate.models import Floats, Model, accuracy
from quelea.federate.training import Recipe, Trainer
from quelea.federate.view import View
from quelea.topology.draws import Draws

AUTO = -1  # as faults_max: the most liars that any honest node has among its neighbours
LANE_LIARS = 5
CURVE_ROWS = 1000
CURVE_NODES = 5
Combine = Callable[[Round], Ints]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Setting:
    """Who learns, from whom, and who lies. seed: of the division, the start, batches and liars.

    liars: how many nodes say what `attack` says; their rows are lost. faults_max: F of the rule.
    strength: the attack's figure, None for its own. every: rounds between points of the curve,
    0 for none.
    """

    nodes: int = 50
    topology: str = "regular:4"
    alpha: float = 0.3
    rule: str = "mean"
    attack: str = ""
    liars: int = 0
    faults_max: int = AUTO
    numbers: str = "int16"
    strength: float | None = None
    seed: int = 1
    every: int = 0
    recipe: Recipe = field(default_factory=Recipe)

    def check(self) -> None:
        """UserError for what cannot be."""
        for flag, value, low, high in (
            ("--nodes", self.nodes, 2, 1000),
            ("--liars", self.liars, 0, (self.nodes - 1) // 2),
            ("--rounds", self.recipe.rounds, 1, 100_000),
            ("--seed", self.seed, 0, 1 << 31),
            ("--faults-max", self.faults_max, AUTO, 63),
        ):
            if not low <= value <= high:
                raise UserError(f"{value} is out of range", flag, f"{low} to {high}")
        if bool(self.attack) != bool(self.liars):
            raise UserError(
                "an attack needs liars, and liars an attack", "--attack", "",
                f"--liars 5 --attack {attacks.names()[0]}",
            )  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What came of it, over the nodes that do not lie.

    mean, worst: accuracy. spread: root mean square distance of a node from their mean, over the
    length of that mean. sent: bytes a node says in a round; heard: bytes that the node with most
    neighbours hears. curve: (round, mean accuracy) on some rows and nodes.
    """

    mean: float
    worst: float
    spread: float
    sent: int
    heard: int
    faults_max: int
    degree: int
    wall_s: float
    curve: tuple[tuple[int, float], ...] = ()

    def row(self) -> dict[str, Any]:
        """Return it as an object for JSON."""
        return asdict(self)


def liars_of(nodes: int, liars: int, seed: int) -> Index:
    """Return the ascending numbers of those who lie; of one seed, more liars hold the fewer."""
    return np.sort(Draws(seed, LANE_LIARS).order(nodes)[:liars])


class Course:
    """A run that can be taken round by round."""

    def __init__(
        self, setting: Setting, data: Data, model: Model, combine: Combine | None = None
    ) -> None:
        setting.check()
        self.setting, self.data, self.model = setting, data, model
        self.graph: Mesh = mesh.build(setting.topology, setting.nodes, setting.seed)
        self.form: Format = fixed.find(setting.numbers)
        self.combine = combine or rules.load(setting.rule).combine
        self.attack: ModuleType | None = attacks.load(setting.attack) if setting.attack else None
        self.lying = liars_of(setting.nodes, setting.liars, setting.seed)
        self.honest = np.setdiff1d(np.arange(setting.nodes), self.lying)
        self.faults_max = setting.faults_max
        if self.faults_max == AUTO:
            self.faults_max = self.graph.worst(self.lying)
        self._flips = bool(getattr(self.attack, "LABELS", False))
        self._trains = np.arange(setting.nodes) if self._flips else self.honest
        parts = partition(data.train_y, setting.nodes, setting.alpha, setting.seed)
        self._trainer = Trainer(
            data, parts, model, setting.recipe, setting.seed, self._trains,
            self.lying if self._flips else self.lying[:0],
        )  # fmt: skip
        self._random = np.random.Generator(np.random.PCG64([setting.seed, 8]))
        self._memory: dict[str, object] = {}
        self.at: Floats = np.repeat(model.start(setting.seed)[None], setting.nodes, axis=0)
        self.number = 0

    @property
    def models(self) -> Floats:
        """The honest nodes' parameters, (honest, size)."""
        return np.asarray(self.at[self.honest])

    def step(self) -> None:
        """One round: train, say, combine."""
        before = self.models.mean(axis=0)
        half = self._trainer.step(self.at[self._trains], self.number)
        said = np.zeros(self.at.shape, self.form.kind)
        said[self._trains] = self.form.encode(half)
        if self.attack is not None and not self._flips:
            said[self.lying] = self._lies(self.attack, said, before)
        heard = Round(said, self.graph, self._trains, self.faults_max, self._memory)
        moved = self.form.decode(self.combine(heard)) - self.form.decode(said[self._trains])
        self.at[self._trains] = half + moved
        self.number += 1

    def _lies(self, attack: ModuleType, said: Ints, before: Floats) -> Ints:
        setting = self.setting
        honest = self.form.decode(said[self.honest])
        view = View(honest, before, setting.liars, self._random, setting.strength)
        with np.errstate(over="ignore", invalid="ignore"):  # lies may be anything
            claim = np.broadcast_to(attack.claim(view), (setting.liars, self.model.size))
            return self.form.encode(claim)

    def accuracies(self) -> NDArray[np.float64]:
        """Return each honest node's accuracy on the rows kept for judging."""
        return accuracy(self.model, self.models, self.data.test_x, self.data.test_y)

    def glance(self) -> float:
        """Return the mean accuracy of some nodes on some rows: quick, for a curve."""
        rows = slice(CURVE_ROWS)
        some = self.models[:CURVE_NODES]
        x, y = self.data.test_x[rows], self.data.test_y[rows]
        return float(accuracy(self.model, some, x, y).mean())


def run(
    setting: Setting, data: Data, model: Model, combine: Combine | None = None,
    progress: Progress | None = None,
) -> Outcome:  # fmt: skip
    """Run all rounds; progress(done, rounds) after each. combine: instead of the rule's."""
    begun_s = time.monotonic()
    course = Course(setting, data, model, combine)
    rounds, curve = setting.recipe.rounds, []
    while course.number < rounds:
        course.step()
        if setting.every and course.number % setting.every == 0:
            curve.append((course.number, course.glance()))
        if progress:
            progress(course.number, rounds)
    found = course.accuracies()
    models = course.models
    centre = models.mean(axis=0)
    away = np.sqrt(np.square(models - centre).sum(axis=1).mean())
    sent = model.size * np.dtype(course.form.kind).itemsize
    return Outcome(
        mean=float(found.mean()), worst=float(found.min()),
        spread=float(away / max(float(np.sqrt(np.square(centre).sum())), 1e-12)),
        sent=sent, heard=sent * course.graph.degree, faults_max=course.faults_max,
        degree=course.graph.degree, wall_s=time.monotonic() - begun_s, curve=tuple(curve),
    )  # fmt: skip
