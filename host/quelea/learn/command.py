"""`quelea train`: what agents learn and are judged on; prints, draws, and says what holds."""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.journal import Check, RunFolder, open_run
from quelea.learn import minority, tables
from quelea.story.course import NEVER

WIDTH = 99
SEEDS_MAX = 1000
EPISODES_MAX = 10_000
SEEDS, EPISODES = 10, 30  # unless a kind has its own, or a flag
TRAINED, UNTRAINED = "q-learning", "q-learning, learns nothing"
LEAST = 0.95  # of the optimum, what a table that hears gossip is to reach
STORY = "story"  # the task whose policy boards run
MEMORIES = range(2, 10)
AGENTS = 101
CLASSIC_ROUNDS = 20_000
LEARNED_ROUNDS = 1200
LEARNED_MOST = 0.1
MINIMUM = (0.20, 0.25)
ALPHA = (0.3, 0.7)


@dataclass(frozen=True)
class Options:
    """As the command line has them; None is what the kind takes by itself.

    seeds: 1 .. seeds are reported on. load: a stored table. env, changes, resume, judge: of
    policies, the task, settings as name=value, the folder of a run to go on with, and how many
    episodes the last policy is judged on. export: where the story's network is to be written.
    """

    seeds: int | None = None
    episodes: int | None = None
    jobs: int = 0
    load: Path | None = None
    runs: Path = Path("runs")
    env: str | None = None
    changes: tuple[str, ...] = ()
    resume: Path | None = None
    judge: int | None = None
    export: Path | None = None

    def check(self, what: str) -> None:
        """UserError for a flag out of range, or one that this kind has no use for."""
        most = 10**8 if what == "policy" else EPISODES_MAX
        for flag, value, low, high in (
            ("--seeds", self.seeds, 1, SEEDS_MAX),
            ("--episodes", self.episodes, 1, most),
            ("--jobs", self.jobs, 0, 1024),
            ("--judge", self.judge, 1, 10**6),
        ):
            if value is not None and not low <= value <= high:
                raise UserError(f"{value} is out of range", flag, f"{low} to {high}")
        given = {
            "--env": self.env, "--set": self.changes, "--resume": self.resume,
            "--seeds": self.seeds, "--episodes": self.episodes, "--load": self.load,
            "--judge": self.judge, "--export": self.export,
        }  # fmt: skip
        foreign: tuple[str, ...] = () if self.env == STORY else ("--load", "--export")
        if what != "policy":
            foreign = ("--env", "--set", "--resume", "--judge", "--export")
        if self.resume is not None:
            foreign += ("--env", "--set", "--seeds", "--episodes", "--judge")
        for flag in foreign:
            if given[flag]:
                why = "a run goes on as it was begun" if self.resume else f"it is not of {what}"
                raise UserError("this flag has no meaning here", flag, why)


Result = tuple[list[Check], dict[str, Any]]


def command(what: str, options: Options, as_json: bool = False) -> int:
    """Run one of KINDS; return the exit status: 0 if every bound holds, else 1."""
    if what not in KINDS:
        raise UserError(f"nothing named {what!r} can be trained", "WHAT", ", ".join(KINDS))
    options.check(what)
    console = Console(stderr=True, highlight=False, width=WIDTH)
    begun_s = time.monotonic()
    if options.resume is None:
        folder = open_run(f"train-{what}", options.runs)
    else:
        folder = RunFolder(options.resume.name, options.resume)
    if folder.note:
        console.print(f"warning: {folder.note}", style="yellow")
    checks, document = KINDS[what](options, console, folder.path)
    for check in checks:
        word = "holds" if check.ok else "FAILS"
        console.print(f"{word}  {check.name}: {check.value:g} (bound {check.bound:g})")
    holds = all(check.ok for check in checks)
    console.print("The verdict holds." if holds else "It does not hold.")
    console.print(f"{time.monotonic() - begun_s:.1f} s; written to {folder.path}")
    document["folder"] = str(folder.path)
    found = {"verdict": holds, "checks": [check._asdict() for check in checks]} | document
    (folder.path / "result.json").write_text(json.dumps(found, indent=1))
    if as_json:
        print(json.dumps(found))
    return EXIT_OK if holds else EXIT_FALSE


# -- tabular Q-learning in the story ---------------------------------------------------------
def train_q(options: Options, console: Console, folder: Path) -> Result:
    """Train one table, then hold it, tables of their own, and other rules to the optimum."""
    from quelea.learn import picture

    if options.load is not None:
        memory = _loaded(options.load)
    else:
        episodes = options.episodes or EPISODES
        console.print(f"training one table on {episodes} instances of the story")
        memory = tables.dumped(tables.train(episodes))
    (folder / "q.bin").write_bytes(memory)
    seeds = options.seeds or SEEDS
    console.print(f"running {len(tables.ROWS)} rules on {seeds} seeds")
    rows = tables.tabulate(range(1, seeds + 1), memory, options.jobs)
    shown = Table(title=f"{seeds} seeds, rho {tables.RHO:g}", title_justify="left")
    names = ("rule", "first 20", "last 100", "deviation", "worst", "over", "rounds")
    for name in names:
        shown.add_column(name, justify="left" if name == "rule" else "right", no_wrap=True)
    for name, row in rows.items():
        last = np.array([one.last for one in row])
        stay = float(np.median([one.stay for one in row]))
        shown.add_row(
            name, f"{np.mean([one.first for one in row]):.3f}", f"{last.mean():.4f}",
            f"{last.std():.4f}", f"{last.min():.4f}",
            f"{np.mean([one.overloaded for one in row]):.2f}",
            "never" if stay == NEVER else f"{stay:g}",
        )  # fmt: skip
    console.print(shown)
    _draw(console, lambda: picture.policy(memory, folder / "policy.png"))
    checks = _held({name: [one.last for one in row] for name, row in rows.items()})
    over = max(one.overloaded for one in rows[TRAINED])
    checks.append(Check("q-learning: servers over their caps", over == 0, over, 0, "of 8"))
    return checks, {"rows": {name: [asdict(one) for one in row] for name, row in rows.items()}}


def _held(lasts: dict[str, list[float]]) -> list[Check]:
    """Hold the trained table, mean of the last 100 rounds, to the optimum and to less than it."""
    mean = {name: float(np.mean(values)) for name, values in lasts.items()}
    trained = mean[TRAINED]
    return [
        _least("q-learning: last 100, share of the optimum, mean", trained, LEAST),
        _least("q-learning: more than the bandit", trained - mean["bandit, throttled"], 0.0),
        _least("q-learning: more than if it had learned nothing", trained - mean[UNTRAINED], 0.0),
    ]


def _loaded(path: Path) -> bytes:
    from quelea_agent.choice.q_learning import ACTIONS, STATES
    from quelea_agent.q_table import QTable, Schedule

    try:
        memory = path.read_bytes()
    except OSError as error:
        raise UserError("the table cannot be read", str(path), error.strerror or "") from None
    table = QTable(STATES, len(ACTIONS), Schedule(*tables.TRAINING_SCHEDULE))
    if not table.restore(memory):
        raise UserError(
            f"this is no table of {STATES} states and {len(ACTIONS)} actions",
            str(path), remedy="train one: `quelea train q` writes q.bin into its run's folder",
        )  # fmt: skip
    return memory


def _draw(console: Console, draw: Callable[[], None]) -> None:
    """Draw; without matplotlib say how to get it, and go on."""
    try:
        draw()
    except UserError as error:
        console.print(f"no picture: {error}", style="yellow")


def _least(name: str, value: float, bound: float) -> Check:
    return Check(name, value >= bound, round(value, 4), bound)


# -- the minority game -----------------------------------------------------------------------
def train_minority(options: Options, console: Console, folder: Path) -> Result:
    """Draw the classic curve, and let nodes that gossip learn the same game."""
    from quelea.learn import picture

    seeds = range(1, (options.seeds or SEEDS) + 1)
    points = minority.curve(AGENTS, MEMORIES, CLASSIC_ROUNDS, seeds)
    shown = Table(title=f"minority game, {AGENTS} agents", title_justify="left")
    for name in ("alpha", "sigma^2 / N", "deviation"):
        shown.add_column(name, justify="right")
    for alpha, values in points:
        shown.add_row(f"{alpha:.2f}", f"{values.mean():.3f}", f"{values.std():.3f}")
    learned, deaf = (
        np.array([minority.learned(AGENTS, LEARNED_ROUNDS, seed, learns) for seed in seeds])
        for learns in (True, False)
    )
    for name, values in (("learning", learned), ("learning nothing", deaf)):
        shown.add_row(name, f"{values.mean():.3f}", f"{values.std():.3f}")
    console.print(shown)
    _draw(console, lambda: picture.minority(points, learned, folder / "minority.png"))
    alpha, lowest = min(((a, float(v.mean())) for a, v in points), key=lambda point: point[1])
    checks = [
        Check("minimum of the classic curve", MINIMUM[0] <= lowest <= MINIMUM[1],
              round(lowest, 4), MINIMUM[1], "sigma^2 / N, 0.20 to 0.25"),
        Check("where it lies", ALPHA[0] <= alpha <= ALPHA[1], round(alpha, 3), ALPHA[1],
              "alpha, 0.3 to 0.7"),
        Check("learning, with gossip", float(learned.mean()) <= LEARNED_MOST,
              round(float(learned.mean()), 4), LEARNED_MOST, "sigma^2 / N"),
    ]  # fmt: skip
    curve = [{"alpha": a, "figures": [float(x) for x in v]} for a, v in points]
    return checks, {"classic": curve, "learning": [float(x) for x in learned],
                    "deaf": [float(x) for x in deaf]}  # fmt: skip


# -- policies, by actors and critics -----------------------------------------------------------
def train_policy(options: Options, console: Console, folder: Path) -> Result:
    """Train a policy of several agents; `quelea.learn.maddpg.command` has the work."""
    from quelea.learn.maddpg import command as maddpg
    from quelea.learn.maddpg import seeds
    from quelea.learn.maddpg.tasks import TASKS

    if options.resume is not None:
        plan = maddpg.Plan.read(options.resume)
    elif options.env == STORY and options.load is not None:
        return _story([], options, console, folder)
    elif options.env is None:
        raise UserError("say what to train", "--env", ", ".join(TASKS))
    else:
        plan = maddpg.planned(
            options.env, options.episodes,
            options.seeds or (1 if options.env == STORY else maddpg.SEEDS),
            list(options.changes), options.judge,
        )  # fmt: skip
    checks, found = maddpg.train_policy(plan, options.jobs or os.cpu_count() or 1, console, folder)
    if plan.env != STORY:
        return checks, found
    trained = [seeds.folder_of(folder, seed) / seeds.POLICY for seed in plan.seeds]
    more, document = _story(trained, options, console, folder)
    return checks + more, found | document


def _story(trained: list[Path], options: Options, console: Console, folder: Path) -> Result:
    """Report on the story's policy: one trained by a seed or several, or a file."""
    from quelea.learn import story_command

    return story_command.report(
        trained, options.load, options.export, options.jobs, console, folder
    )


KINDS: dict[str, Callable[[Options, Console, Path], Result]] = {
    "q": train_q,
    "minority": train_minority,
    "policy": train_policy,
}


def kinds() -> Sequence[str]:
    """Return what can be trained."""
    return tuple(KINDS)
