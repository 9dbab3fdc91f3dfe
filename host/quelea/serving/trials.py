"""The table: every placer on every instance, ours round by round; and the bounds it is held to."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from quelea.journal import Check
from quelea.serving import optimum, setting
from quelea.serving.baselines import BASELINES
from quelea.serving.loop import LOSS_OF_32768, Loop
from quelea.serving.setting import Instance
from quelea.topology.draws import Draws

OURS = "ours"
ROUTED = "ours, as leased"
ROUNDS = 12
ROUNDS_MAX = 10  # in which it must have settled
MEAN_MIN, WORST_MIN = 0.95, 0.92
_LANE = 77


@dataclass
class Outcome:
    """One instance. shares: of the optimum, by placer. course: of ours by round: placed, leased,
    models moved, messages a node. settled: rounds until the last model moved.
    """

    name: str
    seed: int
    served: float  # of all demand, by the optimum
    gap: float
    shares: dict[str, float] = field(default_factory=dict)
    course: list[tuple[float, float, int, float]] = field(default_factory=list)
    settled: int = 0
    trials: int = 0  # sets that a node tried, in the mean
    lost: int = 0  # rows

    @property
    def converged(self) -> float:
        """The worst share of the placement after ROUNDS_MAX rounds."""
        return min(row[0] for row in self.course[ROUNDS_MAX - 1 :])


def measure(
    instance: Instance, cache: optimum.Cache, limit_s: float, loss_of_32768: int = LOSS_OF_32768
) -> Outcome:
    """Run all placers on one instance."""
    best = cache.best(instance, limit_s)
    found = Outcome(instance.name, instance.seed, best.value / instance.demand_ms, best.gap)
    for label, place, _ in BASELINES:
        held = place(instance, Draws(instance.seed, _LANE))
        found.shares[label] = optimum.routed(instance, held) / best.value
    loop = Loop(instance, loss_of_32768)
    for turn in range(1, ROUNDS + 1):
        loop.round()
        placed = optimum.routed(instance, loop.held()) / best.value
        leased = loop.worth_percent_ms() / 100 / best.value
        found.course.append((placed, leased, loop.moves, loop.messages / instance.nodes))
        found.lost += loop.lost
        if loop.moves:
            found.settled = turn
    found.shares[OURS] = found.converged
    found.shares[ROUTED] = float(np.mean([row[1] for row in found.course[ROUNDS_MAX - 1 :]]))
    found.trials = sum(node.ball.trials for node in loop.nodes) // instance.nodes
    return found


def run(
    names: tuple[str, ...], seeds: range, nodes: int, limit_s: float, cache: Path,
    requests: Path | None = None,
) -> "list[Outcome]":  # fmt: skip
    """Measure every instance; optima come from the cache or are solved."""
    optima = optimum.Cache(cache)
    return [
        measure(setting.draw(name, seed, nodes, requests), optima, limit_s)
        for name in names
        for seed in seeds
    ]


def checks(outcomes: list[Outcome]) -> list[Check]:
    """Return the bounds, for each instance's name that was measured."""
    found: list[Check] = []
    for name in setting.NAMES:
        rows = [one for one in outcomes if one.name == name]
        if not rows:
            continue
        ours = [one.shares[OURS] for one in rows]
        article = float(np.mean([one.shares["article"] for one in rows]))
        mean, worst = float(np.mean(ours)), min(ours)
        settled = float(np.median([one.settled for one in rows]))
        found += [
            Check(f"{name}: placement, mean", mean >= MEAN_MIN, mean, MEAN_MIN, "of optimum"),
            Check(f"{name}: placement, worst", worst >= WORST_MIN, worst, WORST_MIN, "of optimum"),
            Check(f"{name}: gain on the article", mean > article, mean, article, "of optimum"),
            Check(
                f"{name}: rounds until the last move, median", settled <= ROUNDS_MAX, settled,
                ROUNDS_MAX, "rounds",
            ),
        ]  # fmt: skip
    return found
