"""One fleet under every attack, by every rule: T rounds, and what is left at the end.

All rules and attacks share the draws of a round, so they are compared on the same runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quelea.attack.claims import Claim, Sight
from quelea.attack.rules import Ints, Rule, half_up
from quelea.attack.setting import HI_Q, LO_Q, Crowd, Round
from quelea.kernels import columns

Step = Callable[[Ints, Ints, int], Ints]  # (own, values, faults_max) -> new values
CAPTURED_SHARE = 0.01  # of the initial spread: further from the honest median is captured
AT_REST = 10  # rounds without any change: the rest would be the same


@dataclass(frozen=True)
class Cell:
    """captured: share of honest nodes far from the honest median. error: 95th percentile of the
    distance to the mean of the honest inputs. spread: of the honest. All as shares of 1; error
    and spread of the initial spread."""

    captured: float
    error: float
    spread: float

    def as_dict(self) -> dict[str, float]:
        return {
            "captured_percent": round(100 * self.captured, 3),
            "error_percent": round(100 * self.error, 3),
            "spread_percent": round(100 * self.spread, 3),
        }


def rounded(rule: Rule) -> Step:
    """Return a rule as a step: half up, and its own value kept where too little was received."""

    def step(own: Ints, values: Ints, faults_max: int) -> Ints:
        if len(values) < 2 * faults_max + 1:
            return own
        total, count = rule(own, values, faults_max)
        return half_up(total, count, own)

    return step


def compiled(name: str) -> Step:
    """Return a rule of the protocol as a step, by the kernels."""

    def step(own: Ints, values: Ints, faults_max: int) -> Ints:
        return columns(name, own, values, faults_max)

    return step


def measure(values: Ints, first: Ints) -> Cell:
    """Return what the honest nodes ended with, against where they began."""
    width = max(1, int(first.max()) - int(first.min()))
    far = np.abs(values - np.median(values)) > CAPTURED_SHARE * width
    error = np.percentile(np.abs(values - first.mean()), 95) / width
    return Cell(float(far.mean()), float(error), (int(values.max()) - int(values.min())) / width)


def _received(own: Ints, claim: Ints | int, round_: Round) -> Ints:
    """Return shape (k, honest): what every honest node hears; claim is not None."""
    known = np.append(own, np.int32(claim if isinstance(claim, int) else 0))
    values = known.take(round_.heard, mode="clip")  # every liar is the one entry at the end
    if not isinstance(claim, int):
        per_node = len(claim) == len(own) and len(claim) != len(round_.nodes)
        values[round_.slots, round_.nodes] = claim[round_.nodes] if per_node else claim
    return values


def _without_liars(own: Ints, round_: Round, faults_max: int, step: Step) -> Ints:
    """A round in which the liars are silent: nodes by how many messages they received."""
    values = _received(own, np.iinfo(np.int32).max, round_)
    missing = np.bincount(round_.nodes, minlength=len(own))
    values.sort(axis=0)
    after = own.copy()
    for count in np.unique(missing):
        here = np.flatnonzero(missing == count)
        heard = np.ascontiguousarray(values[: len(values) - count, here])
        after[here] = step(own[here], heard, faults_max)
    return after


class Runner:
    """One attack against one rule on one crowd; the caller deals the rounds."""

    def __init__(
        self,
        crowd: Crowd,
        first: Ints,
        sides: Ints,
        attack: Callable[[Sight], Claim],
        step: Step,
        rounds: int,
    ) -> None:
        self.crowd = crowd
        self.first = first
        self.own = first
        self.sides = sides
        self.attack = attack
        self.rule = step
        self.rounds = rounds
        self.rng = np.random.default_rng([crowd.seed, 4])
        self.still = 0

    @property
    def at_rest(self) -> bool:
        return self.still >= AT_REST

    def round(self, at: int, round_: Round) -> None:
        """Do round number `at`."""
        faults_max = self.crowd.setting.faults_max
        sight = Sight(
            self.own,
            self.first,
            at,
            self.rounds,
            round_,
            faults_max,
            self.sides,
            self.rng,
            lambda own, values: self.rule(own, values, faults_max),
        )
        claim = self.attack(sight)
        if claim is None:
            after = _without_liars(self.own, round_, faults_max, self.rule)
            self.still = -self.rounds  # it will speak
        else:
            after = self.rule(self.own, _received(self.own, claim, round_), faults_max)
        self.still = self.still + 1 if (after == self.own).all() else min(self.still, 0)
        self.own = np.clip(after, LO_Q, HI_Q).astype(np.int32, copy=False)


def run(
    crowd: Crowd,
    attacks: Sequence[tuple[str, Callable[[Sight], Claim]]],
    steps: Sequence[tuple[str, Step]],
    rounds: int,
) -> dict[tuple[str, str], Cell]:
    """Return the cell of every (attack, rule)."""
    first = crowd.inputs()
    sides = crowd.sides()
    runners = {
        (attack, rule): Runner(crowd, first, sides, claim, step, rounds)
        for attack, claim in attacks
        for rule, step in steps
    }
    going = list(runners.values())
    for at, round_ in enumerate(crowd.rounds(rounds)):
        for runner in going:
            runner.round(at, round_)
        going = [runner for runner in going if not runner.at_rest]
        if not going:
            break
    return {key: measure(runner.own, first) for key, runner in runners.items()}
