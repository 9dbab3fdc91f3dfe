"""The liars' best play as text that a board can read: TABLES of the adversary game-optimal.

A row is (rule, honest nodes, liars, widest spread, digits). States are ascending honest values
relative to the smallest, in lexical order; for each state and each of its nodes the digits name
what each liar tells it, plus one: 0 is one below the smallest honest value.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from quelea.attack.rules import RULES
from quelea.games.solve import Game, Solution, answers, lies_of, solve

ROWS = (  # rule, n, f, widest spread that the table covers
    ("wmsr", 4, 1, 5),
    ("trimmed-mean", 4, 1, 5),
    ("midpoint", 4, 1, 5),
    ("wmsr", 7, 2, 4),
    ("trimmed-mean", 7, 2, 4),
    ("midpoint", 7, 2, 4),
)
LINE = 88  # digits a line of the derived file


def relative_states(honest: int, spread: int) -> Iterator[tuple[int, ...]]:
    """Yield the states from 0: ascending values whose smallest is 0."""
    for rest in itertools.combinations_with_replacement(range(spread + 1), honest - 1):
        yield (0, *rest)


def _best_successor(solution: Solution, state: tuple[int, ...]) -> tuple[int, ...]:
    """Return what each node of the state is to be made to do: hold most, and stay wide."""

    def worth(chosen: tuple[int, ...]) -> tuple[int, int]:
        after = tuple(sorted(chosen))
        return int(solution.value[solution.rank[after]]), after[-1] - after[0]

    choices = [
        solution.outcomes[own, state[:at] + state[at + 1 :]] for at, own in enumerate(state)
    ]
    return max(itertools.product(*choices), key=worth)


def play(solution: Solution, state: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return for each node of the state, in its order, what the liars tell it."""
    wanted = _best_successor(solution, state)
    own = np.array(state, dtype=np.int64)
    others = np.array([state[:at] + state[at + 1 :] for at in range(len(state))], dtype=np.int64)
    found = answers(solution.game, solution.rule, solution.rounding, own, others)
    lies = lies_of(solution.game)
    return [lies[int(np.flatnonzero(found[at] == wanted[at])[0])] for at in range(len(state))]


def digits(rule: str, nodes: int, liars: int, spread: int) -> str:
    """Return the digits of one row of TABLES."""
    game = Game(nodes, liars, spread + 2)
    solution = solve(game, dict(RULES)[rule])
    said: list[int] = []
    for state in relative_states(game.honest, spread):
        for lie in play(solution, tuple(value + 1 for value in state)):
            said += lie
    return "".join(map(str, said))


def tables() -> str:
    """Return the Python text of TABLES."""
    lines = ["TABLES = ("]
    for rule, nodes, liars, spread in ROWS:
        text = digits(rule, nodes, liars, spread)
        lines.append(f'    ("{rule}", {nodes - liars}, {liars}, {spread},')
        lines += [f'     "{text[at : at + LINE]}"' for at in range(0, len(text), LINE)]
        lines[-1] += "),"
    return "\n".join([*lines, ")"])


BEGIN = "# -- derived by `quelea games --write` ---"
END = "# -- end ---"


def spliced(source: str) -> str:
    """Return the adversary's source with TABLES as they are now."""
    head, _, rest = source.partition(BEGIN)
    first, _, _ = rest.partition("\n")
    tail = rest.partition(END)[2]
    return f"{head}{BEGIN}{first}\n# fmt: off\n{tables()}\n# fmt: on\n{END}{tail}"
