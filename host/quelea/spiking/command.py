"""`quelea spike`: both tasks against their rivals; the board's bits, time, bytes and cadence."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.fleet.demand import load as load_series
from quelea.spiking import board, cadence, dense, tasks
from quelea.spiking.network import Integers, NetworkRow, Ran, load, run, save, shipped
from quelea.spiking.tasks import TASKS, TOP, Samples, Task

ACCURACY_MIN = 0.96  # of the digits
F1_BEHIND = 0.01  # what the spiking surge detector may lack to the dense network
BOARD_SAMPLES = 20
GOODPUT_BEHIND = 0.01  # what spikes may lack to draws in the story
FEWER_MIN = 5.0  # times fewer messages than agents that always speak
STORY_SEEDS_MAX = 1000
FOLD_SEEDS_MAX = 100
NETWORKS = Path(__file__).parent / "networks"
Say = Callable[[str], None]


@dataclass
class Report:
    """checks: as every command's; rows: the tables."""

    checks: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, Any] = field(default_factory=dict)

    def check(self, name: str, ok: bool, value: float, bound: float, unit: str) -> None:
        """Add a check."""
        self.checks.append(
            {"name": name, "ok": bool(ok), "value": value, "bound": bound, "unit": unit}
        )


@dataclass(frozen=True)
class Rivals:
    """What all three say of the test samples."""

    spiking: Ran
    dense: dense.Dense
    dense_said: Integers
    rule_cut: int


def rivals(task: Task, row: NetworkRow, train: Samples, test: Samples) -> Rivals:
    """Return the answers of the spiking network and of rivals trained on the same samples."""
    s = task.setting
    net = dense.fit(
        train.values, train.classes, s.hidden, TOP, task.dense_epochs, s.seed, s.class_weights
    )
    said: Integers = net.scores(test.values).argmax(axis=1)
    return Rivals(run(row, test.values), net, said, tasks.threshold_rule(train))


def scores(task: Task, row: NetworkRow, source: str, report: Report, say: Say) -> Rivals:
    """Compare on the test samples and report."""
    train, test = task.samples(source)
    if row.layers[0].inputs != test.values.shape[1] or row.top != TOP:
        raise UserError(
            f"a network of {row.layers[0].inputs} inputs of 0..{row.top}", "--network",
            f"{task.name} has {test.values.shape[1]} inputs of 0..{TOP}",
        )  # fmt: skip
    found = rivals(task, row, train, test)
    score, unit = (tasks.f1, "F1") if task.name == "surge" else (tasks.accuracy, "accuracy")
    ours = score(found.spiking.classes, test.classes)
    theirs = score(found.dense_said, test.classes)
    table = [
        ("spiking, 4-bit weights", ours, found.spiking.operations, "synaptic operations",
         row.bytes_of_weights(), row.bytes_of_state()),
        ("dense, int8", theirs, float(found.dense.macs()), "multiply-accumulates",
         found.dense.bytes_of_weights(), 4 * sum(layer.neurons for layer in row.layers)),
    ]  # fmt: skip
    if task.name == "surge":
        newest = (test.values[:, -1] > found.rule_cut).astype(np.int64)
        table.append((f"rule: newest above {found.rule_cut}/8 of the mean",
                      score(newest, test.classes), 1.0, "comparison", 1, 0))  # fmt: skip
    say(f"\n{task.name}: {len(test.classes)} test samples, trained on {len(train.classes)}")
    for name, value, work, what, weights, state in table:
        say(f"  {name:<38} {unit} {value:.4f}  {work:>8,.0f} {what}, "
            f"{weights:,} + {state:,} B")  # fmt: skip
    busy = [n / layer.neurons for n, layer in zip(found.spiking.spikes, row.layers)]
    say(f"  {busy[0]:.2f} spikes a hidden neuron")
    report.rows[task.name] = [
        dict(zip(("name", unit, "operations", "kind", "weight_bytes", "state_bytes"), line))
        for line in table
    ]
    bound = ACCURACY_MIN if task.name == "digits" else theirs - F1_BEHIND
    report.check(f"{task.name}: {unit} of 4-bit spikes", ours >= bound, ours, bound, unit)
    work, most = found.spiking.operations, float(row.dense_macs())
    report.check(f"{task.name}: synaptic operations", work <= most, work, most, "operations")
    return found


def boards(task: Task, row: NetworkRow, source: str, report: Report, say: Say) -> None:
    """Run the board's code on each runtime here and compare every integer."""
    values = task.samples(source)[1].values[:BOARD_SAMPLES]
    ran = []
    for target in board.targets():
        found = board.compare(target, row, values)
        ran.append(vars(found))
        say(f"  {found.name}: {found.differing} of {found.integers:,} integers differ, "
            f"{found.us / 1000:.1f} ms and {found.heap_bytes} B of heap a decision")  # fmt: skip
        report.check(
            f"{task.name}: differing integers on {found.name}", found.differing == 0,
            found.differing, 0, "integers",
        )  # fmt: skip
    report.rows[f"{task.name} on boards"] = ran


def speaking(row: NetworkRow, found: Rivals, source: str, report: Report, say: Say) -> None:
    """Compare when nodes speak, by what they expect."""
    series = load_series(source)
    if source == "homes":
        series = series[tasks.TRAIN_HOMES :]
    rules: tuple[tuple[str, Callable[[Integers], Integers]], ...] = (
        ("at every reading", lambda v: np.ones(len(v), np.int64)),
        ("every 4th reading", lambda v: np.zeros(len(v), np.int64)),
        ("threshold rule", lambda v: (v[:, -1] > found.rule_cut).astype(np.int64)),
        ("dense, int8", lambda v: found.dense.scores(v).argmax(axis=1)),
        ("spiking, reference", lambda v: run(row, v).classes),
    )
    rows = [cadence.heard(name, series, expect) for name, expect in rules]
    rows.append(cadence.by_node(row, series))
    say("\ncadence: speak at every reading if a surge is expected, else at every 4th")
    for line in rows:
        say(f"  {line.name:<32} {line.messages:>5} of {line.readings} readings spoken of, "
            f"{line.fresh:>4} of {line.surges} surges heard fresh")  # fmt: skip
    report.rows["cadence"] = [vars(line) for line in rows]
    odd = abs(rows[-1].messages - rows[-2].messages)
    report.check("cadence: the node against the reference", odd == 0, odd, 0, "messages")


def story(seeds: int, report: Report, say: Say) -> None:
    """Run the fifty agents and hold spikes to the patient rule."""
    from quelea.spiking import moves

    say(f"\nstory: 50 agents, {seeds} seeds, last 100 of 400 rounds")
    rows = moves.rows(range(1, seeds + 1), say)
    report.rows["story"] = [vars(row) for row in rows]
    for always, _, spikes in (rows[:3], rows[3:]):
        least, rho = always.goodput * (1 - GOODPUT_BEHIND), spikes.rho
        report.check(
            f"story, rho {rho}: goodput of spikes", spikes.goodput >= least, spikes.goodput, least,
            "of the optimum",
        )  # fmt: skip
        fewer = always.messages / spikes.messages
        report.check(
            f"story, rho {rho}: messages, times fewer", fewer >= FEWER_MIN, fewer, FEWER_MIN,
            "times",
        )  # fmt: skip


def held_out(seeds: int, report: Report, say: Say) -> None:
    """Test both kinds on every home in turn, so many seeds, and hold the means to each other."""
    from quelea.spiking.folds import FOLDS, folds, pooled

    say(f"\nsurge, each of the homes held out once: {FOLDS} folds, {seeds} seeds")
    found = list(folds(range(1, seeds + 1), say))
    rows = [pooled(found, seed) for seed in range(1, seeds + 1)]
    ours, theirs = (float(np.mean([row[k] for row in rows])) for k in (0, 1))
    say(f"  F1 over all homes, mean of the seeds: spiking {ours:.4f}, dense {theirs:.4f}")
    report.rows["folds"] = [{"spiking": row[0], "dense": row[1]} for row in rows]
    least = theirs - F1_BEHIND
    report.check("surge, every home: F1 of 4-bit spikes", ours >= least, ours, least, "F1")


def trained(task: Task, seed: int, into: Path, say: Say) -> NetworkRow:
    """Train, save as JSON and return the network."""
    from quelea.spiking.train import fit

    train, _ = task.samples("homes")
    command = f"quelea spike --task {task.name} --train --seed {seed}"
    row = fit(
        train.values, train.classes, replace(task.setting, seed=seed), command, say, task.vary
    )
    into.mkdir(parents=True, exist_ok=True)
    save(row, into / f"{task.name}.json")
    say(f"{task.name}: written to {into / f'{task.name}.json'}")
    return row


def _loaded(task: Task, network: Path | None) -> NetworkRow:
    if network is None:
        return shipped(task.name)
    if network.suffix == ".nir":
        from quelea.spiking.exchange import load as load_nir

        return load_nir(network, task.setting.steps, TOP)
    return load(network)


def command(
    chosen: Sequence[str] = (), train: bool = False, seed: int = 1, into: Path = NETWORKS,
    network: Path | None = None, series: str = "homes", nir: Path | None = None,
    seeds: int = 0, folds: int = 0, as_json: bool = False,
) -> int:  # fmt: skip
    """Run and print; return the exit status: 0 if every check holds."""
    for name in chosen:
        if name not in TASKS:
            raise UserError(f"no task named {name!r}", "--task", f"one of: {', '.join(TASKS)}")
    names = [name for name in TASKS if name in (chosen or TASKS)]
    if network is not None and len(names) != 1:
        raise UserError("one network, two tasks", "--network", "", "choose one by --task")
    if not 0 <= seed < 2**31:
        raise UserError(f"{seed} is out of range", "--seed", f"0 to {2**31 - 1}")
    if not 0 <= folds <= FOLD_SEEDS_MAX:
        raise UserError(f"{folds} is out of range", "--folds", f"0 to {FOLD_SEEDS_MAX}")
    if not 0 <= seeds <= STORY_SEEDS_MAX:
        raise UserError(f"{seeds} is out of range", "--story", f"0 to {STORY_SEEDS_MAX}")
    stream = sys.stderr if as_json else sys.stdout
    report = Report()

    def say(text: str) -> None:
        print(text, file=stream, flush=True)

    for name in names:
        task = TASKS[name]
        row = trained(task, seed, into, say) if train else _loaded(task, network)
        found = scores(task, row, series, report, say)
        boards(task, row, series, report, say)
        if name == "surge":
            speaking(row, found, series, report, say)
        if nir is not None:
            from quelea.spiking.exchange import save as save_nir

            nir.mkdir(parents=True, exist_ok=True)
            save_nir(row, nir / f"{name}.nir")
            say(f"{name}: written to {nir / f'{name}.nir'}")
    if folds:
        held_out(folds, report, say)
    if seeds:
        story(seeds, report, say)
    wrong = [check for check in report.checks if not check["ok"]]
    for check in wrong:
        print(f"does not hold: {check['name']}: {check['value']}, bound {check['bound']}",
              file=sys.stderr)  # fmt: skip
    if as_json:
        print(json.dumps({"verdict": not wrong, "checks": report.checks, **report.rows}))
    return EXIT_FALSE if wrong else EXIT_OK
