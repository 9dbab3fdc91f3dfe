"""Integer softmax regression: firmware, reference and floats agree; nothing leaves 31 bits."""

from math import exp

import numpy as np
import pytest
from quelea.federate.fleet_data import pack
from quelea.reference.guard import _backend
from quelea_agent import gradients
from quelea_agent.samples import load
from quelea_agent.softmax import BATCH, COARSE, FINE, Softmax, value_at
from quelea_proto.draws import Draws
from quelea_proto.limits import SMALL_MAX

INPUTS, CLASSES, ROWS = 20, 7, 60
Whole = np.typing.NDArray[np.int64]


def drawn(rng: np.random.Generator) -> tuple[Whole, Whole]:
    """Rows that a line can tell apart, for the most part."""
    y = rng.integers(0, CLASSES, ROWS)
    means = rng.integers(0, 17, (CLASSES, INPUTS))
    x = np.clip(means[y] + rng.integers(-3, 4, (ROWS, INPUTS)), 0, 16)
    return x, y


@pytest.mark.parametrize("name", ["compiled", "twin"])
def test_firmware_and_reference_take_one_course(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = drawn(rng)
    samples, problem = load(pack(x, y, CLASSES))
    assert problem is None
    model, twin = Softmax(INPUTS, CLASSES), _backend(name)["softmax"].Softmax(INPUTS, CLASSES)
    draws, same = Draws(seed, 3), Draws(seed, 3)
    for turn in range(60):
        shift = (2, 4, 7)[turn % 3]
        model.step(samples, draws, shift)
        rows = [same.below(ROWS) for _ in range(BATCH)]
        twin.step(x[rows], y[rows], shift)
        assert list(model.weights) == twin.weights.ravel().tolist()
        assert list(model.velocity) == twin.velocity.ravel().tolist()
        if turn % 20 == 9:
            spoken = rng.integers(-40000, 40000, model.count)
            for at, value in enumerate(spoken.tolist()):
                model.set(at, value)
            twin.set(spoken)
    assert list(model.coarse) == twin.coarse.ravel().tolist()
    assert [model.predict(samples.rows, at * samples.row) for at in range(ROWS)] == (
        twin.predict(x).tolist()
    )


def test_it_learns_as_floats_do(seed: int) -> None:
    x, y = drawn(np.random.default_rng(seed))
    samples, _ = load(pack(x, y, CLASSES))
    model = Softmax(INPUTS, CLASSES)
    draws, same = Draws(seed, 1), Draws(seed, 1)
    ones = np.hstack([x / 16, np.ones((ROWS, 1))])
    weights = np.zeros((INPUTS + 1, CLASSES))
    velocity = np.zeros_like(weights)
    for _ in range(80):
        model.step(samples, draws, 4)
        rows = [same.below(ROWS) for _ in range(BATCH)]
        shares = np.exp(ones[rows] @ weights)
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(BATCH), y[rows]] -= 1
        velocity = velocity * 7 / 8 + ones[rows].T @ shares / BATCH
        weights -= velocity
    found = np.array(model.coarse).reshape(weights.shape) / 4096
    assert np.abs(found - weights).max() < 0.05 * max(1.0, np.abs(weights).max())
    right = [model.predict(samples.rows, at * samples.row) == y[at] for at in range(ROWS)]
    assert np.mean(right) > 0.9


def test_nothing_leaves_31_bits() -> None:
    """The largest inputs, a truth that is never believed, the largest rate."""
    worst = 0
    rows, _ = load(pack(np.full((2, 1023), 16), np.array([0, 1]), 2))
    model = Softmax(1023, 2)
    for turn in range(25):
        model.set(0, 32767 if turn % 2 else -32767)
        model.step(rows, Draws(1, turn), 2)
        worst = max(worst, *map(abs, model.velocity), *map(abs, model.weights))
    assert worst < 1 << 25
    for at in range(model.count):
        model.set(at, 40000 if at % 2 else -40000)
    scores = model.scores(rows.rows, 0)
    assert max(scores) - min(scores) == 2 * 1024 * 16 * 32767 <= SMALL_MAX
    assert list(model.errors(rows.rows, 0, 0)) == [-16384, 16384]


def test_the_exponential_is_rounded() -> None:
    assert list(COARSE) == [round(32767 * exp(-i / 2)) for i in range(20)]
    assert list(FINE) == [round(32767 * exp(-j / 64)) for j in range(32)]
    assert COARSE[0] * FINE[0] <= SMALL_MAX


def test_parameters_go_out_and_come_in() -> None:
    model = Softmax(4, 3)
    for at in range(model.count):
        model.set(at, (-1) ** at * at * 2100)
    buffer = bytearray(2 * model.count)
    model.put(buffer)
    assert [value_at(buffer, at) for at in range(model.count)] == list(model.coarse)
    assert np.frombuffer(buffer, "<i2").tolist() == list(model.coarse)


def test_a_compiled_function_that_is_wrong_is_not_used() -> None:
    plain = gradients.forward_plain, gradients.gather_plain, gradients.settle_plain

    def wrong(weights, velocity, coarse, shift):  # type: ignore[no-untyped-def]
        plain[2](weights, velocity, coarse, shift)
        velocity[3] -= 1 if velocity[3] < 0 else 0  # a shift that rounds to zero

    assert gradients.proof(plain) == gradients.proof(plain)
    assert gradients.proof((plain[0], plain[1], wrong)) != gradients.proof(plain)
