"""The board's integer layers against the reference, exact fractions and the words of the model."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.spiking import network, tasks
from quelea.spiking.network import LayerRow, NetworkRow
from quelea_agent import spiking
from quelea_agent.surge import WINDOW, Surge, ratios

Q = 8388607


@pytest.fixture
def random(seed):
    return np.random.default_rng(seed)


def drawn(random, inputs, neurons, last=False):
    """Return a random layer at the limits of what a board takes."""
    weights = random.integers(-8, 8, (inputs, neurons))
    most = int(np.abs(weights).sum(axis=0).max())
    shifts = [k for k in range(9) if most << k <= spiking.SUM_MAX]
    return LayerRow(
        weights, int(random.choice(shifts)), int(random.choice([0, 7, 1000, 4095])),
        int(random.choice([0, 1, 500, 4095])),
        spiking.THRESHOLD_MAX if last else int(random.integers(0, 20_000)),
        random.integers(-Q, Q, neurons) // int(random.choice([1, 100, 10_000])),
    )  # fmt: skip


def test_a_decay_is_the_exact_product_toward_zero(random):
    edges = [0, 1, -1, 4095, 4096, -4097, Q, -Q, -Q - 1]
    for value in [*edges, *random.integers(-Q, Q, 500).tolist()]:
        for kept in (0, 1, 2047, 4095, 4096, int(random.integers(0, 4097))):
            exact = math.trunc(Fraction(value * kept, 4096))
            assert spiking.decayed(value, kept) == exact
            assert int(network.decayed(np.array([value]), kept)[0]) == exact


def test_the_board_steps_as_the_reference_does(random):
    fired = wrapped = clipped = 0
    for _ in range(40):
        inputs, neurons = int(random.integers(1, 40)), int(random.integers(1, 12))
        row = drawn(random, inputs, neurons)
        board = spiking.Layer(
            row.packed(), inputs, neurons, row.weight_shift, row.du, row.dv, row.threshold,
            row.biases.tolist(),
        )  # fmt: skip
        u = np.where(random.random((1, neurons)) < 0.5, -Q - 1, Q)  # so that u will wrap
        v = np.zeros((1, neurons), np.int64)
        board.u = u[0].tolist()
        for _ in range(30):
            spikes = (random.random((1, inputs)) < 0.5).astype(np.int64)
            before = network.decayed(u, 4095 - row.du) + (
                (spikes @ row.weights) << (row.weight_shift + 6)
            )
            u, v, out = network.layer_step(row, u, v, spikes)
            named = np.flatnonzero(spikes[0]).tolist()
            board.step(named, len(named))
            assert board.u == u[0].tolist()
            assert board.v == v[0].tolist()
            assert board.spiked[: board.count] == np.flatnonzero(out[0]).tolist()
            fired += int(out.sum())
            wrapped += int((before != u).sum())
            clipped += int((np.abs(v) == Q).sum())
    assert fired > 0 and wrapped > 0 and clipped > 0  # the edges were met


@pytest.mark.parametrize("code", ["latency", "rate"])
def test_whole_networks_decide_alike(code, random):
    for _ in range(5):
        layers = (drawn(random, 9, 7), drawn(random, 7, 4, last=True))
        row = NetworkRow(layers, int(random.integers(1, 12)), 16, code)
        values = random.integers(0, 17, (20, 9))
        ran = network.run(row, values)
        board = row.board()
        assert [board.decide(sample) for sample in values.tolist()] == ran.classes.tolist()
        assert board.operations() == round(ran.operations * 20)


def test_every_value_spikes_once_by_latency_and_in_proportion_by_rate():
    values = np.arange(17)[None, :]
    late = network.coded(values, 8, 16, "latency")
    assert late.sum(axis=0)[0].tolist() == [0] + [1] * 16
    times = late.argmax(axis=0)[0]
    assert (np.diff(times[1:]) <= 0).all() and times[16] == 0 and times[1] == 7
    assert network.coded(values, 16, 16, "rate").sum(axis=0)[0].tolist() == list(range(17))


def test_a_file_gives_the_same_network_again(tmp_path, random):
    row = NetworkRow((drawn(random, 5, 3), drawn(random, 3, 2, last=True)), 8, 16, "latency", "x")
    network.save(row, tmp_path / "n.json")
    again = network.load(tmp_path / "n.json")
    assert network.as_dict(again) == network.as_dict(row)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"format": 2}, "format"), ({"code": "morse"}, "code"), ({"steps": 0}, "steps"),
        ({"layers": []}, "layers"), ({"layers": [{"inputs": 3}]}, "no network"),
        ({"layers": "x"}, "no network"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused(change, word, tmp_path):
    found = {**network.as_dict(network.shipped("surge")), **change}
    (tmp_path / "n.json").write_text(json.dumps(found))
    with pytest.raises(UserError, match=word):
        network.load(tmp_path / "n.json")


def test_weights_that_could_overflow_are_refused(random):
    row = LayerRow(np.full((200, 2), -8), 8, 0, 0, 5, np.zeros(2, np.int64))
    with pytest.raises(UserError, match="sum of"):
        row.check("here")


def test_the_node_sees_the_windows_that_the_training_saw(random):
    readings = random.integers(0, 8388608, 60).tolist()
    samples = tasks.windows(readings)
    values = [0] * WINDOW
    for k in range(len(samples.classes)):
        ratios(readings[k : k + WINDOW], values, tasks.TOP)
        assert values == samples.values[k].tolist()


def test_a_node_speaks_at_once_of_what_it_expects_and_else_now_and_then():
    class Fixed:
        top = 16
        answer = 0

        def decide(self, values):
            return self.answer

    fixed = Fixed()
    node = Surge(fixed, 4)
    assert [node.sense(100) for _ in range(WINDOW)] == [False] + [True] * (WINDOW - 1)
    assert [node.sense(100) for _ in range(8)] == [False, False, False, True] * 2
    fixed.answer = 1
    node.sense(-5)
    assert [node.sense(100) for _ in range(3)] == [True] * 3
    assert node.window[WINDOW - 4] == 0
