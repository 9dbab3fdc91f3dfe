"""`quelea serve`: the table of placers, pods of openb, or real processes; verdict and status."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from quelea.errors import UserError
from quelea.journal import Check, open_run
from quelea.judged import answer, ended_by_sigterm, print_checks
from quelea.serving import setting

WIDTH = 118
SEEDS_MAX = 1000
SEEDS, OPENB_SEEDS = 10, 2
LIMIT_S_MAX = 3600.0


@dataclass(frozen=True)
class Options:
    """The flags of the command, checked by check()."""

    instance: str = ""
    seed: int = 1
    seeds: int = 0  # 0: SEEDS, or OPENB_SEEDS
    nodes: int = setting.NODES
    limit_s: float = 90.0
    requests: Path | None = None
    openb: Path | None = None
    fleet: bool = False
    seconds: int = 150
    png: Path | None = None
    runs: Path = Path("runs")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.instance,) if self.instance else setting.NAMES

    def check(self) -> None:
        """UserError for a flag out of range."""
        if self.instance and self.instance not in setting.NAMES:
            raise UserError(
                f"no instance named {self.instance!r}", "--instance",
                f"one of: {', '.join(setting.NAMES)}",
            )  # fmt: skip
        for flag, value, low, high in (
            ("--seed", self.seed, 0, setting.SEED_MAX - SEEDS_MAX),
            ("--seeds", self.seeds, 0, SEEDS_MAX),
            ("--nodes", self.nodes, setting.NODES_MIN, setting.NODES_MAX),
            ("--limit-s", self.limit_s, 1, LIMIT_S_MAX),
            ("--seconds", self.seconds, 20, 3600),
        ):
            if not low <= value <= high:
                raise UserError(f"{value} is out of range", flag, f"{low} to {high:g}")
        if self.fleet and self.openb:
            raise UserError("one of both", "--fleet, --openb", "", "leave one out")


def command(options: Options, as_json: bool = False) -> int:
    """Run, print and draw; return the exit status: 0 if every bound holds, else 1."""
    options.check()
    console = Console(stderr=True, highlight=False, width=WIDTH)
    begun_s = time.monotonic()
    with ended_by_sigterm():
        checks, document = _run(options, console)
    console.print(f"{time.monotonic() - begun_s:.1f} s")
    print_checks(console, checks)
    return answer(checks, document, as_json)


def _run(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    if options.openb:
        return _openb(options, options.openb, console)
    if options.fleet:
        from quelea.serving import live

        return live.tell(options, console)
    return _placers(options, console)


def _placers(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    from quelea.serving import trials
    from quelea.serving.picture import draw

    seeds = range(options.seed, options.seed + (options.seeds or SEEDS))
    outcomes = trials.run(
        options.names, seeds, options.nodes, options.limit_s,
        options.runs / "serving" / "optima.json", options.requests,
    )  # fmt: skip
    for name in options.names:
        rows = [one for one in outcomes if one.name == name]
        console.print(_table(name, rows, options))
    folder = open_run("serve", options.runs)
    path = options.png or folder.path / "serve.png"
    draw(outcomes, path)
    console.print(f"picture: {path}")
    document = {"picture": str(path), "outcomes": [asdict(one) for one in outcomes]}
    return trials.checks(outcomes), document


def _table(name: str, rows: list[Any], options: Options) -> Table:
    first = rows[0]
    gaps = [one.gap for one in rows]
    served = float(np.mean([one.served for one in rows]))
    messages = np.mean([row[3] for one in rows for row in one.course])
    title = (
        f"{name}: {options.nodes} nodes, {len(rows)} instances; the optimum serves {served:.0%}, "
        f"its gap is at most {max(gaps):.1%}.\nOurs: last move in round "
        f"{np.median([one.settled for one in rows]):g} (median; most "
        f"{max(one.settled for one in rows)}), {messages:.1f} messages a node and round"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("placer", "mean", "worst"):
        table.add_column(heading, justify="left" if heading == "placer" else "right")
    for label in first.shares:
        values = [one.shares[label] for one in rows]
        table.add_row(label, f"{np.mean(values):.3f}", f"{min(values):.3f}")
    return table


def _openb(options: Options, folder: Path, console: Console) -> tuple[list[Check], dict[str, Any]]:
    from quelea.serving import openb, probing

    trace = openb.load(folder)
    console.print(f"{len(trace.gpus)} nodes, {trace.gpus.sum()} GPUs, {len(trace.pod_gpus)} pods")
    seeds = range(options.seed, options.seed + (options.seeds or OPENB_SEEDS))
    table = Table(title=f"GPUs allocated, percent; {len(seeds)} seeds", title_justify="left")
    for heading in ("policy", *(f"{share:.0%} asked" for share in openb.SHARES), "probes a pod"):
        table.add_column(heading, justify="left" if heading == "policy" else "right")
    found: dict[str, list[float]] = {}
    for label, choose in probing.POLICIES:
        runs = [probing.ratios(trace, choose, seed) for seed in seeds]
        means = np.mean([row for row, _ in runs], axis=0)
        asked = float(np.mean([probes for _, probes in runs]))
        found[label] = [*means.tolist(), asked]
        table.add_row(label, *(f"{value:.2f}" for value in means), f"{asked:.1f}")
        console.print(f"{label}: {means[2]:.2f}")
    console.print(table)
    return probing.checks(found), {"ratios": found, "shares": list(openb.SHARES)}
