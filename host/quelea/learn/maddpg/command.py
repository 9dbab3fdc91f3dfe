"""`quelea train policy`: train seeds, judge the last checkpoint of each, draw the curves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from quelea.errors import UserError
from quelea.journal import Check
from quelea.learn.maddpg import curves, seeds
from quelea.learn.maddpg.evaluate import returns
from quelea.learn.maddpg.seam import Settings
from quelea.learn.maddpg.tasks import TASKS, Task

PLAN = "plan.json"  # of a run: what --resume goes on with
SEEDS = 5


@dataclass(frozen=True)
class Plan:
    """What a run trains; written to its folder before it begins."""

    env: str
    settings: Settings
    seeds: tuple[int, ...]
    judged: int  # episodes that each seed is reported on

    def write(self, folder: Path) -> None:
        """Write it."""
        document = {
            "env": self.env, "seeds": self.seeds, "judged": self.judged,
            "settings": self.settings.document(),
        }  # fmt: skip
        (folder / PLAN).write_text(json.dumps(document, indent=1))

    @classmethod
    def read(cls, folder: Path) -> "Plan":
        """Read it; UserError if the folder is none of a run of this command."""
        path = folder / PLAN
        try:
            document = json.loads(path.read_text())
            env, listed = str(document["env"]), tuple(map(int, document["seeds"]))
            settings, episodes = Settings.read(document["settings"]), int(document["judged"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                "this is no run that can be gone on with", str(path), str(error),
                "name the folder that `quelea train policy` printed",
            ) from None  # fmt: skip
        _known(env)
        return cls(env, settings, listed, episodes)


def changed(settings: Settings, changes: list[str]) -> Settings:
    """Return settings with `name=value` of each change; UserError for one that makes no sense."""
    kinds: dict[str, Any] = {name: type(value) for name, value in Settings().document().items()}
    found: dict[str, Any] = {}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in kinds:
            raise UserError(f"there is no setting {name!r}", "--set", ", ".join(sorted(kinds)))
        try:
            if kinds[name] is bool:
                found[name] = {"true": True, "false": False}[value.lower()]
            else:
                found[name] = kinds[name](value)
        except (ValueError, KeyError):
            raise UserError(
                f"{value!r} is no {kinds[name].__name__}", f"--set {name}",
            ) from None  # fmt: skip
    settings = replace(settings, **found)
    settings.check()
    return settings


def planned(
    env: str, episodes: int | None, count: int, changes: list[str], judge: int | None = None
) -> Plan:
    """Return the plan that the flags ask for."""
    task = _known(env)
    settings = changed(task.settings, changes)
    if episodes is not None:
        settings = replace(settings, episodes=episodes)
        settings.check()
    return Plan(env, settings, tuple(range(1, count + 1)), judge or task.episodes)


def train_policy(
    plan: Plan, jobs: int, console: Console, folder: Path
) -> tuple[list[Check], dict[str, Any]]:
    """Train or go on; KeyboardInterrupt when Ctrl-C stopped it, after all is saved."""
    if find_spec("torch") is None:
        raise UserError("training needs torch", "", "", 'pip install "quelea[learn]"')
    task = replace(TASKS[plan.env](), episodes=plan.judged)
    task.judge()  # says what is missing before anything is trained
    plan.write(folder)
    console.print(f"{task.title}: {len(plan.seeds)} seeds, {plan.settings.episodes} episodes each")
    with console.status("beginning") as status:
        over = seeds.run(
            plan.env, plan.settings, plan.seeds, plan.judged, folder, jobs,
            lambda: status.update(progress(plan, folder)),
        )  # fmt: skip
    console.print(progress(plan, folder))
    if not over:
        console.print(f"stopped; go on with `quelea train policy --resume {folder}`")
        raise KeyboardInterrupt
    found = judged(plan, task, folder)
    console.print(shown(plan, task, found))
    drawn = {seed: _curve(folder, seed) for seed in plan.seeds}
    curves.gather(drawn, folder / "curves.csv")
    try:
        marks = {name: row["mean"] for name, row in found["rivals"].items()}
        curves.draw(task.title, drawn, marks, folder / "curves.png")
    except UserError as error:
        console.print(f"no picture: {error}", style="yellow")
    return checks(task, found), found


def progress(plan: Plan, folder: Path) -> str:
    """Return a line: how far each seed is, and what it earned there."""
    words = []
    for seed in plan.seeds:
        curve = _curve(folder, seed)
        if curve:
            words.append(f"{seed}: {curve[-1].episodes} ({curve[-1].evaluated:.1f})")
    return "episodes (return) of seed " + (", ".join(words) or "1 to come")


def judged(plan: Plan, task: Task, folder: Path) -> dict[str, Any]:
    """Return the document of a finished run: returns of its seeds and of their rivals."""
    rows = []
    for seed in plan.seeds:
        row = json.loads((seeds.folder_of(folder, seed) / seeds.RESULT).read_text())
        last = [point.evaluated for point in _curve(folder, seed)]
        rows.append(row | {"curve_best": max(last), "curve_last": last[-1]})
    rivals = {}
    for name, policy in task.rivals.items():
        found = returns(task.judge(), policy, task.episodes)
        rivals[name] = {
            "mean": float(found.mean()), "error": float(found.std() / np.sqrt(len(found))),
        }  # fmt: skip
    return {
        "task": task.title, "env": plan.env, "settings": plan.settings.document(),
        "seeds": rows, "rivals": rivals,
    }  # fmt: skip


def shown(plan: Plan, task: Task, found: Mapping[str, Any]) -> Table:
    """Return the table of rivals and seeds."""
    table = Table(title=f"{task.title}, {task.episodes} episodes", title_justify="left")
    for name in ("policy", "return", "error", "of its curve: best", "last"):
        table.add_column(name, justify="left" if name == "policy" else "right", no_wrap=True)
    for name, row in found["rivals"].items():
        table.add_row(name, f"{row['mean']:.2f}", f"{row['error']:.2f}", "", "")
    for row in found["seeds"]:
        table.add_row(
            f"learned, seed {row['seed']}", f"{row['mean']:.2f}", f"{row['error']:.2f}",
            f"{row['curve_best']:.2f}", f"{row['curve_last']:.2f}",
        )  # fmt: skip
    means = np.array([row["mean"] for row in found["seeds"]])
    table.add_row("learned, mean", f"{means.mean():.2f}", f"{means.std():.2f}", "", "")
    return table


def checks(task: Task, found: Mapping[str, Any]) -> list[Check]:
    """Hold the last checkpoints to their bounds."""
    means = [row["mean"] for row in found["seeds"]]
    mean, worst = float(np.mean(means)), min(means)
    fallen = max(row["curve_best"] - row["curve_last"] for row in found["seeds"])
    held = [
        Check("last checkpoint, mean of the seeds", mean >= task.least, round(mean, 3),
              task.least, "return"),
        Check("the end of a curve below its best point, most", fallen <= task.back,
              round(fallen, 3), task.back, "return"),
    ]  # fmt: skip
    if found["rivals"]:
        name, row = next(iter(found["rivals"].items()))
        bound = round(row["mean"], 3)
        held.append(Check(f"worst seed, above {name}", worst > bound, round(worst, 3), bound,
                          "return"))  # fmt: skip
    return held


def _known(env: str) -> Task:
    if env not in TASKS:
        raise UserError(f"no policy is trained for {env!r}", "--env", ", ".join(TASKS))
    return TASKS[env]()


def _curve(folder: Path, seed: int) -> list[curves.Point]:
    return curves.read(seeds.folder_of(folder, seed) / curves.CURVE)
