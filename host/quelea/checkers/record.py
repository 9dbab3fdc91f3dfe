"""What the checkers read of a journal: the frames of a run as columns, in order of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.journal import FrameRow

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Record:
    """Columns of equal length, one entry a frame.

    dest: 0 for a broadcast, else the node addressed. honest: whether the source does not lie.
    """

    t_us: Ints
    source: Ints
    dest: Ints
    session: Ints
    epoch: Ints
    seq: Ints
    input_q: Ints
    value_q: Ints
    flags: Ints
    honest: NDArray[np.bool_]
    payloads: list[bytes]

    def __len__(self) -> int:
        return len(self.t_us)


NAMES = ("t_us", "source", "dest", "session", "epoch", "seq", "input_q", "value_q", "flags")


def read(rows: Iterable[FrameRow], liars: Iterable[int]) -> Record:
    """Return the Record of rows (ordered by time), with the sources in liars marked."""
    lists: list[list[int]] = [[] for _ in NAMES]
    payloads = []
    for row in rows:
        for column, name in zip(lists, NAMES, strict=True):
            column.append(getattr(row, name))
        payloads.append(row.payload)
    columns: dict[str, Any] = {
        name: np.array(column, dtype=np.int64) for name, column in zip(NAMES, lists, strict=True)
    }
    honest = ~np.isin(columns["source"], np.array(sorted(liars), dtype=np.int64))
    return Record(honest=honest, payloads=payloads, **columns)
