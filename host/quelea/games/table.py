"""The table of all games: every rule and rounding, as rows, as text and as docs/games.md."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from quelea_proto.rules import RULES as PROTOCOL

from quelea.attack.rules import PEERS, ROUNDINGS, RULES, Rounding, Rule
from quelea.games.solve import Game, solve

GAMES = (
    Game(4, 1, 7),
    Game(4, 1, 12),
    Game(5, 1, 7),
    Game(6, 1, 7),
    Game(7, 1, 5),
    Game(7, 2, 5),
    Game(7, 2, 7),
)
ROUNDED_GAMES = (Game(4, 1, 7), Game(5, 1, 7), Game(7, 2, 5))
ROUNDED = ("wmsr", "trimmed-mean", "midpoint", "f_tt", "median", "naive")  # rounded in every way
TOLERANT = tuple(name for name, _, tolerant in PROTOCOL if tolerant)


@dataclass(frozen=True)
class Contender:
    """A rule with a rounding; ours: whether it is a rule of the protocol, as it stands there."""

    name: str
    rounding: str
    ours: bool

    @property
    def functions(self) -> tuple[Rule, Rounding]:
        return dict((*RULES, *PEERS))[self.name], dict(ROUNDINGS)[self.rounding]


@dataclass(frozen=True)
class Result:
    """held: the widest spread that the liars hold for ever; valid: never outside the hull."""

    contender: Contender
    game: Game
    held: int
    valid: bool

    @property
    def cell(self) -> str:
        """ "2", "R" for the whole range, and a ! where the honest hull was left."""
        text = "R" if self.held == self.game.span else str(self.held)
        return text if self.valid else text + "!"


def contenders() -> Iterator[Contender]:
    """Every rule half up, as the protocol rounds; then some rounded in the other ways."""
    for name, _ in (*RULES, *PEERS):
        yield Contender(name, "half up", name in dict(RULES))
    for name in ROUNDED:
        for rounding, _ in ROUNDINGS[1:]:
            yield Contender(name, rounding, False)


@cache
def result(contender: Contender, game: Game) -> Result:
    """Solve one game for one contender."""
    solution = solve(game, *contender.functions)
    return Result(contender, game, solution.held, solution.valid)


def best(games: Iterable[Game] = GAMES) -> str:
    """Return the protocol's rule for small committees: whose worst game is the least bad.

    Ties go to the smaller sum over all games, then to the order of the protocol's table.
    """
    games = tuple(games)

    def worst(name: str) -> tuple[int, int]:
        held = [result(Contender(name, "half up", True), game).held for game in games]
        return max(held), sum(held)

    return min(TOLERANT, key=worst)


def asked(contender: Contender, games: Iterable[Game]) -> tuple[Game, ...]:
    """Return the games to solve for a contender: other roundings are only asked the smaller."""
    other = contender.rounding != "half up"
    return tuple(game for game in games if not other or game not in GAMES or game in ROUNDED_GAMES)


def text(games: Iterable[Game], rows: Iterable[Contender]) -> str:
    """Return a table for people, one line a contender; - where a game was not asked."""
    games = tuple(games)
    heads = [f"n={game.nodes} f={game.liars} R={game.span}" for game in games]
    lines = [f"{'rule':<16}{'rounding':<15}" + "".join(f"{head:>14}" for head in heads)]
    for row in rows:
        solved = asked(row, games)
        cells = [result(row, game).cell if game in solved else "-" for game in games]
        start = f"{row.name:<16}{row.rounding:<15}"
        lines.append(start + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def _markdown(rows: Iterable[Contender], games: tuple[Game, ...]) -> list[str]:
    heads = [f"({game.nodes}, {game.liars}) R={game.span}" for game in games]
    lines = ["| rule | rounding | " + " | ".join(heads) + " |"]
    lines.append("| --- | --- |" + " --- |" * len(games))
    for row in rows:
        name = f"`{row.name}`" if row.ours else row.name
        cells = " | ".join(result(row, game).cell for game in games)
        lines.append(f"| {name} | {row.rounding} | {cells} |")
    return lines


def document() -> str:
    """Return docs/games.md."""
    rows = list(contenders())
    plain = _markdown((row for row in rows if row.rounding == "half up"), GAMES)
    by_rule = [row for name in ROUNDED for row in rows if row.name == name]
    rounded = _markdown(by_rule, ROUNDED_GAMES)
    chosen = best()
    worst = max(result(Contender(chosen, "half up", True), game).held for game in GAMES)
    return "\n".join([*HEAD, *plain, *MIDDLE, *rounded, *_tail(chosen, worst), ""])


HEAD = """\
<!-- Derived by `quelea games --write`; do not edit. `quelea games --check` compares. -->
# What liars can hold for ever: small games, solved

A complete graph of n nodes, f of them liars that know everything, all in step. In every round the
liars tell every honest node something else. The honest hold whole numbers in 0..R and follow one
rule with F = f. How far apart can the liars keep them, for ever, from the worst start?

    value(state) = min(spread(state), the best value among the states the liars can bring about)

The greatest solution is found from above over all states and all lies (`quelea games`, method in
`host/quelea/games/solve.py`). A cell is the largest value; **R** means that liars can prevent any
agreement; **!** that they can also bring an honest node outside the hull of the honest values.

## Every rule, rounded half up as the protocol does

Rules in code type are the protocol's. CS+ and GTS: Gaucher, Dieuleveut and Hendrikx 2025. f_tt:
Dolev and others 1986, every t-th survivor of the trimming averaged. naive: own value left out, a
third of what arrived trimmed, plain mean.

""".splitlines()

MIDDLE = """
- Of the rules that average, the midpoint and f_tt hold the liars to one unit in every game. What
  counts is the contraction: they look at the ends of what is left, not at its bulk, which a liar
  can thicken on each node's own side.
- Rules that decide by distance fail where f lies next to the own value are most of what counts as
  near: then the distance that decides is a liar's. With one liar among six or seven the clipping
  rules hold; dropping by distance (GTS) leaves the honest hull in every game but one.
- The median can be split for ever wherever the liars can make a majority of either part.

## The same, rounded in other ways

Half even, often called the unbiased choice, is worse than half up or floor: at a tie the nodes
round towards each other or apart as the liars please. Toward the own value stalls. The naive rule
does not say how it rounds.

""".splitlines()


def _tail(chosen: str, worst: int) -> list[str]:
    return f"""
## What follows

- The rule for small complete committees is `{chosen}`: {worst} unit at the worst. `quelea fleet`
  takes it where the graph is complete (docs/decisions/0001-which-rule.md).
- One unit is not zero: no rule here that looks at one round only reaches exact agreement. What
  needs equal bits needs a finishing phase.
- The liars' best play is exported as the adversary `game-optimal`; a test plays it against real
  agents in step, who then hold exactly what the table says.
""".rstrip().splitlines()
