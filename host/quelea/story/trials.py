"""TRIALS: what the table of the story runs on many seeds, and the bounds it is held to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quelea.journal import Check
from quelea.story import setting, tale
from quelea.story.course import (
    COORDINATED,
    GREEDY,
    NEVER,
    RECOVERY_WINDOW,
    THRESHOLD,
    Mode,
    Phase,
    rounds_to_stay,
    run,
)

ROUNDS = 400
LAST = 100  # rounds at the end that are called converged
SHOCK_ROUNDS = 250
HALVED = 5  # the server of 140 units
LIES = ("random", "empty", "flip", "sly")  # those of the table


@dataclass(frozen=True)
class Trial:
    """A row of the table. phases: the last one is measured."""

    name: str
    rho: float
    phases: tuple[Phase, ...]

    @property
    def label(self) -> str:
        return f"{self.name}, rho {self.rho:g}"


@dataclass(frozen=True)
class Figures:
    """What one seed of a trial came to, over its last phase. Shares are of the optimum."""

    first: float  # first 20 rounds
    last: float  # last 100
    stay: int  # rounds until the mean of 20 stays above .97
    recovery: int  # the same with a mean of 10
    overloaded: float  # servers, last 100
    overasked: float
    fairness: float  # last 100
    messages_most: float  # an agent, the round with most
    messages: float  # an agent and round, last 100
    capacity: float  # goodput as a share of all capacity, last 100


def _plain(name: str, mode: Mode, rho: float = 0.97, liars: int = 0, lie: str = "random") -> Trial:
    return Trial(name, rho, (Phase(name, ROUNDS, mode, liars=liars, lie=lie),))


def _shock(name: str, mode: Mode) -> Trial:
    before = Phase("before", SHOCK_ROUNDS, mode)
    return Trial(name, 0.85, (before, Phase("after", ROUNDS, mode, halved=HALVED, permuted=True)))


def trials(rule: str = COORDINATED.rule) -> tuple[Trial, ...]:
    """Return all trials; rule: the rule of choice of the coordinated ones."""
    whole = Mode(rule, throttled=True, checked=True, adaptive=True)
    believing = Mode(rule, throttled=True, adaptive=True)
    choice_only = Mode(rule, checked=True, adaptive=True)
    return (
        _plain("greedy", GREEDY),
        _plain("random", Mode("random")),
        _plain("damped", Mode("damped")),
        _plain("regret", Mode("regret")),
        _plain("damped throttled", Mode("damped", throttled=True)),
        _plain("regret throttled", Mode("regret", throttled=True)),
        _plain("coordinated, not throttled", choice_only),
        _plain("coordinated", whole),
        _plain("coordinated", whole, rho=0.9),
        _plain("coordinated", whole, rho=1.2),
        _plain("always speaking", Mode(rule, throttled=True, checked=True)),
        _shock("shock", whole),
        _plain("damped, 10 % liars", Mode("damped"), liars=5),
        _plain("believing, 10 % liars", believing, liars=5),
        _plain("10 % liars", whole, liars=5),
        _plain("20 % liars", whole, liars=10),
        *(
            _plain(f"{share} % liars, {lie}", whole, liars=share // 2, lie=lie)
            for lie in LIES[1:]
            for share in (10, 20)
        ),
    )


def measure(
    trial: Trial, seed: int, kappa_percent: int = 100, memory: bytes = b"",
    own_clocks: bool = False,
) -> Figures:  # fmt: skip
    """Run one seed of a trial; memory: what agents that learn begin with."""
    instance = setting.draw(seed, trial.rho)
    course = list(run(instance, trial.phases, kappa_percent, memory, own_clocks))[-1][1]
    share = course.share
    return Figures(
        first=float(share[:20].mean()),
        last=float(share[-LAST:].mean()),
        stay=rounds_to_stay(share),
        recovery=rounds_to_stay(share, RECOVERY_WINDOW),
        overloaded=float(np.mean(course.overloaded[-LAST:])),
        overasked=float(np.mean(course.overasked[-LAST:])),
        fairness=float(np.mean(course.fairness[-LAST:])),
        messages_most=max(course.messages),
        messages=float(np.mean(course.messages[-LAST:])),
        capacity=float(np.mean(course.goodput[-LAST:])) / sum(setting.CAPACITIES),
    )


Rows = dict[str, list[Figures]]


def checks(rows: Rows, own_clocks: bool = False) -> list[Check]:
    """Return every bound that the rows at hand can be held to; see tale.GREEDY_MOST."""
    found: list[Check] = []

    def ask(
        label: str, what: str, value: Callable[[Sequence[Figures]], float], bound: float,
        unit: str, at_least: bool,
    ) -> None:  # fmt: skip
        if label in rows:
            number = float(value(rows[label]))
            ok = number >= bound if at_least else number <= bound
            found.append(Check(f"{label}: {what}", ok, round(number, 4), bound, unit))

    def mean(name: str) -> Callable[[Sequence[Figures]], float]:
        return lambda seeds: float(np.mean([getattr(one, name) for one in seeds]))

    greedy = tale.GREEDY_MOST if own_clocks else 0.50
    recovery = 60 if own_clocks else 30
    main, full, shock = "coordinated, rho 0.97", "coordinated, rho 1.2", "shock, rho 0.85"
    ask("greedy, rho 0.97", "last 100, mean", mean("last"), greedy, "of optimum", False)
    ask(main, "last 100, mean", mean("last"), 0.995, "of optimum", True)
    ask(main, "last 100, worst seed", _worst("last"), 0.98, "of optimum", True)
    ask(main, "rounds to stay above .97, median", _median("stay"), 60, "rounds", False)
    ask(main, "seeds that do not converge", _lost, 0, "seeds", False)
    ask(main, "overloaded servers", mean("overloaded"), 0.1, "of 8", False)
    ask(main, "messages, most", _most("messages_most"), 2.0, "an agent and round", False)
    ask(main, "messages, last 100", mean("messages"), 0.5, "an agent and round", False)
    ask(full, "goodput, mean", mean("capacity"), 0.99, "of capacity", True)
    ask(full, "Jain of satisfaction, mean", mean("fairness"), 0.98, "", True)
    back = "rounds to be back at .97, worst seed"
    ask(shock, back, _most("recovery"), recovery, "rounds", False)
    for share, bound in ((10, THRESHOLD), (20, 0.95)):
        label = f"{share} % liars, rho 0.97"
        ask(label, "last 100, mean", mean("last"), bound, "of optimum", True)
    return found


def _worst(name: str) -> Callable[[Sequence[Figures]], float]:
    return lambda seeds: min(getattr(one, name) for one in seeds)


def _most(name: str) -> Callable[[Sequence[Figures]], float]:
    return lambda seeds: max(getattr(one, name) for one in seeds)


def _median(name: str) -> Callable[[Sequence[Figures]], float]:
    return lambda seeds: float(np.median([getattr(one, name) for one in seeds]))


def _lost(seeds: Sequence[Figures]) -> float:
    return sum(one.stay == NEVER for one in seeds)
