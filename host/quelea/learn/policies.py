"""The table of the story: a trained policy beside all other rules, on the same instances.

Every row is run by the firmware's own agents. What a policy is compared with, besides the rules
that learn nothing: itself untrained, one that imitates damped migration, and itself in floats.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from quelea_agent import choice
from quelea_agent.choice import policy

from quelea.journal import Check
from quelea.learn import bandit, tables
from quelea.learn.quantised import Net, logits_of
from quelea.story.course import NEVER, Mode, Phase
from quelea.story.trials import ROUNDS, Figures, Trial, measure

RHO = 0.97
QUICK, EXACT = "policy, remembering", "policy, in floats"
LEAST = 0.97  # of the optimum
LOSS_MOST = 0.01  # of the optimum, by rounding to 8 bits
TRAINED, UNTRAINED = "policy", "policy, untrained"
FLOATS, TABLE = "policy, floats", "q-learning"
AGAIN = "policy, seed-"  # rows of the same training from another seed
Memories = Mapping[str, bytes]


class Quick(policy.Policy):  # type: ignore[misc]  # the firmware's classes have no types
    """The firmware's rule; a score that was computed once is not computed again."""

    _score: Any

    def __init__(self, me: Any) -> None:
        super().__init__(me)
        if self.network is not None:
            known: dict[bytes, int] = {}
            plain: Any = self._score

            def score(values: bytearray) -> int:
                key = bytes(values)
                if key not in known:
                    known[key] = plain(values)
                return known[key]

            self._score = score


class Exact(policy.Policy):  # type: ignore[misc]
    """The same rule with the network as it was trained; me.memory: packed_floats()."""

    def __init__(self, me: Any) -> None:
        file, net = unpacked_floats(me.memory)
        super().__init__(me, file)
        unit = 2.0 ** self.network.layers[-1].shift / np.log(2)
        self._score = lambda values: round(float(logits_of(net, values)) * unit)


def packed_floats(file: bytes, net: Net) -> bytes:
    """Return a file and the floats that it was made of, as one."""
    rows = [[weights.tolist(), biases.tolist()] for weights, biases in net]
    return json.dumps([file.hex(), rows]).encode()


def unpacked_floats(memory: bytes) -> tuple[bytes, Net]:
    """Return what packed_floats() packed."""
    file, rows = json.loads(memory)
    return bytes.fromhex(file), [(np.array(weights), np.array(biases)) for weights, biases in rows]


@dataclass(frozen=True)
class Row:
    """A row of the table. memory: the name of what its agents begin with."""

    name: str
    mode: Mode
    memory: str = ""


def _throttled(rule: str) -> Mode:
    return Mode(rule, throttled=True)


def whole(rule: str) -> Mode:
    """Return how agents behave that are inside their caps and believe no proven liar."""
    return Mode(rule, throttled=True, checked=True)


ROWS = (
    Row("greedy", Mode("greedy")),
    Row("random", Mode("random")),
    Row("bandit", Mode(bandit.NAME)),
    Row("greedy, throttled", _throttled("greedy")),
    Row("random, throttled", _throttled("random")),
    Row("bandit, throttled", _throttled(bandit.NAME)),
    Row("damped, throttled", _throttled("damped")),
    Row("regret, throttled", _throttled("regret")),
    Row(TABLE, whole(TABLE), "table"),
    Row(UNTRAINED, whole(QUICK), "untrained"),
    Row("policy, imitating damped", whole(QUICK), "imitation"),
    Row("policy, not throttled", Mode(QUICK, checked=True), "policy"),
    Row(FLOATS, whole(EXACT), "floats"),
    Row(TRAINED, whole(QUICK), "policy"),
)


def register() -> None:
    """Let this process find the rules of the table by their names."""
    bandit.register()
    for name, kind in ((QUICK, "Quick"), (EXACT, "Exact")):
        if not choice.known(name):
            choice.CHOICES = (*choice.CHOICES, (name, __name__, kind))


def one(row: Row, seed: int, memory: bytes) -> Figures:
    """Run a row on a seed; for a pool of processes."""
    register()
    return measure(Trial(row.name, RHO, (Phase(row.name, ROUNDS, row.mode),)), seed, memory=memory)


def tabulate(
    seeds: range, memories: Memories, jobs: int, rows: tuple[Row, ...] = ROWS
) -> dict[str, list[Figures]]:
    """Return the figures of every row by seed."""
    work = [(row, seed) for row in rows for seed in seeds]
    done = Parallel(n_jobs=jobs or -1)(
        delayed(one)(row, seed, memories[row.memory] if row.memory else b"") for row, seed in work
    )
    found: dict[str, list[Figures]] = {row.name: [] for row in rows}
    for (row, _), figures in zip(work, done, strict=True):
        found[row.name].append(figures)
    return found


def shown(rows: Mapping[str, list[Figures]]) -> list[list[str]]:
    """Return the table: a heading, then a line a row."""
    lines = [["rule", "first 20", "last 100", "deviation", "worst", "over", "overasked", "rounds"]]
    for name, seeds in rows.items():
        last = np.array([one.last for one in seeds])
        stay = float(np.median([one.stay for one in seeds]))
        lines.append([
            name, f"{np.mean([one.first for one in seeds]):.3f}", f"{last.mean():.4f}",
            f"{last.std():.4f}", f"{last.min():.4f}",
            f"{np.mean([one.overloaded for one in seeds]):.2f}",
            f"{np.mean([one.overasked for one in seeds]):.2f}",
            "never" if stay == NEVER else f"{stay:g}",
        ])  # fmt: skip
    return lines


def trained(rows: Mapping[str, list[Figures]]) -> list[str]:
    """Return the rows of policies that were trained alike, from one seed each."""
    return [name for name in rows if name == TRAINED or name.startswith(AGAIN)]


def over_seeds(rows: Mapping[str, list[Figures]]) -> dict[str, tuple[float, float]]:
    """Return mean and deviation over training seeds, of what each comes to on all instances."""
    found = {}
    for figure in ("first", "last", "overasked", "overloaded"):
        means = [np.mean([getattr(one, figure) for one in rows[name]]) for name in trained(rows)]
        found[figure] = (float(np.mean(means)), float(np.std(means)))
    return found


def held(rows: Mapping[str, list[Figures]]) -> list[Check]:
    """Hold the trained policy to the optimum, to its caps, and to what is less than it."""

    def mean(name: str, figure: str) -> float:
        return float(np.mean([getattr(one, figure) for one in rows[name]]))

    last = mean(TRAINED, "last")
    over = max(one.overloaded for one in rows[TRAINED])
    found = [
        Check("policy: last 100, share of the optimum, mean", last >= LEAST, round(last, 4),
              LEAST, "of optimum"),
        Check("policy: servers over their caps", over == 0, over, 0, "of 8"),
    ]  # fmt: skip
    if UNTRAINED in rows:
        more = round(last - mean(UNTRAINED, "last"), 4)
        asked, before = mean(TRAINED, "overasked"), mean(UNTRAINED, "overasked")
        found += [
            Check("policy: more than untrained", more > 0, more, 0.0, "of optimum"),
            Check("policy: servers asked for too much, fewer than untrained", asked < before,
                  round(asked, 3), round(before, 3), "of 8"),
        ]  # fmt: skip
    if TABLE in rows:
        asked, table = mean(TRAINED, "overasked"), mean(TABLE, "overasked")
        found.append(Check("policy: servers asked for too much, fewer than by a table",
                           asked < table, round(asked, 3), round(table, 3), "of 8"))  # fmt: skip
        alike = round(over_seeds(rows)["overasked"][0], 3)
        found.append(Check("training seeds: servers asked for too much, mean, fewer than that",
                           alike < table, alike, round(table, 3), "of 8"))  # fmt: skip
    worst = round(min(mean(name, "last") for name in trained(rows)), 4)
    found.append(Check("training seeds: last 100, share of the optimum, worst", worst >= LEAST,
                       worst, LEAST, "of optimum"))  # fmt: skip
    if FLOATS in rows:
        loss = round(mean(FLOATS, "last") - last, 4)
        found.append(Check("policy: lost by 8 bits", loss <= LOSS_MOST, loss, LOSS_MOST,
                           "of optimum"))  # fmt: skip
    return found


def table_memory(episodes: int = 30) -> bytes:
    """Return a table for the row of q-learning, trained as `quelea train q` does."""
    return tables.dumped(tables.train(episodes))
