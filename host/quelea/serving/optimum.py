"""The best placement and routing (a mixed-integer program), and the best routing of a placement.

    maximise    sum of worth * x[i, j, m]           i asks for m, j answers: i or a neighbour
    subject to  sum over j of x[i, j, m] <= demand[i, m]
                x[i, j, m] <= demand[i, m] * y[j, m]
                sum over i, m of x[i, j, m] <= time[j]
                sum over m of x[i, j, m] * link_kb[m] / work_ms[m] <= link[i, j]   for j != i
                sum over m of size[m] * y[j, m] <= memory[j],  y binary

Solved by HiGHS (scipy). With a time limit the best found and its gap are returned; results are
kept by a digest of the instance, since some take half a minute.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array

from quelea.errors import UserError
from quelea.serving.setting import Instance
from quelea.story.setting import silent

GAP = 0.003
Held = list[list[bool]]


@dataclass(frozen=True)
class Best:
    """value: found, in ms of worth a second; bound: what no placement exceeds."""

    value: float
    bound: float
    held: tuple[tuple[int, ...], ...]  # models by node

    @property
    def gap(self) -> float:
        return self.bound / self.value - 1


class Program:
    """The rows of the program for the pairs that a placement (or none) leaves."""

    def __init__(self, instance: Instance, held: Held | None) -> None:
        self.instance = instance
        self.triples = [
            (i, j, m)
            for i in range(instance.nodes)
            for m in range(instance.models)
            if instance.demands_ms[i][m] > 0
            for j in instance.reach(i)
            if held is None or held[j][m]
        ]
        worth = instance.worth_percent / 100
        self.gain = np.array([1.0 if i == j else worth for i, j, _ in self.triples])
        self.rows: list[int] = []
        self.columns: list[int] = []
        self.values: list[float] = []
        self.high: list[float] = []
        self._names: dict[tuple[str, int, int], int] = {}
        for column, (i, j, m) in enumerate(self.triples):
            self._add(("demand", i, m), column, 1.0, instance.demands_ms[i][m])
            self._add(("time", j, 0), column, 1.0, instance.times_ms[j])
            if i != j:
                kb = instance.link_kb[m] / instance.work_ms[m]
                self._add(("link", i, j), column, kb, instance.links_kb[i, j])

    def _add(self, name: tuple[str, int, int], column: int, value: float, high: float) -> None:
        row = self._names.setdefault(name, len(self._names))
        if row == len(self.high):
            self.high.append(high)
        self.rows.append(row)
        self.columns.append(column)
        self.values.append(value)

    def add_placement(self) -> None:
        """Add y, a column for every (node, model), and the rows that tie x to it."""
        instance = self.instance
        first = len(self.triples)
        for column, (i, j, m) in enumerate(self.triples):
            self._add(("held", column, m), column, 1.0, 0.0)
            y = first + j * instance.models + m
            self._add(("held", column, m), y, -float(instance.demands_ms[i][m]), 0.0)
        for j in range(instance.nodes):
            for m in range(instance.models):
                y = first + j * instance.models + m
                self._add(("memory", j, 0), y, float(instance.sizes[m]), instance.memories[j])

    def matrix(self, columns: int) -> coo_array:
        return coo_array((self.values, (self.rows, self.columns)), shape=(len(self.high), columns))


def routed(instance: Instance, held: Held) -> float:
    """Return what the best routing of a placement is worth, ms a second."""
    program = Program(instance, held)
    if not program.triples:
        return 0.0
    done = linprog(
        -program.gain, A_ub=program.matrix(len(program.gain)).tocsr(), b_ub=program.high,
        bounds=(0, None), method="highs",
    )  # fmt: skip
    return float(-done.fun)


def solve(instance: Instance, limit_s: float, gap: float = GAP) -> Best:
    """Return the best placement found in limit_s seconds, with its bound."""
    program = Program(instance, None)
    program.add_placement()
    count, ys = len(program.triples), instance.nodes * instance.models
    top = np.array([instance.demands_ms[i][m] for i, _, m in program.triples], float)
    with silent():
        done = milp(
            np.concatenate([-program.gain, np.zeros(ys)]),
            constraints=LinearConstraint(
                program.matrix(count + ys).tocsr(), -np.inf, np.array(program.high, float)
            ),
            bounds=Bounds(0, np.concatenate([top, np.ones(ys)])),
            integrality=np.concatenate([np.zeros(count), np.ones(ys)]),
            options={"time_limit": limit_s, "mip_rel_gap": gap},
        )
    if done.x is None:
        raise UserError(f"no placement within {limit_s:.0f} s", why=str(done.message))
    y = done.x[count:].reshape(instance.nodes, instance.models) > 0.5
    held = tuple(tuple(int(m) for m in np.flatnonzero(row)) for row in y)
    value = routed(instance, y.tolist())
    return Best(value, max(value, float(-done.mip_dual_bound)), held)


def digest(instance: Instance) -> str:
    """Return a name of the program of an instance: 16 characters."""
    text = repr((
        instance.memories, instance.times_ms, instance.sizes, instance.work_ms, instance.link_kb,
        instance.demands_ms, sorted(instance.links_kb.items()), instance.worth_percent,
    ))  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()[:16]


RECORDED = Path(__file__).with_name("optima.json")  # of the instances of docs/serving.md


class Cache:
    """Optima by digest: those that ship, and a file below runs/ that grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, dict[str, object]] = {}
        for source in (RECORDED, path):
            try:
                self.rows.update(json.loads(source.read_text()))
            except (OSError, ValueError):
                continue  # none yet, or half written: it is solved again

    def best(self, instance: Instance, limit_s: float) -> Best:
        """Return the optimum, solved at most once."""
        name = digest(instance)
        row = self.rows.get(name)
        if row is None:
            best = solve(instance, limit_s)
            self.rows[name] = asdict(best)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(self.rows))
            return best
        return Best(**row)  # type: ignore[arg-type]
