"""The whole fleet of the story takes the same course on every runtime, bit by bit.

The loop, agents and servers included, runs on MicroPython as it runs in `quelea story`; each round
is reduced to a digest of all choices, grants, loads, rumours and suspicions.
"""

import json
from pathlib import Path

import pytest
from conftest import need
from quelea.conform.stage import program_files
from quelea.conform.targets.base import Target
from quelea.conform.targets.cpython import CPython
from quelea.conform.targets.unix import Unix
from quelea.conform.targets.wasm import Wasm
from quelea.story import loop as loop_module
from quelea.story import setting

ROUNDS = 20  # of each of the three phases, and of one with clocks of their own
SCRIPT = """
import json
from quelea.story.loop import Loop, Setup

with open("setup.json") as file:
    given = json.load(file)
loop = Loop(Setup(*given["setup"]))

def digest(loop):
    total = loop.goodput_q
    for agent in loop.agents:
        rumours = agent.rumours
        for number in (agent.server, agent.seq, agent.draws.a, agent.draws.b, rumours.expiry):
            total = (total * 31 + number) & 0xFFFFF
        for row in (rumours.stamp, rumours.load, rumours.suspicion):
            for number in row:
                total = (total * 31 + number) & 0xFFFFF
    for row in (loop.sent_q, loop.served_q, loop.loads_q):
        for number in row:
            total = (total * 31 + number) & 0xFFFFF
    return total

for rule in given["rules"]:
    loop.use(rule, rule != "greedy", rule != "greedy", rule != "greedy")
    if rule == "patient":
        loop.lie_as("random", [3, 14, 15])
    for _ in range(given["rounds"]):
        loop.round()
        print(loop.rounds, loop.goodput_q, loop.messages, loop.moves, digest(loop))
loop = Loop(Setup(*given["setup"]), True)
loop.use("patient", True, True, True)
for _ in range(given["rounds"]):
    loop.round()
    print(loop.rounds, loop.goodput_q, loop.messages, loop.moves, digest(loop))
"""


def files() -> dict[str, str]:
    one = setting.draw(11, 0.97).setup()
    setup = [one.demands_q, one.allowed, one.neighbours, one.capacities_q, one.seed]
    text = json.dumps({"setup": setup, "rules": ["greedy", "regret", "patient"], "rounds": ROUNDS})
    folder = Path(loop_module.__file__).parent
    loops = {
        f"quelea/story/{name}": (folder / name).read_text() for name in ("loop.py", "lies.py")
    }
    return program_files() | loops | {"setup.json": text}


@pytest.fixture(scope="module")
def expected() -> list[str]:
    lines = CPython().run(files(), SCRIPT, 60.0).splitlines()
    assert len(lines) == 4 * ROUNDS
    return lines


@pytest.mark.parametrize("kind", [Unix, Wasm])
def test_the_fleet_takes_the_same_course(kind: type[Target], expected: list[str]) -> None:
    target = kind()
    missing = target.available()
    need(missing is None, "a target of conformance", str(missing))
    assert target.run(files(), SCRIPT, 120.0).splitlines() == expected


def test_the_simulator_runs_this_very_course(expected: list[str]) -> None:
    loop = loop_module.Loop(setting.draw(11, 0.97).setup())
    for at in range(ROUNDS):
        loop.round()
        told = [loop.rounds, loop.goodput_q, loop.messages, loop.moves]
        assert expected[at].split()[:4] == [str(number) for number in told]
