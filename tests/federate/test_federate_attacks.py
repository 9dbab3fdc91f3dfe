"""What liars say, against small exact cases and against byzfl where it is installed."""

import numpy as np
import pytest
from quelea.federate import attacks, peers
from quelea.federate.view import View

HONEST = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 12]], np.float32)
BEFORE = np.array([1, 1, 1], np.float32)


def view(strength=None, honest=HONEST, before=BEFORE):
    return View(honest, before, 2, np.random.default_rng(1), strength)


CASES = {
    ("sign-flip", None): [-2, -3, -5],
    ("ipm", None): [-0.5, -1, -2],
    ("ipm", 3): [-8, -11, -17],
    ("alie", 2): [10, 11, 7 + 2 * np.sqrt(21)],
    ("mimic", None): [1, 2, 3],
    ("mimic", 2): [7, 8, 12],
    ("infinite", None): [np.inf] * 3,
    ("backwards", 10): [
        4 - 3 * np.sqrt(6) - 30, 5 - 3 * np.sqrt(6) - 40, 7 - 3 * np.sqrt(14) - 60
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "strength"), CASES)
def test_claims_by_hand(name, strength):
    found = attacks.load(name).claim(view(strength))
    assert found == pytest.approx(np.array(CASES[name, strength]), rel=1e-5)


def test_every_attack_is_tried_here():
    tried = {name for name, _ in CASES}
    assert set(attacks.names()) == tried | {"gaussian", "label-flip", "on-off", "veiled"}
    assert attacks.load("label-flip").LABELS


def test_noise_differs_from_liar_to_liar():
    wide = view(2.0, np.zeros((3, 20_000), np.float32), np.zeros(20_000, np.float32))
    found = attacks.load("gaussian").claim(wide)
    assert found.shape == (2, 20_000) and not np.array_equal(found[0], found[1])
    assert found.std() == pytest.approx(2, rel=0.05)


def test_on_and_off_are_the_mean_step_and_lies(seed):
    one = View(HONEST, BEFORE, 2, np.random.default_rng(seed), None)
    found = {tuple(attacks.load("on-off").claim(one)) for _ in range(40)}
    assert found == {(4, 5, 7), (-8, -11, -17)}


def test_what_is_veiled_is_as_long_as_the_honest_and_at_the_angle(seed):
    random = np.random.default_rng(seed)
    honest = random.normal(1, 3, (9, 500)).astype(np.float32)
    before = random.normal(0, 1, 500).astype(np.float32)
    one = View(honest, before, 4, random, 0.3)
    steps = attacks.load("veiled").claim(one) - before
    length = np.linalg.norm(steps, axis=1)
    assert length == pytest.approx(np.median(np.linalg.norm(one.steps, axis=1)), rel=1e-4)
    common = one.steps.mean(axis=0)
    cosines = steps @ common / length / np.linalg.norm(common)
    assert cosines == pytest.approx(-0.3, abs=1e-3)
    assert not np.array_equal(steps[0], steps[1])
    nothing = np.zeros((9, 500), np.float32)
    still = View(nothing, nothing[0], 4, random)  # nobody moves
    assert np.isfinite(attacks.load("veiled").claim(still)).all()


def test_formulas_are_byzfls():
    theirs = peers.modules()
    if not theirs:
        return  # the cases above are worked by hand
    random = np.random.default_rng(5)
    honest = random.normal(0, 1, (9, 30)).astype(np.float32)
    nothing = np.zeros(30, np.float32)
    kinds = theirs["attacks"]
    for name, strength, other in (
        ("sign-flip", None, kinds.SignFlipping()),
        ("ipm", 0.7, kinds.InnerProductManipulation(0.7)),
        ("alie", 1.5, kinds.ALittleIsEnough(1.5)),
        ("mimic", 4, kinds.Mimic(4)),
        ("infinite", None, kinds.Inf()),
    ):
        found = attacks.load(name).claim(view(strength, honest, nothing))
        assert found == pytest.approx(other(honest.astype(np.float64)), rel=1e-4), name
