"""Spikes in place of draws in the story: the same bits on MicroPython, the goodput of draws."""

import json
from pathlib import Path

import pytest
from conftest import need
from quelea.conform.stage import program_files
from quelea.conform.targets.cpython import CPython
from quelea.conform.targets.unix import Unix
from quelea.conform.targets.wasm import Wasm
from quelea.spiking import race
from quelea.story import loop as loop_module
from quelea.story import setting
from quelea_agent import choice

ROUNDS = 40
SCRIPT = """
import json
import race
from quelea.story.loop import Loop, Setup

race.register()
with open("setup.json") as file:
    loop = Loop(Setup(*json.load(file)))
loop.use("spiking", True, True, True)
for _ in range(40):
    loop.round()
    charges = [list(agent._rule.race.v) for agent in loop.agents[:3]]
    print(loop.rounds, loop.goodput_q, loop.messages, loop.moves, loop.served_q, charges)
"""


@pytest.fixture(scope="module")
def files():
    one = setting.draw(11, 0.97).setup()
    setup = [one.demands_q, one.allowed, one.neighbours, one.capacities_q, one.seed]
    folder = Path(loop_module.__file__).parent
    loops = {f"quelea/story/{n}": (folder / n).read_text() for n in ("loop.py", "lies.py")}
    return {
        **program_files(), **loops, "race.py": Path(race.__file__).read_text(),
        "setup.json": json.dumps(setup),
    }  # fmt: skip


@pytest.mark.parametrize("kind", [Unix, Wasm])
def test_the_race_runs_alike_everywhere(kind, files):
    target = kind()
    missing = target.available()
    need(missing is None, "a target of conformance", str(missing))
    expected = CPython().run(files, SCRIPT, 60.0).splitlines()
    assert len(expected) == ROUNDS
    assert sum(int(line.split()[3]) for line in expected) > 20  # agents do move
    assert target.run(files, SCRIPT, 120.0).splitlines() == expected


def test_spikes_serve_as_much_as_draws(monkeypatch):
    monkeypatch.setattr(choice, "CHOICES", choice.CHOICES)  # and so restored
    race.register()
    served = {}
    for rule in ("patient", race.NAME):
        loop = loop_module.Loop(setting.draw(3, 0.97).setup())
        loop.use(rule, True, True, True)
        goodput = []
        for _ in range(120):
            loop.round()
            goodput.append(loop.goodput_q)
        served[rule] = sum(goodput[-40:])
    assert served[race.NAME] >= 0.99 * served["patient"]
