"""All runs of the table: done once, kept in a file of lines, gone on with when interrupted."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from quelea.errors import UserError
from quelea.federate import fixed, models, peers
from quelea.federate.cases import CASES, FIRST_SEED, NOBODY, Case, Job, jobs
from quelea.federate.data import Data, load
from quelea.federate.run import run
from quelea.federate.training import central
from quelea.journal import Check

Row = dict[str, Any]
Say = Callable[[str], None]
CENTRAL = "central"
PEER = "byzfl "
BEHIND_MAX = 0.01  # of the best of byzfl's, on the same runs
FALLEN_MAX = 0.6  # what the plain mean reaches at most under the control's lies
BATCH_CENTRAL = 256


def key(row: Row) -> Job:
    """Return the job that a row is of."""
    return Job(row["case"], row["rule"], row["attack"], int(row["seed"]))


def read(path: Path) -> dict[Job, Row]:
    """Return the rows of a file by job; a last line that was cut is left out."""
    rows: dict[Job, Row] = {}
    if not path.exists():
        return rows
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            rows[key(row)] = row
        except (ValueError, KeyError, TypeError):
            if not line.endswith("}"):
                continue
            raise UserError(
                "is no result", f"{path}:{number}", "", "remove the line, or the file"
            ) from None
    return rows


class Shelf:
    """The data of each case and split, loaded once."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._held: dict[tuple[str, int], Data] = {}

    def take(self, case: Case, seed: int) -> Data:
        """Return a case's data, divided for judging by the run's seed."""
        own = case.data == "mnist"
        name = (case.data, 0 if own else seed)
        if name not in self._held:
            self._held[name] = load(case.data, self._path if own else None, name[1])
        return self._held[name]


def all_jobs(case: Case) -> list[Job]:
    """Return a case's runs, with central training; byzfl's only where it is installed."""
    seeds = range(FIRST_SEED, FIRST_SEED + case.seeds)
    found = [Job(case.name, CENTRAL, NOBODY, seed) for seed in seeds] + jobs(case)
    return [job for job in found if not job.rule.startswith(PEER) or peers.modules()]


def one(case: Case, job: Job, data: Data) -> Row:
    """Do a run and return its row."""
    model = case.model(data)
    setting = case.made(job.attack, job.seed)
    row: Row = asdict(job)
    if job.rule == CENTRAL:
        at = central(data, model, setting.recipe, job.seed, BATCH_CENTRAL)
        found = models.accuracy(model, at, data.test_x, data.test_y)
        return {**row, "mean": float(found[0]), "worst": float(found[0])}
    combine, peer = None, job.rule.removeprefix(PEER)
    if peer != job.rule:
        combine = peers.combiner(peer, fixed.find(setting.numbers))
    else:
        from dataclasses import replace

        setting = replace(setting, rule=job.rule)
    outcome = run(setting, data, model, combine).row()
    del outcome["curve"]
    return {**row, **outcome}


def fill(cases: Iterable[Case], path: Path, mnist: Path | None, say: Say) -> list[Row]:
    """Do the runs that the file has no row for, writing each when it is done; return all rows."""
    shelf = Shelf(mnist)
    todo = [(case, job) for case in cases for job in all_jobs(case)]
    path.parent.mkdir(parents=True, exist_ok=True)
    known = read(path)
    missing = sum(job not in known for _, job in todo)
    if missing:
        say(f"{missing} of {len(todo)} runs to do; results go to {path}")
    for number, (case, job) in enumerate(todo, 1):
        if job in known:
            continue
        row = one(case, job, shelf.take(case, job.seed))
        known[job] = row
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        say(
            f"{number}/{len(todo)} {job.case} {job.rule} {job.attack} seed {job.seed}: "
            f"{row['mean']:.4f}, worst node {row['worst']:.4f} ({row.get('wall_s', 0):.0f} s)"
        )
    return [known[job] for _, job in todo]


def summaries(rows: Iterable[Row]) -> list[Row]:
    """Return one summary a case, rule and attack."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["case"], row["rule"], row["attack"]), []).append(row)
    found = []
    for (case, rule, attack), group in groups.items():
        means = np.array([row["mean"] for row in group])
        summary = {
            "case": case, "rule": rule, "attack": attack, "seeds": len(group),
            "mean": float(means.mean()), "deviation": float(means.std()),
            "least": float(means.min()),
            "worst": float(np.mean([row["worst"] for row in group])),
        }  # fmt: skip
        if rule != CENTRAL:
            summary |= {
                "spread": float(np.mean([row["spread"] for row in group])),
                "sent": group[0]["sent"], "heard": group[0]["heard"],
                "faults_max": max(row["faults_max"] for row in group),
                "degree": group[0]["degree"],
            }  # fmt: skip
        found.append(summary)
    return found


def checks(cases: Sequence[Case], rows: list[Row]) -> list[Check]:
    """Hold our rule to its targets, to byzfl's, and the mean to its fall."""
    table = {(row["case"], row["rule"], row["attack"]): row for row in summaries(rows)}
    found = []
    for case in cases:
        ours = {a: table[case.name, case.rules[0], a] for a in case.attacks
                if (case.name, case.rules[0], a) in table}  # fmt: skip
        if not ours:
            continue
        at = min(ours, key=lambda attack: ours[attack]["mean"])
        found.append(_least(f"{case.title}: least of {len(ours)} ({at})", ours[at]["mean"],
                            case.target))  # fmt: skip
        if case.target_worst:
            worst = min(one["worst"] for one in ours.values())
            found.append(_least(f"{case.title}: worst node", worst, case.target_worst))
        fallen = table.get((case.name, "mean", "backwards"))
        if fallen and case.rules[0] != "mean":
            found.append(Check(f"{case.title}: the control, plain mean under backwards",
                               fallen["mean"] <= FALLEN_MAX, round(fallen["mean"], 4),
                               FALLEN_MAX, "share right, at most"))  # fmt: skip
        behind = [(gap, *which) for which, gap in behind_by(case, rows).items()]
        if behind:
            gap, attack, peer = max(behind)
            found.append(Check(f"{case.title}: behind byzfl's best ({peer}, {attack})",
                               gap <= BEHIND_MAX, round(gap, 4), BEHIND_MAX,
                               "share right, at most"))  # fmt: skip
    return found


def behind_by(case: Case, rows: list[Row]) -> dict[tuple[str, str], float]:
    """Return how far ours is behind each attack's best aggregator of byzfl, by paired seeds."""
    table = {key(row): row["mean"] for row in rows if row["case"] == case.name}
    found = {}
    for attack in case.attacks:
        gaps = {}
        for peer in {job.rule for job in table if job.rule.startswith(PEER)}:
            pairs = [
                (table[job], table[Job(case.name, case.rules[0], attack, job.seed)])
                for job in table
                if job.rule == peer and job.attack == attack
            ]
            if pairs:
                gaps[peer] = float(np.mean([theirs - ours for theirs, ours in pairs]))
        if gaps:
            best = max(gaps, key=lambda peer: gaps[peer])
            found[attack, best] = gaps[best]
    return found


def _least(name: str, value: float, bound: float) -> Check:
    return Check(name, value >= bound, round(value, 4), bound, "share right")


def lines(cases: Sequence[Case], rows: list[Row]) -> list[str]:
    """Return the table as text: a block a case, a line a rule, a column an attack."""
    table = summaries(rows)
    text: list[str] = []
    for case in cases:
        own = [row for row in table if row["case"] == case.name]
        if not own:
            continue
        text += ["", f"{case.title}; Dirichlet {case.setting.alpha:g}"]
        attacks = case.attacks
        text.append(f"{'':<24} seeds" + "".join(f"{attack:>11}" for attack in attacks))
        for rule in dict.fromkeys(row["rule"] for row in own):
            cells = {row["attack"]: row for row in own if row["rule"] == rule}
            shown = [f"{cells[a]['mean']:>11.4f}" if a in cells else f"{'':>11}"
                     for a in attacks]  # fmt: skip
            few, many = (f([row["seeds"] for row in cells.values()]) for f in (min, max))
            seeds = f"{many}" if few == many else f"{few}-{many}"
            text.append(f"{rule:<24}{seeds:>6}" + "".join(shown))
            if rule == case.rules[0]:
                shown = [f"{cells[a]['worst']:>11.4f}" if a in cells else f"{'':>11}"
                         for a in attacks]  # fmt: skip
                text.append(f"{'  its worst node':<30}" + "".join(shown))
        first = next(row for row in own if row["rule"] == case.rules[0])
        text.append(
            f"a node says {first['sent']:,} bytes a round and hears {first['heard']:,}; "
            f"disagreement {first['spread']:.5f} of the weights; F = {first['faults_max']}"
        )
    return text


def record(found: list[Row], held: list[Check]) -> str:
    """Return a table as a file to keep: an object with one line a row."""
    rows = [
        json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in one.items()})
        for one in (*found, *(check._asdict() for check in held))
    ]
    cut = len(found)
    return (
        '{"table": [\n' + ",\n".join(rows[:cut]) + '\n],\n"checks": [\n'
        + ",\n".join(rows[cut:]) + "\n]}\n"
    )  # fmt: skip


def chosen(names: Sequence[str]) -> list[Case]:
    """Return the cases of some names, all for none; UserError for an unknown one."""
    known = {case.name: case for case in CASES}
    for name in names:
        if name not in known:
            raise UserError(f"no case named {name!r}", "--only", f"one of: {', '.join(known)}")
    return [case for case in CASES if not names or case.name in names]
