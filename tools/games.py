"""Solve small games: how far apart can a liar hold the honest nodes for ever, at the worst?

Complete graphs of n nodes, f of them liars that tell every honest node something else in every
round. The honest hold values in 0..R and all follow one rule. A state is *held* at spread s if
the liars can go on for ever without the spread falling below s: the largest set of such states is
found by striking out, exhaustively. The table is the largest s; R itself means no agreement.
"""

import itertools
import sys
from collections.abc import Callable
from fractions import Fraction
from math import floor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "shared"))

from quelea_proto.rules import RULES

GAMES = ((4, 1, 7), (5, 1, 7), (7, 2, 5))  # n, f, R
State = tuple[int, ...]
Rule = Callable[[int, list[int], int], int]


def of_protocol(apply: Callable[[int, list[int], int, int], int]) -> Rule:
    """Return a rule of the protocol as a function of plain values."""
    return lambda own, values, faults: apply(own, [*values, 0], len(values), faults)


def midpoint(rounding: Callable[[Fraction], int]) -> Rule:
    """Return the fault-tolerant midpoint with another way of rounding."""

    def rule(own: int, values: list[int], faults: int) -> int:
        row = sorted([own, *values])
        return rounding(Fraction(row[faults] + row[-1 - faults], 2))

    return rule


def naive(own: int, values: list[int], faults: int) -> int:
    """The rule to avoid: own value left out, a third of what arrived trimmed, plain mean."""
    cut = len(values) * 33 // 100
    kept = sorted(values)[cut : len(values) - cut]
    return floor(Fraction(sum(kept), len(kept)) + Fraction(1, 2))


CONTENDERS: tuple[tuple[str, Rule], ...] = (
    *((name, of_protocol(apply)) for name, apply, tolerant in RULES if tolerant),
    ("midpoint, floor", midpoint(floor)),
    ("midpoint, half even", midpoint(round)),
    ("naive", naive),
)


def successors(state: State, rule: Rule, faults: int, span: int) -> set[State]:
    """Return every state that the liars can bring about next."""
    outcomes = []
    for i, own in enumerate(state):
        honest = [*state[:i], *state[i + 1 :]]
        lies = itertools.combinations_with_replacement(range(span + 1), faults)
        outcomes.append({rule(own, [*honest, *lie], faults) for lie in lies})
    return {tuple(sorted(chosen)) for chosen in itertools.product(*outcomes)}


def held(rule: Rule, nodes: int, faults: int, span: int) -> int:
    """Return the largest spread that the liars can hold for ever."""
    states = itertools.combinations_with_replacement(range(span + 1), nodes - faults)
    moves = {state: successors(state, rule, faults, span) for state in states}
    for spread in range(span, 0, -1):
        alive = {state for state in moves if state[-1] - state[0] >= spread}
        while True:
            staying = {state for state in alive if moves[state] & alive}
            if staying == alive:
                break
            alive = staying
        if alive:
            return spread
    return 0


def main() -> None:
    """Print the table."""
    heads = [f"n={nodes} f={faults} R={span}" for nodes, faults, span in GAMES]
    print(f"{'rule':<20}" + "".join(f"{head:>14}" for head in heads))
    for name, rule in CONTENDERS:
        row = [held(rule, *game) for game in GAMES]
        print(f"{name:<20}" + "".join(f"{spread:>14}" for spread in row))


if __name__ == "__main__":
    main()
