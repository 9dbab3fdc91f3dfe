"""`quelea federate --fleet`: two trainings by the same processes, all honest, then with liars."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from quelea_agent.federated import Course
from quelea_proto.rules import RULES
from rich.console import Console
from rich.table import Table

from quelea.errors import UserError
from quelea.federate import fleet_data, fleet_float, fleet_lies, fleet_verdict
from quelea.federate.fleet import TrainFleet
from quelea.federate.fleet_audit import Audit
from quelea.federate.fleet_verdict import Phase
from quelea.journal import Check, open_run
from quelea.judged import answer, ended_by_sigterm

WIDTH = 110
DEGREE = 8
NODES_MAX = 48
STEPS = 8
SHIFT, LATE_SHIFT = 4, 6  # rates of 1 and of 1/4
LATE_PART = 0.7  # of the rounds
CALM_ROUNDS = 5
TABLE_SEEDS = 5
CENTRAL = "one model on all digits"


@dataclass(frozen=True)
class Options:
    """The flags of the command, checked by check()."""

    nodes: int = 16
    liars: int = 2
    lie: str = "sign-flip"
    rounds: int = 120
    rule: str = "midpoint"
    alpha: float = 0.3
    seed: int = 1
    split: int = 0
    png: Path | None = None
    runs: Path = Path("runs")
    table: bool = False  # TABLE_SEEDS seeds, every lie

    @property
    def faults_max(self) -> int:
        """F of every node, with liars or without."""
        return max(1, self.liars)

    @property
    def lies(self) -> tuple[str, ...]:
        """What is lied, in one training after the other."""
        if not self.liars:
            return ()
        return tuple(row[0] for row in fleet_lies.LIES) if self.table else (self.lie,)

    @property
    def degree(self) -> int:
        """Neighbours of a node."""
        return min(DEGREE, self.nodes - 1)

    def check(self) -> None:
        """UserError for a flag out of range."""
        lies = [row[0] for row in fleet_lies.LIES]
        rules = [row[0] for row in RULES]
        for flag, value, allowed in (("--lie", self.lie, lies), ("--rule", self.rule, rules)):
            if value not in allowed:
                raise UserError(f"no {flag[2:]} {value!r}", flag, f"one of: {', '.join(allowed)}")
        for flag, number, low, high in (
            ("--nodes", self.nodes, 4, NODES_MAX),
            ("--rounds", self.rounds, CALM_ROUNDS + 1, 1000),
            ("--liars", self.liars, 0, (self.degree - 1) // 2),
            ("--seed", self.seed, 0, (1 << 30) - 2),
        ):
            if not low <= number <= high:
                raise UserError(f"{number} is out of range", flag, f"{low} to {high}")

    def course(self, epoch: int) -> Course:
        """Return what the nodes are told; epoch: 1, 2 ..."""
        return Course(
            epoch, self.rounds, CALM_ROUNDS, STEPS, SHIFT, int(self.rounds * LATE_PART), LATE_SHIFT
        )


def given(**flags: int | str | None) -> dict[str, Any]:
    """Return the flags that were given; the others have the defaults of Options."""
    return {name: value for name, value in flags.items() if value is not None}


def refuse(data: str, **flags: object) -> None:
    """UserError for a flag that is of training on the host alone."""
    for name, value in {"data": data != "digits", **flags}.items():
        if value:
            raise UserError("this is of training on the host", f"--{name}", "", "leave it out")


def command(options: Options, as_json: bool = False) -> int:
    """Run, print and draw; return the exit status: 0 if every bound holds, else 1."""
    options.check()
    console = Console(stderr=True, highlight=False, width=WIDTH)
    with ended_by_sigterm():
        if options.table:
            checks, document = table(options, console)
        else:
            checks, document = tell(options, console)
    return answer(checks, document, as_json)


def tell(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    """Train, print, draw; return the checks and the rest of the JSON object."""
    from quelea.federate import fleet_picture

    begun_s = time.monotonic()
    ground = fleet_data.lay(
        options.nodes, options.degree, options.alpha, options.seed, options.split
    )
    folder = open_run("federate", options.runs)
    sizes = [len(rows) for rows in ground.parts]
    console.print(
        f"{options.nodes} MicroPython processes, {options.degree} neighbours each, "
        f"{min(sizes)} to {max(sizes)} digits each; {options.rule}, F = {options.faults_max}"
    )
    floats = {
        CENTRAL: fleet_float.central(ground, options.course(1)),
        "together, plain mean, nobody lies": fleet_float.together(ground, options.course(1)),
    }
    with TrainFleet(ground, folder.path, options.rule, options.faults_max) as fleet:
        phases = [_phase(fleet, options, 1, "all honest", {}, console)]
        lying = {node + 1: "" for node in ground.liars(options.liars)}
        for epoch, lie in enumerate(options.lies, 2):
            name = f"{options.liars} lying: {lie}"
            phases.append(_phase(fleet, options, epoch, name, dict.fromkeys(lying, lie), console))
        fleet.stop()
        figures = fleet_verdict.figures_of(fleet)
    checks = fleet_verdict.checks_of(phases, floats[CENTRAL], figures)
    path = options.png or folder.path / "federate.png"
    fleet_picture.draw(phases, floats, path)
    fleet_verdict.tell(phases, floats, figures, checks, console)
    console.print(f"picture: {path}; {time.monotonic() - begun_s:.1f} s")
    document = {
        "picture": str(path), "floats": floats, "figures": figures,
        "phases": [phase.as_json() for phase in phases],
    }  # fmt: skip
    return checks, document


def table(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    """Do it for TABLE_SEEDS seeds and print means over them."""
    checks: list[Check] = []
    found: dict[str, list[dict[str, Any]]] = {}
    floats: list[dict[str, float]] = []
    for seed in range(options.seed, options.seed + TABLE_SEEDS):
        some, document = tell(replace(options, seed=seed), console)
        checks += [check._replace(name=f"seed {seed}, {check.name}") for check in some]
        floats.append(document["floats"])
        for phase in document["phases"]:
            found.setdefault(phase["phase"], []).append(phase)
    rows = Table(title=f"{TABLE_SEEDS} seeds", title_justify="left", box=None)
    for heading in ("", "mean", "deviation of seeds", "worst node of all"):
        rows.add_column(heading, justify="right" if heading else "left")
    for name in floats[0]:
        values = [one[name] for one in floats]
        rows.add_row(f"float: {name}", f"{np.mean(values):.4f}", f"{np.std(values):.4f}", "")
    for name, phases in found.items():
        values = [phase["accuracy_mean"] for phase in phases]
        worst = min(phase["accuracy_worst"] for phase in phases)
        rows.add_row(
            f"boards: {name}", f"{np.mean(values):.4f}", f"{np.std(values):.4f}", f"{worst:.4f}"
        )
    console.print(rows)
    return checks, {"floats": floats, "phases": found}


def _phase(
    fleet: TrainFleet, options: Options, epoch: int, name: str, lying: dict[int, str],
    console: Console,
) -> Phase:  # fmt: skip
    course = options.course(epoch)
    begun_s = time.monotonic()
    fleet.train(
        course, lying,
        lambda number: console.print(f"{name}: round {number} of {course.rounds}"),
    )  # fmt: skip
    seconds = time.monotonic() - begun_s
    honest = [number for number in fleet.numbers if number not in lying]
    audit = Audit(fleet, course)
    sent = [fleet.bytes_sent.get((epoch, number), 0) for number in honest]
    return Phase(
        name, tuple(lying), [audit.replay(number) for number in honest],
        [int(fleet.report(number)["right"]) for number in honest], len(fleet.ground.test_y),
        float(np.mean(sent)) / course.rounds, seconds,
    )  # fmt: skip
