"""One game, solved: the widest spread of the honest that the liars can hold for ever.

Complete graph of n nodes, f of them liars, the other h = n - f honest with values in 0..R, all in
step. In every round the liars, who know everything, tell every honest node f values of their
choice in 0..R, others to each. All honest nodes follow one rule.

value(state) = min(spread(state), the best value among the states that the liars can bring about)

is the largest spread held for ever from a state; its greatest solution is found from above. Equal
nodes are interchangeable, so states are ascending tuples: C(R + h, h) of them.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from numpy.typing import NDArray

from quelea.attack.rules import Ints, Rounding, Rule, half_up
from quelea.errors import UserError

NODES_MAX = 7
LIARS_MAX = 2
CELLS_MAX = 5_000_000  # (R + 1)^h one-byte values: what a game may take of memory and time
BATCH = 200_000  # rule evaluations at once


@dataclass(frozen=True)
class Game:
    """n nodes, f liars, honest values 0..R."""

    nodes: int
    liars: int
    span: int

    @property
    def honest(self) -> int:
        return self.nodes - self.liars

    def check(self) -> None:
        """Raise UserError for a game that is no game or too large to solve here."""
        rows = (
            ("--n", self.nodes, 3, NODES_MAX),
            ("--f", self.liars, 0, LIARS_MAX),
            ("--range", self.span, 1, 255),
        )
        for flag, value, smallest, largest in rows:
            if not smallest <= value <= largest:
                raise UserError(f"{value} is out of range", flag, f"{smallest} to {largest}")
        if self.nodes < 3 * self.liars + 1:
            raise UserError(
                f"{self.liars} liars among {self.nodes} nodes",
                "--f",
                "each node needs 2F + 1 values of others: n >= 3f + 1, or nobody may move",
                f"`--n {3 * self.liars + 1}`" if 3 * self.liars < NODES_MAX else "`--f 2`",
            )
        cells = (self.span + 1) ** self.honest
        if cells > CELLS_MAX:
            raise UserError(
                f"{cells:,} states of {self.honest} honest nodes with values 0..{self.span}",
                "--range",
                f"at most {CELLS_MAX:,}",
                f"`--range {int(CELLS_MAX ** (1 / self.honest)) - 1}`",
            )


@dataclass(frozen=True)
class Solution:
    """What is known of a game once it is solved.

    states: shape (count, h), ascending rows. value: the spread held for ever from each.
    valid: whether no lie ever brought an honest node outside the hull of the honest values.
    """

    game: Game
    rule: Rule
    rounding: Rounding
    states: Ints
    value: Ints
    valid: bool
    outcomes: dict[tuple[int, tuple[int, ...]], tuple[int, ...]]

    @property
    def held(self) -> int:
        """The widest spread that the liars can hold for ever; R: no agreement at all."""
        return int(self.value.max())

    @cached_property
    def rank(self) -> dict[tuple[int, ...], int]:
        """Position of each state in states."""
        return {tuple(map(int, row)): at for at, row in enumerate(self.states)}


def lies_of(game: Game) -> list[tuple[int, ...]]:
    """Return every set of f lies that one node can be told; their order does not matter."""
    return list(itertools.combinations_with_replacement(range(game.span + 1), game.liars))


def answers(game: Game, rule: Rule, rounding: Rounding, own: Ints, others: Ints) -> Ints:
    """Return shape (asks, lies): what each node does when told each set of lies.

    own: shape (asks,); others: shape (asks, h - 1), the honest values it hears.
    """
    told = lies_of(game)
    lies = np.array(told, dtype=np.int64).reshape(len(told), game.liars)
    found = np.empty((len(own), len(lies)), dtype=np.int64)
    step = max(1, BATCH // len(lies))
    for first in range(0, len(own), step):
        here = slice(first, first + step)
        count = len(own[here])
        mine = np.repeat(own[here], len(lies))
        heard = np.concatenate(
            [np.repeat(others[here].T, len(lies), axis=1), np.tile(lies.T, (1, count))]
        )
        total, parts = rule(mine, heard, game.liars)
        found[here] = rounding(total, parts, mine).reshape(count, -1)
    return found


def _outcomes(
    game: Game, rule: Rule, rounding: Rounding
) -> tuple[dict[tuple[int, tuple[int, ...]], tuple[int, ...]], bool]:
    """Return what each (own, others) can be made to do, and whether the hull always held."""
    levels = range(game.span + 1)
    asks = [
        (own, others)
        for others in itertools.combinations_with_replacement(levels, game.honest - 1)
        for own in levels
    ]
    own = np.array([ask[0] for ask in asks], dtype=np.int64)
    others = np.array([ask[1] for ask in asks], dtype=np.int64)
    found = answers(game, rule, rounding, own, others)
    low = np.minimum(own, others.min(axis=1))
    high = np.maximum(own, others.max(axis=1))
    valid = bool((found.min(axis=1) >= low).all() and (found.max(axis=1) <= high).all())
    found = np.clip(found, 0, game.span)
    reached = np.zeros((len(asks), game.span + 1), dtype=bool)
    np.put_along_axis(reached, found, True, axis=1)
    sets = [tuple(map(int, np.flatnonzero(row))) for row in reached]
    return dict(zip(asks, sets, strict=True)), valid


def _grids(
    states: Ints, outcomes: dict[tuple[int, tuple[int, ...]], tuple[int, ...]]
) -> list[tuple[NDArray[np.intp], ...]]:
    """Return for each state the open mesh of what its nodes can be made to do."""
    grids = []
    for row in states:
        state = tuple(map(int, row))
        choices = [outcomes[own, state[:at] + state[at + 1 :]] for at, own in enumerate(state)]
        grids.append(np.ix_(*choices))
    return grids


def solve(game: Game, rule: Rule, rounding: Rounding = half_up) -> Solution:
    """Solve the game; UserError if it is none, or too large."""
    game.check()
    outcomes, valid = _outcomes(game, rule, rounding)
    levels = range(game.span + 1)
    rows = list(itertools.combinations_with_replacement(levels, game.honest))
    assert len(rows) == comb(game.span + game.honest, game.honest)
    states = np.array(rows, dtype=np.int64)
    # which state each unordered tuple is: the mesh of a state is looked up there
    shape = (game.span + 1,) * game.honest
    every = np.sort(np.indices(shape).reshape(game.honest, -1), axis=0)
    weights = (game.span + 1) ** np.arange(game.honest)[::-1]
    at_code = np.full((game.span + 1) ** game.honest, -1, dtype=np.int32)
    at_code[states @ weights] = np.arange(len(states))
    state_at = at_code[weights @ every].reshape(shape)
    value = states[:, -1] - states[:, 0]
    grids = _grids(states, outcomes)
    witness = np.full(len(states), -1)
    while True:
        open_states = np.flatnonzero((value > 0) & ((witness < 0) | (value[witness] < value)))
        full = value.astype(np.uint8)[state_at]
        changed = False
        for at in open_states:
            reach = full[grids[at]]
            best = int(reach.argmax())
            witness[at] = state_at[grids[at]].ravel()[best]
            if reach.ravel()[best] < value[at]:
                value[at] = reach.ravel()[best]
                changed = True
        if not changed:
            return Solution(game, rule, rounding, states, value, valid, outcomes)
