"""What boards did, done again by the reference: every step and every average, bit for bit.

A node's status says which rounds of its neighbours went into an average, the broker carried the
vectors themselves, and the host has the rows: so there is nothing that has to be believed.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from quelea_agent.federated import Course
from quelea_agent.softmax import BATCH
from quelea_proto.draws import Draws

from quelea import kernels
from quelea.federate.fleet import TrainFleet
from quelea.federate.fleet_data import Whole
from quelea.reference import Softmax

UNIT = 4096  # of a parameter: 1.0


@dataclass
class Replay:
    """One node's training again. differing: of the rounds, vectors that were not those spoken.

    complete: nothing that was needed had been missed. accuracy: after each round.
    """

    node: int
    rounds: int = 0
    differing: int = 0
    complete: bool = False
    accuracy: list[float] = field(default_factory=list)
    parameters: Whole = field(default_factory=lambda: np.zeros(0, np.int64))


class Audit:
    """All that was heard of one training."""

    def __init__(self, fleet: TrainFleet, course: Course) -> None:
        self.fleet = fleet
        self.ground = fleet.ground
        self.course = course
        self._said = {
            (node, number): np.frombuffer(vector, "<i2").astype(np.int32)
            for (epoch, node, _, number), vector in sorted(fleet.vectors.items())
            if epoch == course.epoch
        }

    def replay(self, node: int) -> Replay:
        """Return the training of an honest node of this number, done again."""
        ground = self.ground
        found = Replay(node)
        model = Softmax(ground.inputs, ground.classes)
        draws, rows = Draws(ground.seed, node), ground.parts[node - 1]
        at = steps = jumps = 0
        for report in self._rounds(node):
            if report["round"] != at + 1 and report["jumps"] == jumps:
                return found  # a status was lost
            shift = self.course.late_shift if at >= self.course.late_round else self.course.shift
            for _ in range(report["steps"] - steps):
                drawn = rows[[draws.below(len(rows)) for _ in range(BATCH)]]
                model.step(ground.x[drawn], ground.y[drawn], shift)
            at, steps, jumps = report["round"], report["steps"], report["jumps"]
            own = model.coarse.ravel().astype(np.int32)
            said = self._said.get((node, at - 1))
            if said is not None:
                found.rounds += 1
                found.differing += int(not np.array_equal(own, said))
            if not self._average(node, report["used"], own, model):
                return found
            found.accuracy.append(float((model.predict(ground.test_x) == ground.test_y).mean()))
            found.parameters = model.coarse.ravel()
        found.complete = at == self.course.rounds
        return found

    def _rounds(self, node: int) -> list[dict[str, Any]]:
        """Return the first status of each round, in order."""
        firsts: dict[int, dict[str, Any]] = {}
        for report in list(self.fleet.reports[node]):
            if report["epoch"] == self.course.epoch and report["round"] > 0:
                firsts.setdefault(report["round"], report)
        return [firsts[number] for number in sorted(firsts)]

    def _average(self, node: int, used: list[int], own: Any, model: Softmax) -> bool:
        """Average as the node says it did; False if a vector was not heard here."""
        heard: list[Any] = []
        for other, mark in zip(self.ground.near[node - 1], used, strict=True):
            vector = self._said.get((other + 1, mark - 1))
            if mark and vector is None:
                return False
            if mark:
                heard.append(vector)
        if heard:
            out = np.empty_like(own)
            kernels.columns(self.fleet.rule, own, np.array(heard), self.fleet.faults_max, out=out)
            model.set(out)
        return True


def disagreement(replays: list[Replay]) -> float:
    """Return the largest difference of any parameter between two nodes, in its own unit."""
    columns = np.array([one.parameters for one in replays if one.complete])
    return float(np.ptp(columns, axis=0).max() / UNIT) if len(columns) else float("nan")
