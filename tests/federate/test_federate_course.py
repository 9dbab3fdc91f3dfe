"""Models, training and whole courses: right gradients, and what liars do to whom."""

from dataclasses import replace

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.federate import data, models
from quelea.federate.run import Course, Setting, liars_of, run
from quelea.federate.training import Recipe, Trainer, central


@pytest.fixture(scope="module")
def digits():
    from conftest import need

    try:
        import sklearn  # noqa: F401
    except ImportError:
        need(False, "scikit-learn", "pip install 'quelea[federate]'")
    return data.load("digits", split=11)


def small_batch(seed, nodes=3, batch=5, inputs=6, classes=4):
    random = np.random.default_rng(seed)
    x = random.random((nodes, batch, inputs)).astype(np.float32)
    y = random.integers(0, classes, (nodes, batch))
    prior = np.log(random.random((nodes, 1, classes)) + 0.1).astype(np.float32)
    return random, x, y, prior


def loss(scores, y):
    scores = scores.astype(np.float64)
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(y)), y].mean()


@pytest.mark.parametrize("model", [models.Softmax(6, 4), models.Hidden(6, 5, 4)])
def test_gradients_are_slopes(model, seed):
    random, x, y, prior = small_batch(seed)
    at = random.normal(0, 0.5, (3, model.size)).astype(np.float32)
    slope = model.gradient(at, x, y, prior)
    direction = random.normal(0, 1, (3, model.size)).astype(np.float32)
    for node in range(3):

        def value(step, node=node):
            moved = at[node : node + 1] + np.float32(step) * direction[node : node + 1]
            return loss(model.scores(moved, x[node])[0] + prior[node], y[node])

        expected = (value(1e-3) - value(-1e-3)) / 2e-3
        assert float(slope[node] @ direction[node]) == pytest.approx(expected, rel=0.05, abs=5e-3)


def test_a_torch_module_is_a_model(seed):
    torch = pytest.importorskip("torch", reason="pip install 'quelea[learn]'")
    torch.set_num_threads(1)  # its threads wait by spinning, which a busy machine makes endless
    from quelea.federate.torch_model import TorchModel

    random, x, y, prior = small_batch(seed)
    module = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4))
    theirs, ours = TorchModel(module), models.Hidden(6, 5, 4)
    assert theirs.size == ours.size and theirs.start(1).shape == (ours.size,)
    at = random.normal(0, 0.5, (3, ours.size)).astype(np.float32)
    # torch lays weights out by rows of outputs, ours by rows of inputs
    order = np.concatenate([
        np.arange(30).reshape(6, 5).T.ravel(), np.arange(30, 35),
        35 + np.arange(20).reshape(5, 4).T.ravel(), np.arange(55, 59),
    ])  # fmt: skip
    assert theirs.scores(at[:, order], x[0]) == pytest.approx(ours.scores(at, x[0]), abs=1e-4)
    found = theirs.gradient(at[:, order], x, y, prior)
    assert found == pytest.approx(ours.gradient(at, x, y, prior)[:, order], abs=1e-5)
    with pytest.raises(UserError, match="buffers"):
        TorchModel(torch.nn.BatchNorm1d(4))


def test_a_torch_module_learns_with_its_neighbours(digits):
    torch = pytest.importorskip("torch", reason="pip install 'quelea[learn]'")
    torch.set_num_threads(1)  # its threads wait by spinning, which a busy machine makes endless
    from quelea.federate.torch_model import TorchModel

    torch.manual_seed(1)
    model = TorchModel(torch.nn.Linear(64, 10))
    setting = Setting(
        nodes=6, topology="complete", recipe=Recipe(rounds=15, momentum=0.5, clip=1.0)
    )
    assert run(setting, digits, model).mean > 0.6


def test_steps_are_bounded_and_calibrated_by_own_classes(digits):
    parts = data.partition(digits.train_y, 5, 0.3, 1)
    model, nodes, none = models.Softmax(64, 10), np.arange(5), np.arange(0)
    recipe = Recipe(momentum=0.0, shrink=0.0)
    trainer = Trainer(digits, parts, model, recipe, 1, nodes, none)
    at = np.zeros((5, model.size), np.float32)
    step = trainer.step(at, 0)
    assert np.linalg.norm(step, axis=1).max() <= recipe.rate * recipe.clip * 1.0001
    counts = np.bincount(digits.train_y[parts[2]], minlength=10) + 1
    assert trainer._prior[2, 0] == pytest.approx(np.log(counts / counts.sum()), abs=1e-5)
    assert recipe.rate_at(0) == recipe.rate and recipe.rate_at(499) < 0.1 * recipe.rate
    flipping = Trainer(digits, parts, model, recipe, 1, nodes, np.array([2]))
    assert flipping._prior[2, 0] == pytest.approx(trainer._prior[2, 0, ::-1])
    assert not np.array_equal(flipping.step(at, 0)[2], step[2])
    assert np.array_equal(flipping._prior[1], trainer._prior[1])


def test_liars_do_not_change_what_the_honest_draw(digits):
    """The same seed, liars or not: honest nodes take the same first step."""
    model = models.Softmax(64, 10)
    setting = Setting(nodes=12, topology="complete", rule="near", recipe=Recipe(rounds=5))
    lied = replace(setting, attack="alie", liars=3)
    honest = Course(setting, digits, model, lambda heard: heard.said_q[heard.combining])
    among = Course(lied, digits, model, lambda heard: heard.said_q[heard.combining])
    honest.step()
    among.step()
    assert np.array_equal(honest.at[among.honest], among.at[among.honest])
    assert set(liars_of(12, 2, 7)) <= set(liars_of(12, 5, 7))


def test_what_rounding_takes_stays_with_the_node(digits):
    """Steps far below one unit of what is sent still add up."""
    setting = Setting(nodes=6, topology="complete", recipe=Recipe(rounds=60, rate=0.01))
    course = Course(setting, digits, models.Softmax(64, 10))
    for _ in range(60):
        course.step()
    longest = setting.recipe.rate * setting.recipe.clip / np.sqrt(course.model.size)
    assert longest < 0.5 / 4096 < 0.001 < np.abs(course.at).max()
    assert np.abs(course.at - course.form.decode(course.form.encode(course.at))).max() > 0


SHORT = Setting(
    nodes=20, topology="complete", rule="mixed-trim", seed=11, recipe=Recipe(rounds=150)
)


def test_a_short_course_learns_and_repeats_itself(digits):
    model = models.Hidden(64, 16, 10)
    first = run(replace(SHORT, rule="mean", every=50), digits, model)
    again = run(replace(SHORT, rule="mean", every=50), digits, model)
    assert replace(first, wall_s=0) == replace(again, wall_s=0)
    assert first.mean >= 0.9 and first.worst >= 0.89 and first.spread < 0.01
    assert len(first.curve) == 3 and first.curve[-1][0] == 150
    assert first.sent == model.size * 2 and first.heard == 19 * first.sent
    alone = models.accuracy(
        model, central(digits, model, SHORT.recipe, 11, 256), digits.test_x, digits.test_y
    )[0]
    assert alone >= first.mean - 0.02


def test_a_rule_holds_where_the_mean_falls(digits):
    """The control: under the same lies of the same liars the plain mean is lost."""
    model = models.Hidden(64, 16, 10)
    for attack in ("backwards", "alie"):
        lied = replace(SHORT, attack=attack, liars=4)
        held = run(lied, digits, model)
        assert held.faults_max == 4 and held.worst >= 0.85, (attack, held)
        if attack == "backwards":
            fallen = run(replace(lied, rule="mean"), digits, model)
            assert fallen.mean < 0.5, fallen


def test_aligned_learns_where_lies_outweigh_all_honest_steps(digits):
    """Ten of fifty say six mean steps back, forty take one: the plain mean goes backwards."""
    setting = Setting(
        topology="complete", attack="ipm", strength=6.0, liars=10, seed=11,
        recipe=Recipe(rounds=250, rate=4.0),
    )  # fmt: skip
    model = models.Hidden(64, 32, 10)
    ours = run(replace(setting, rule="aligned"), digits, model)
    alone = run(replace(setting, attack="", liars=0, rule="mean"), digits, model)
    fallen = run(replace(setting, rule="mean"), digits, model)
    assert ours.mean > alone.mean - 0.02 and fallen.mean < 0.5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"liars": 3}, "--attack"),
        ({"attack": "alie"}, "--attack"),
        ({"attack": "rude", "liars": 2}, "one of: alie"),
        ({"rule": "vote"}, "--rule"),
        ({"numbers": "int8"}, "--numbers"),
        ({"liars": 10, "attack": "alie"}, "--liars"),
        ({"topology": "torus"}, "--topology"),
        ({"recipe": Recipe(rounds=0)}, "--rounds"),
    ],
)
def test_settings_that_cannot_be_are_refused(digits, change, words):
    with pytest.raises(UserError) as caught:
        Course(replace(SHORT, **change), digits, models.Softmax(64, 10))
    assert words in str(caught.value)
