"""All cells: every setting, share of liars, attack and rule; the worst of each; the claims."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from quelea import adversaries
from quelea.attack.baselines import BASELINES, step
from quelea.attack.byfile import ask
from quelea.attack.claims import ALIASES, CLAIMS, Claim, Sight
from quelea.attack.rules import PEERS, RULES
from quelea.attack.run import Cell, Step, compiled, rounded, run
from quelea.attack.setting import SETTINGS, Crowd, Setting
from quelea.kernels.columns import NUMBERS

SHARES = (0.01, 0.05, 0.1, 0.2)
PROTOCOL = tuple(name for name, _ in RULES)
DISTANCE = ("CS+", "GTS", "naive")  # of PEERS: what is compared everywhere
EVERYWHERE = (*PROTOCOL, *DISTANCE)
PUBLISHED = tuple(name for name, _ in BASELINES)
SLOW = ("CAF",)  # only when asked for by name
RULE_NAMES = (*EVERYWHERE, *PUBLISHED)


def attacks() -> dict[str, Callable[[Sight], Claim]]:
    """Return every adversary's claim by name, but for those that amount to another one.

    Adversaries that are not in CLAIMS are asked by their own file; raw frames have no columns.
    """
    found = dict(CLAIMS)
    same = {name for name, _, _ in ALIASES}
    for name in adversaries.names():
        if name not in found and name not in same:
            lie = adversaries.load(name)
            if hasattr(lie, "claim_q"):
                found[name] = partial(ask, lie)
    return found


def step_of(name: str) -> Step:
    """Return a rule by its name in RULE_NAMES."""
    if name in NUMBERS:
        return compiled(name)
    written = dict((*RULES, *PEERS))
    return rounded(written[name]) if name in written else step(dict(BASELINES)[name])


@dataclass(frozen=True)
class Job:
    """One crowd and what is asked of it."""

    crowd: Crowd
    rounds: int
    attacks: tuple[str, ...]
    rules: tuple[str, ...]

    def run(self) -> dict[tuple[str, str], Cell]:
        claims = [(name, claim) for name, claim in attacks().items() if name in self.attacks]
        return run(self.crowd, claims, [(name, step_of(name)) for name in self.rules], self.rounds)


@dataclass(frozen=True)
class Worst:
    """The worst of a rule over all attacks, and which attacks those were."""

    error: float
    error_by: str
    captured: float
    captured_by: str


@dataclass(frozen=True)
class Table:
    """cells by (setting, share, attack, rule), in the order they were asked."""

    settings: tuple[str, ...]
    shares: tuple[float, ...]
    attacks: tuple[str, ...]
    rules: tuple[str, ...]
    cells: dict[tuple[str, float, str, str], Cell]

    def rules_in(self, setting: str) -> tuple[str, ...]:
        """Return the rules that were run in a setting."""
        probe = self.shares[0], self.attacks[0]
        return tuple(rule for rule in self.rules if (setting, *probe, rule) in self.cells)

    def worst(self, setting: str, share: float, rule: str) -> Worst:
        """Return the worst of a rule over the attacks."""
        found = {name: self.cells[setting, share, name, rule] for name in self.attacks}
        by_error = max(found, key=lambda name: found[name].error)
        by_captured = max(found, key=lambda name: found[name].captured)
        captured = found[by_captured].captured
        return Worst(
            found[by_error].error, by_error, captured, by_captured if captured else "none"
        )


def _rules_for(setting: Setting, rules: Iterable[str], everywhere: bool) -> tuple[str, ...]:
    """Return the rules of a setting: published ones only in the first, unless asked."""
    first = setting == SETTINGS[0]
    return tuple(rule for rule in rules if everywhere or first or rule in EVERYWHERE)


def make(
    settings: Sequence[Setting],
    shares: Sequence[float],
    attacks: Sequence[str],
    rules: Sequence[str],
    nodes: int,
    rounds: int,
    seed: int,
    everywhere: bool = False,
    processes: int | None = None,
) -> Table:
    """Run everything; the same arguments give the same table, whatever the processes."""
    jobs = [
        Job(
            Crowd(setting, nodes, share, seed),
            rounds,
            tuple(attacks),
            _rules_for(setting, rules, everywhere),
        )
        for setting in settings
        for share in shares
    ]
    jobs.sort(key=lambda job: (-len(job.rules) * job.crowd.setting.received, -job.crowd.share))
    workers = min(processes or os.cpu_count() or 1, len(jobs))
    if workers == 1:
        results = [job.run() for job in jobs]
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            results = list(pool.map(Job.run, jobs))
    cells = {
        (job.crowd.setting.name, job.crowd.share, attack, rule): cell
        for job, found in zip(jobs, results, strict=True)
        for (attack, rule), cell in found.items()
    }
    return Table(
        tuple(setting.name for setting in settings),
        tuple(shares),
        tuple(attacks),
        tuple(rules),
        cells,
    )


def worst_text(table: Table, setting: str) -> str:
    """Return, for one setting, each rule's worst over the attacks at every share."""
    lines = [f"{setting}: worst over {len(table.attacks)} attacks, error % (captured %)"]
    lines.append(f"  {'rule':<17}" + "".join(f"{share:>17.0%}" for share in table.shares))
    least = {
        share: min(table.worst(setting, share, rule).error for rule in table.rules_in(setting))
        for share in table.shares
    }
    for rule in table.rules_in(setting):
        text = ""
        last = ""
        for share in table.shares:
            worst = table.worst(setting, share, rule)
            mark = "+" if worst.error == least[share] else " "
            text += f"{100 * worst.error:>8.1f}{mark}({100 * worst.captured:5.1f})"
            last = f"  {worst.error_by}, captured: {worst.captured_by}"
        lines.append(f"  {rule:<17}{text}{last}")
    return "\n".join(lines)


def attack_text(table: Table, setting: str, share: float) -> str:
    """Return one setting and share in full: a line an attack, * at each rule's worst error."""
    rules = table.rules_in(setting)
    wide = max(13, *(len(rule) + 2 for rule in rules))
    lines = [f"{setting}, {share:.0%} liars: captured % / error %"]
    lines.append(f"  {'attack':<17}" + "".join(f"{rule:>{wide}}" for rule in rules))
    worst = {rule: table.worst(setting, share, rule).error_by for rule in rules}
    for attack in table.attacks:
        text = f"  {attack:<17}"
        for rule in rules:
            cell = table.cells[setting, share, attack, rule]
            mark = "*" if worst[rule] == attack else " "
            both = f"{100 * cell.captured:.1f}/{100 * cell.error:.1f}{mark}"
            text += f"{both:>{wide}}"
        lines.append(text)
    return "\n".join(lines)
