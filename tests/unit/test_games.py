"""Games: the solver against a second one and hand-solved cases; the play against real agents."""

import importlib.util
import itertools
import json
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from quelea import adversaries
from quelea.adversaries.forge import Attack
from quelea.adversaries.knowledge import Knowledge
from quelea.attack.rules import PEERS, ROUNDINGS, RULES
from quelea.errors import UserError
from quelea.games import command, strategy, table
from quelea.games.solve import Game, solve
from quelea.games.table import Contender, result
from quelea_proto.rules import RULES as PROTOCOL
from small_fleet import due, fleet

ROOT = Path(__file__).resolve().parent.parent.parent
ALL = dict((*RULES, *PEERS))
ROUND = dict(ROUNDINGS)


def held(name: str, n: int, f: int, span: int, rounding: str = "half up") -> str:
    return result(Contender(name, rounding, False), Game(n, f, span)).cell


def test_published_table() -> None:
    """The figures this project was founded on, for (4,1), (5,1) and (7,2)."""
    games = ((4, 1, 7), (5, 1, 7), (7, 2, 5))
    wanted = {
        "midpoint": "1 1 1", "f_tt": "1 1 1", "trimmed-mean": "1 1 2", "wmsr": "2 1 4",
        "median": "1 R R", "CS+": "R R R", "trim-and-clip": "R R R",
        "clipped-wmsr": "R R R",
    }  # fmt: skip
    found = {name: " ".join(held(name, *game) for game in games) for name in wanted}
    assert found == wanted
    assert [held("midpoint", *game, "half even") for game in games] == ["2", "2", "2"]
    assert [held("midpoint", *game, "floor") for game in games] == ["1", "1", "1"]
    assert held("wmsr", 4, 1, 7, "toward own") == held("wmsr", 4, 1, 12, "toward own") == "4"
    assert held("trimmed-mean", 4, 1, 7, "toward own") == "2"
    assert held("median", 4, 1, 7, "half even") == "2"
    assert held("naive", 4, 1, 7, "away from own") == "5!", "the hull is left"


def struck_out(apply, game: Game) -> int:
    """A second solver, by striking out: the largest set of states the liars can stay in."""
    levels = range(game.span + 1)

    def ask(own, others, lies):
        values = [*others, *lies]
        return apply(own, [*values, 0], len(values), game.liars)

    moves = {}
    for state in itertools.combinations_with_replacement(levels, game.honest):
        reach = []
        for at, own in enumerate(state):
            others = state[:at] + state[at + 1 :]
            all_lies = itertools.product(levels, repeat=game.liars)
            reach.append({ask(own, others, lies) for lies in all_lies})
        moves[state] = {tuple(sorted(one)) for one in itertools.product(*reach)}
    for spread in range(game.span, 0, -1):
        alive = {state for state in moves if state[-1] - state[0] >= spread}
        while alive:
            staying = {state for state in alive if moves[state] & alive}
            if staying == alive:
                return spread
            alive = staying
    return 0


@pytest.mark.parametrize("name", [name for name, _, tolerant in PROTOCOL if tolerant])
def test_two_solvers_agree(name: str) -> None:
    """Value iteration on fractions against striking out on the protocol's own functions."""
    apply = next(row[1] for row in PROTOCOL if row[0] == name)
    for game in (Game(4, 1, 6), Game(5, 1, 4)):
        assert solve(game, ALL[name]).held == struck_out(apply, game)


def test_every_k_n_up_to_range_12_of_the_midpoint() -> None:
    """The claim of the default rule on the largest ranges that are quick enough for a test."""
    for game in (Game(4, 1, 12), Game(5, 1, 12), Game(6, 1, 8), Game(7, 1, 6), Game(7, 2, 8)):
        solution = solve(game, ALL["midpoint"])
        assert solution.held == 1 and solution.valid, game


def test_without_liars_nobody_is_held_apart() -> None:
    """F = 0 on a complete graph: all hear the same, so they agree after one round."""
    for name in ("mean", "midpoint", "median", "trimmed-mean"):
        assert solve(Game(4, 0, 5), ALL[name]).held == 0
    assert table.best() == "midpoint"


class Lockstep:
    """A complete graph of real agents in step, its liars playing game-optimal."""

    def __init__(self, rule: str, nodes: int, liars: int, start: tuple[int, ...]) -> None:
        edges = tuple(itertools.combinations(range(1, nodes + 1), 2))
        self.agents = fleet(edges, rule=rule, faults_max=liars, hi_q=100)
        self.honest = list(self.agents)[: nodes - liars]
        lying = list(self.agents)[nodes - liars :]
        world = Knowledge(
            {number: SimpleNamespace(agent=one) for number, one in self.agents.items()}, lying
        )
        lie = adversaries.load("game-optimal")
        options = {"liars": lying}
        self.hands = {
            number: Attack(self.agents[number].settings, options, lie, world) for number in lying
        }
        for number, value_q in zip(self.agents, (*start, *[50] * liars)):
            self.agents[number].sense(0, value_q)
        for one in self.agents.values():
            due(one)

    def spread(self) -> int:
        values = [self.agents[number].value_q for number in self.honest]
        return max(values) - min(values)

    def round(self) -> None:
        """Everybody shows its value, liars what they like; then all do a round at once."""
        said: dict[tuple[int, int], bytes] = {}
        for number, one in self.agents.items():
            frames = [(0, one.outbox.buffer)]
            if number in self.hands:
                frames = self.hands[number].forge(0, one, frames)
            for dest, buffer in frames:
                for to in [dest] if dest else one.settings.numbers:
                    said[number, to] = bytes(buffer)
        for (source, to), payload in said.items():
            one = self.agents[to]
            one.step(one.next_wake_ms - 1, [(source, payload)])
        for one in self.agents.values():
            one.step(one.next_wake_ms, ())


@pytest.mark.parametrize("row", strategy.ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[2]}")
def test_real_agents_hold_what_the_game_says(row: tuple[str, int, int, int]) -> None:
    """The exported play, against agents: the spread stays at the game's value for ever."""
    rule, nodes, liars, spread = row
    solution = solve(Game(nodes, liars, spread + 2), ALL[rule])
    width = solution.states[:, -1] - solution.states[:, 0]
    best = int(((solution.value == solution.held) & (width <= spread)).argmax())
    start = tuple(40 + int(value) for value in solution.states[best])
    world = Lockstep(rule, nodes, liars, start)
    spreads = []
    for _ in range(60):
        world.round()
        spreads.append(world.spread())
    assert min(spreads) == solution.held, (start, spreads)
    assert min(hand.forged for hand in world.hands.values()) > 0


def test_from_far_apart_the_play_ends_in_the_held_states(seed: int) -> None:
    """From any start the liars bring W-MSR on K4 to a spread of 2 and keep it there."""
    rng = random.Random(seed)
    for _ in range(20):
        world = Lockstep("wmsr", 4, 1, tuple(rng.randrange(101) for _ in range(3)))
        for _ in range(30):
            world.round()
        assert world.spread() <= 2


def test_the_derived_files_are_as_the_games_say() -> None:
    """A small part of `quelea games --check`: the adversary's tables, and the document's head."""
    source = (ROOT / command.ADVERSARY).read_text()
    assert strategy.spliced(source) == source, "run `quelea games --write`"
    document = (ROOT / command.DOCUMENT).read_text()
    row = " | ".join(held("wmsr", game.nodes, game.liars, game.span) for game in table.GAMES)
    assert f"| `wmsr` | half up | {row} |" in document


@pytest.mark.parametrize(
    "game, flag",
    [((2, 0, 5), "--n"), ((8, 1, 5), "--n"), ((4, 2, 5), "--f"), ((7, 3, 5), "--f"),
     ((4, 1, 0), "--range"), ((7, 1, 20), "--range")],
)  # fmt: skip
def test_what_is_no_game_is_refused(game: tuple[int, int, int], flag: str) -> None:
    with pytest.raises(UserError) as caught:
        Game(*game).check()
    assert caught.value.where == flag


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "quelea.cli", "games", *args],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def test_command() -> None:
    done = run("--n", "4", "--f", "1", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0 and found["verdict"] is True and found["best"] == "midpoint"
    held_q = {one["rule"]: one["held_q"] for one in found["games"] if one["rounding"] == "half up"}
    assert held_q["midpoint"] == 1 and held_q["CS+"] == 7
    assert all({"name", "ok", "value", "bound", "unit"} == set(one) for one in found["checks"])
    done = run("--rule", "nice")
    assert done.returncode == 2 and "one of:" in done.stderr
    done = run("--n", "7", "--f", "2", "--range", "3", "--rule", "wmsr", "--rounding", "floor")
    assert done.returncode == 0 and "wmsr" in done.stdout


def python_module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_states_are_counted_as_the_board_counts_them() -> None:
    play = python_module(ROOT / command.ADVERSARY)
    for honest, spread in ((3, 5), (5, 4), (2, 3)):
        states = list(strategy.relative_states(honest, spread))
        assert [play.rank(list(state), spread) for state in states] == list(range(len(states)))
