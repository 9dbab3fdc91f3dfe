"""What boards train on: whose rows are whose, as files with a checksum, and who hears whom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quelea_agent.samples import MAGIC
from quelea_agent.softmax import X_MAX
from quelea_proto.crc import crc16

from quelea.federate import data
from quelea.topology import regular
from quelea.topology.draws import Draws

LIARS_LANE = 5
TEST_ROWS = 24  # of a file; a board has one of them in memory at a time
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Ground:
    """x, test_x: (rows, inputs), whole, 0..16. parts: rows of each node. near: from 0."""

    x: Whole
    y: Whole
    test_x: Whole
    test_y: Whole
    parts: tuple[Whole, ...]
    near: tuple[tuple[int, ...], ...]
    classes: int
    seed: int

    @property
    def nodes(self) -> int:
        """How many train."""
        return len(self.parts)

    @property
    def inputs(self) -> int:
        """Numbers in a row."""
        return int(self.x.shape[1])

    def own_file(self, node: int) -> bytes:
        """Return the file of a node's own rows."""
        rows = self.parts[node]
        return pack(self.x[rows], self.y[rows], self.classes)

    def test_file(self) -> bytes:
        """Return the rows to be judged by, as files one after the other."""
        return b"".join(
            pack(self.test_x[at : at + TEST_ROWS], self.test_y[at : at + TEST_ROWS], self.classes)
            for at in range(0, len(self.test_y), TEST_ROWS)
        )

    def liars(self, count: int) -> tuple[int, ...]:
        """Return which nodes lie, drawn by the seed."""
        order = Draws(self.seed, LIARS_LANE).order(self.nodes)
        return tuple(sorted(int(node) for node in order[:count]))


def lay(nodes: int, degree: int, alpha: float, seed: int, split: int) -> Ground:
    """Return digits divided among nodes of a random regular graph."""
    held = data.load("digits", split=split)
    parts = data.partition(held.train_y, nodes, alpha, seed)
    graph = regular.make(str(degree), nodes, seed)
    near = tuple(tuple(other - 1 for other in graph.neighbours(own)) for own in graph.nodes)
    return Ground(
        _whole(held.train_x), held.train_y, _whole(held.test_x), held.test_y, tuple(parts),
        near, held.classes, seed,
    )  # fmt: skip


def _whole(x: NDArray[np.float32]) -> Whole:
    return np.asarray(np.rint(x * X_MAX), np.int64)


def pack(x: Whole, y: Whole, classes: int) -> bytes:
    """Return rows as quelea_agent.samples reads them."""
    rows = np.hstack([x, y[:, None]]).astype(np.uint8).tobytes()
    head: bytes = MAGIC + len(x).to_bytes(2, "little") + x.shape[1].to_bytes(2, "little")
    file = head + bytes((classes, 0)) + rows
    return file + crc16(file, len(file)).to_bytes(2, "little")
