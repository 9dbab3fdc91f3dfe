"""The grid: every combination of what is listed, in one order that never changes."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from itertools import product
from typing import Any

from quelea_proto import limits, rules

from quelea import adversaries
from quelea.errors import UserError
from quelea.fleet.options import MODES
from quelea.simulator.faults import CALM, Faults, draw
from quelea.topology import parse

NONE = "none"  # an attack: nobody lies; faults: nothing goes wrong
DRAWN = "drawn"  # faults: as the seed draws them
NODES_MAX = 4096  # every node is a whole agent in Python: about 0.1 ms a round each
POINTS_MAX = 1_000_000
ROUNDS_MAX = 100_000


@dataclass(frozen=True)
class Point:
    """One simulated run. index: its place in the grid. faults: NONE, DRAWN or name:value."""

    index: int
    topology: str
    nodes: int
    faults: str
    seed: int
    rule: str
    attack: str


@dataclass(frozen=True)
class Grid:
    """Lists are dimensions. seeds: how many, from seed_first on. faults_max None: as many as meet.

    rounds: under faults; calm_rounds: after them. Equal grids have equal points.
    """

    seeds: int = 20
    seed_first: int = 1
    rules: tuple[str, ...] = ("wmsr",)
    attacks: tuple[str, ...] = ("drift",)
    topologies: tuple[str, ...] = ("growth:5",)
    nodes: tuple[int, ...] = (16,)
    faults: tuple[str, ...] = (NONE,)
    mode: str = "resilient"
    liars: int = 2
    faults_max: int | None = None
    rounds: int = 60
    calm_rounds: int = 60
    period_ms: int = 250
    epoch_rounds: int = 40
    hi_q: int = 10_000

    def check(self) -> None:
        """Raise UserError for the first value that is out of range or names nothing."""
        self._check_numbers()
        for flag, words in (
            ("--rules", self.rules),
            ("--attacks", self.attacks),
            ("--topologies", self.topologies),
            ("--nodes", self.nodes),
            ("--faults", self.faults),
        ):
            if not words:
                raise UserError("an empty list", flag, "one or more, separated by commas")
            if len(set(words)) != len(words):
                raise UserError(f"{','.join(map(str, words))} names one twice", flag)
        for rule in self.rules:
            if rules.find(rule) is None:
                raise UserError(f"no rule named {rule!r}", "--rules", f"of: {rules.names()}")
        for attack in self.attacks:
            if attack != NONE:
                adversaries.path(attack)
        for spec in self.faults:
            faults_of(spec, 0)
        if self.mode not in MODES:
            raise UserError(f"no mode named {self.mode!r}", "--mode", f"one of: {MODES}")
        if self.mode == "exact" and (self.attacks != (NONE,) or len(self.rules) > 1):
            raise UserError(
                "exact mode has no rules to compare and trusts every node",
                "--mode",
                remedy=f"add `--attacks {NONE}` and leave out --rules",
            )
        for spec, nodes in product(self.topologies, self.nodes):
            parse(spec, nodes, self.seed_first)
        if self.count > POINTS_MAX:
            raise UserError(f"{self.count} points", "--seeds", f"at most {POINTS_MAX} in a sweep")

    def _check_numbers(self) -> None:
        rows = [
            ("--seeds", self.seeds, 1, POINTS_MAX),
            ("--seed", self.seed_first, 0, 1 << 31),
            ("--liars", self.liars, 0, 1000),
            ("--faults-max", self.faults_max or 0, 0, limits.FAULTS_MAX),
            ("--rounds", self.rounds, 1, ROUNDS_MAX),
            ("--calm-rounds", self.calm_rounds, 0, ROUNDS_MAX),
            ("--period-ms", self.period_ms, limits.PERIOD_MS_MIN, limits.PERIOD_MS_MAX),
            ("--epoch-rounds", self.epoch_rounds, 0, limits.EPOCH_ROUNDS_MAX),
            ("--hi-q", self.hi_q, 1, limits.Q_MAX),
            *(("--nodes", nodes, 2, NODES_MAX) for nodes in self.nodes),
        ]
        for flag, value, smallest, largest in rows:
            if not smallest <= value <= largest:
                raise UserError(f"{value} is out of range", flag, f"{smallest} to {largest}")

    @property
    def count(self) -> int:
        """How many points there are."""
        each = len(self.rules) * len(self.attacks) * len(self.topologies) * len(self.nodes)
        return each * len(self.faults) * self.seeds

    def points(self) -> list[Point]:
        """Return all points; those of one graph lie side by side, as its proof is costly."""
        seeds = range(self.seed_first, self.seed_first + self.seeds)
        rows = product(
            self.topologies, self.nodes, self.faults, seeds, self.rules, self.attacks
        )  # fmt: skip
        return [Point(index, *row) for index, row in enumerate(rows)]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """Name of this grid: equal for equal ones."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]


def words(text: str) -> tuple[str, ...]:
    """Return the words of a list separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def sizes(text: str) -> tuple[int, ...]:
    """Return the numbers of a list separated by commas; UserError for what is none."""
    found = words(text)
    for word in found:
        if not word.isdigit():
            raise UserError(f"{word!r} is no number", "--nodes", f"2 to {NODES_MAX}")
    return tuple(int(word) for word in found)


def faults_of(spec: str, seed: int) -> Faults:
    """Return the faults that a word of --faults means for a seed; UserError for what is none."""
    if spec == NONE:
        return CALM
    if spec == DRAWN:
        return draw(seed)
    name, _, text = spec.partition(":")
    known = sorted(field.name for field in fields(Faults) if field.type in (float, "float"))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if name not in known or not 0 <= value <= 1e6:
        raise UserError(
            f"{spec!r} names no fault",
            "--faults",
            f"{NONE}, {DRAWN}, or name:size with a name of {', '.join(known)}",
        )
    given: dict[str, Any] = {name: value}
    return Faults(**given)
