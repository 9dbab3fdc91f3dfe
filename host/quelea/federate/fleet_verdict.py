"""What a training by boards came to: its figures, the bounds they are held to, and in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from quelea.federate.fleet import TrainFleet
from quelea.federate.fleet_audit import Replay, disagreement
from quelea.journal import Check
from quelea.judged import print_checks

POINTS_MAX = 2.0  # below a float that has all digits
LIED_POINTS_MAX = 4.0  # the liars' digits are lost as well
DISAGREEMENT_MAX = 0.1
AUDITED_MIN = 0.9
HEAP_MAX = 0.9


@dataclass
class Phase:
    """One training. right: of the test, as each honest node counted."""

    name: str
    liars: tuple[int, ...]
    replays: list[Replay]
    right: list[int]
    rows: int
    bytes_a_round: float
    seconds: float

    @property
    def accuracy(self) -> list[float]:
        """Of each honest node, by its own count."""
        return [right / self.rows for right in self.right]

    @property
    def recounted(self) -> list[int]:
        """The same by the reference's parameters, -1 where these are not known."""
        return [
            round(one.accuracy[-1] * self.rows) if one.complete else -1 for one in self.replays
        ]

    def curve(self) -> Any:
        """Return (rounds, nodes) of accuracy, of the nodes that could be followed."""
        return np.array([one.accuracy for one in self.replays if one.complete]).T

    def as_json(self) -> dict[str, Any]:
        """Return what the JSON object has of it."""
        return {
            "phase": self.name, "liars": self.liars, "accuracy_mean": np.mean(self.accuracy),
            "accuracy_worst": min(self.accuracy), "accuracy": self.accuracy,
            "disagreement": disagreement(self.replays), "seconds": self.seconds,
            "bytes_a_node_and_round": self.bytes_a_round,
            "rounds_recomputed": sum(one.rounds for one in self.replays),
            "curve": [] if not len(self.curve()) else self.curve().mean(axis=1).tolist(),
        }  # fmt: skip


def figures_of(fleet: TrainFleet) -> dict[str, float]:
    """Return sums and extremes over the newest reports."""
    reports = [fleet.report(number) for number in fleet.numbers]
    found: dict[str, float] = {
        name: sum(int(one[name]) for one in reports)
        for name in ("accepted", "refused", "strange", "old", "partial", "held", "jumps")
    }
    for place, name in enumerate(("heap_bytes", "heap_live_bytes", "heap_high_bytes")):
        found[name] = max(int(one["heap"][place]) for one in reports)
    found["spoilt"] = fleet.spoilt
    return found


def checks_of(phases: list[Phase], best: float, figures: dict[str, float]) -> list[Check]:
    """Return every bound; best: accuracy of one float model that has all digits."""
    checks = []
    for phase in phases:
        points_max = LIED_POINTS_MAX if phase.liars else POINTS_MAX
        for what, value in (("mean", np.mean(phase.accuracy)), ("worst", min(phase.accuracy))):
            gap = 100 * (best - float(value))
            name = f"{phase.name}: {what} accuracy below one float model"
            checks.append(Check(name, gap <= points_max, gap, points_max, "points"))
        apart = disagreement(phase.replays)
        checks.append(
            Check(f"{phase.name}: parameters of two nodes differ by", apart <= DISAGREEMENT_MAX,
                  apart, DISAGREEMENT_MAX, "at most")
        )  # fmt: skip
        differing = sum(one.differing for one in phase.replays)
        checks.append(
            Check(f"{phase.name}: rounds that the reference does otherwise", differing == 0,
                  differing, 0, "rounds")
        )  # fmt: skip
        audited = float(np.mean([one.complete for one in phase.replays]))
        checks.append(
            Check(f"{phase.name}: nodes followed to the end", audited >= AUDITED_MIN, audited,
                  AUDITED_MIN, "of the honest")
        )  # fmt: skip
        wrong = sum(
            again not in (-1, right)
            for right, again in zip(phase.right, phase.recounted, strict=True)
        )
        checks.append(
            Check(f"{phase.name}: nodes that count otherwise", wrong == 0, wrong, 0, "nodes")
        )
    spoilt, refused = figures["spoilt"], figures["refused"]
    checks.append(
        Check("damaged parcels refused", refused >= spoilt > 0, refused, spoilt, "at least")
    )
    live = figures["heap_live_bytes"] / figures["heap_bytes"]
    checks.append(
        Check("heap in use after a collection", live <= HEAP_MAX, live, HEAP_MAX, "of it")
    )
    return checks


def tell(
    phases: list[Phase], floats: dict[str, float], figures: dict[str, float],
    checks: list[Check], console: Console,
) -> None:  # fmt: skip
    """Print all of it."""
    table = Table(box=None)
    for heading in ("", "mean", "worst", "disagreement", "bytes a round", "recomputed", "took"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, value in floats.items():
        table.add_row(f"float: {name}", f"{value:.4f}", "", "", "", "", "")
    for phase in phases:
        rounds = sum(one.rounds for one in phase.replays)
        table.add_row(
            f"boards: {phase.name}", f"{np.mean(phase.accuracy):.4f}",
            f"{min(phase.accuracy):.4f}", f"{disagreement(phase.replays):.3f}",
            f"{phase.bytes_a_round:.0f}", f"{rounds} rounds", f"{phase.seconds:.1f} s",
        )  # fmt: skip
    console.print(table)
    said = {name: f"{value:.0f}" for name, value in figures.items()}
    console.print(
        f"{said['accepted']} parcels accepted, {said['refused']} refused ({said['spoilt']} were "
        f"damaged on purpose), {said['partial']} not waited for; heap of {said['heap_bytes']} "
        f"bytes: {said['heap_live_bytes']} in use, {said['heap_high_bytes']} with garbage"
    )
    print_checks(console, checks)
