"""`quelea traffic`: one run, or the table of all networks; verdict and status."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.traffic import controllers, networks, picture, roads, table
from quelea.traffic.idle import Idle
from quelea.traffic.lies import LIES
from quelea.traffic.run import GENERATED, Job, Result, run

SEEDS_MAX = 100
RESULTS = Path("runs") / "traffic" / "results.jsonl"


@dataclass(frozen=True)
class Options:
    """The flags of the command, checked by check()."""

    network: str = ""
    every: bool = False
    controller: str = ""
    seed: int = table.FIRST_SEED
    seeds: int = 1
    liars: int = 0
    cuts: int = 0
    lie: str = "full"
    gui: bool = False
    fleet: bool = False
    seconds: int = 0
    png: Path | None = None
    jobs: int = 1
    results: Path = RESULTS
    record: Path | None = None
    anew: bool = True
    yellow_s: int = roads.YELLOW_S

    def check(self) -> None:
        """UserError for a flag out of range."""
        if bool(self.network) == self.every:
            raise UserError("one network, or --all", "NETWORK", "", "quelea traffic cologne3")
        if self.network:
            networks.find(self.network)
        names = [row[0] for row in controllers.CONTROLLERS]
        if self.controller and self.controller not in names:
            raise UserError(
                f"no controller named {self.controller!r}", "--controller",
                f"one of: {', '.join(names)}",
            )  # fmt: skip
        for flag, value, low, high in (
            ("--seed", self.seed, 0, 2**31 - 1),
            ("--seeds", self.seeds, 1, SEEDS_MAX),
            ("--liars", self.liars, 0, 100),
            ("--cut-links", self.cuts, 0, 100),
            ("--jobs", self.jobs, 1, 2),
            ("--yellow-s", self.yellow_s, 0, 10),
            ("--seconds", self.seconds, 0, 3600),
        ):
            if not low <= value <= high:
                raise UserError(f"{value} is out of range", flag, f"{low} to {high}")
        lies = [row[0] for row in LIES]
        if self.lie not in lies:
            raise UserError(f"no lie named {self.lie!r}", "--lie", f"one of: {', '.join(lies)}")
        agents = self.controller in ("", controllers.OURS)
        if not agents and (self.fleet or self.liars or self.cuts):
            raise UserError(
                f"{self.controller} has no agents", "--controller", "",
                "leave out --fleet, --liars and --cut-links",
            )  # fmt: skip
        if self.fleet and (self.every or self.liars or self.cuts):
            raise UserError("processes of one honest run", "--fleet", "", "name one network")
        if self.gui and (self.every or self.seeds > 1):
            raise UserError("a window shows one run", "--gui", "", "name one network, one seed")


def command(options: Options, as_json: bool = False) -> int:
    """Run and print; return the exit status: 0 if every check holds."""
    options.check()
    stream = sys.stderr if as_json else sys.stdout

    def say(text: str) -> None:
        print(text, file=stream, flush=True)

    if options.every or options.seeds > 1:
        checks, document = _table(options, say)
    else:
        checks, document = _single(options, say)
    wrong = [check for check in checks if not check["ok"]]
    for check in wrong:
        print(
            f"does not hold: {check['name']}: {check['value']:.1f}, bound {check['bound']:.1f} "
            f"{check['unit']}", file=sys.stderr,
        )  # fmt: skip
    if as_json:
        print(json.dumps({"verdict": not wrong, "checks": checks, **document}))
    return EXIT_FALSE if wrong else EXIT_OK


def _single(options: Options, say: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    name = options.controller or controllers.OURS
    job = Job(
        options.network, name, options.seed, options.liars, options.cuts,
        table.lie_options(options.lie) if options.liars else (), options.seconds,
        options.yellow_s,
    )  # fmt: skip
    idle = Idle()
    if options.png:
        result = _drawn(options.png, job, options, idle, say)
    else:
        result = run(job, options.gui, idle, options.fleet)
    say(summary(result))
    if idle.green_s:
        say(
            f"green that nobody used while others waited: {100 * idle.share:.1f} %; cars that "
            "stand: "
            f"{idle.fed / idle.seconds:.1f} on roads from a neighbour, "
            f"{idle.border / idle.seconds:.1f} on roads from outside"
        )
    if "far" in result.extra:
        far = 100 * result.extra["far"]
        say(f"of the demand that greens were split by, {far:.0f} % had not arrived")
    checks = [
        {"name": "teleports", "ok": result.teleports == 0, "value": result.teleports, "bound": 0,
         "unit": "cars"},
    ]  # fmt: skip
    return checks, {"run": result.row(), "idle_green": idle.share}


def _drawn(path: Path, job: Job, options: Options, idle: Idle, say: Any) -> Result:
    """Run, run the shipped program beside it, and draw both."""
    drawn = []
    for one in (replace(job, controller="fixed", liars=0, cuts=0, options=()), job):
        with tempfile.TemporaryDirectory(prefix="quelea-traffic-") as name:
            folder = Path(name)
            result = run(
                one, options.gui and one is job, idle if one is job else None,
                options.fleet and one is job, folder,
            )  # fmt: skip
            label = f"{one.controller}, delay {result.delay_s:.0f} s"
            drawn.append(picture.load(label, folder))
    plan = roads.read(networks.files(networks.find(job.network), GENERATED).net)
    picture.draw(drawn, plan, f"{job.network}, seed {job.seed}", path)
    say(f"written: {path}")
    return result


def summary(result: Result) -> str:
    """Return a run in words."""
    job = result.job
    return (
        f"{job.network}, {job.controller}, seed {job.seed}: delay {result.delay_s:.1f} s, waiting "
        f"{result.waiting_s:.1f} s, trip {result.trip_s:.1f} s; {result.arrived} of {result.cars} "
        f"cars arrived, {result.left_out} never got in; {result.messages:.1f} messages an "
        f"intersection and minute; {result.wall_s:.1f} s"
    )


def _table(options: Options, say: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    names = [options.network] if options.network else [one.name for one in networks.NETWORKS]
    chosen = [options.controller] if options.controller else list(table.COMPARED)
    seeds = range(options.seed, options.seed + options.seeds)
    jobs = [
        replace(job, seconds=options.seconds, yellow_s=options.yellow_s)
        for job in table.jobs(names, chosen, seeds, options.liars, options.cuts, options.lie)
    ]
    rows = table.gather(jobs, options.results, options.jobs if options.anew else 0, say)
    for line in table.lines(rows):
        say(line)
    checks = table.checks(rows)
    document = {"table": table.summaries(rows)}
    if options.record:
        try:
            options.record.write_text(table.record(document["table"], checks))
        except OSError as error:
            raise UserError(f"cannot write {options.record}", "--record", str(error)) from None
    return checks, document
