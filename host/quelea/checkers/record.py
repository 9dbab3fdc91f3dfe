"""What the checkers read of a journal: the frames of a run as columns, in order of time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from quelea.journal import EventRow, FrameRow, Journal, StatusRow

Ints = NDArray[np.int64]

HELD, RESTART = 1, 2  # bits of the flags
FLOW = 2  # the kind of frame in exact mode
USED_AT = {1: 19, FLOW: 21}  # offset of the column `used` by kind: docs/protocol.md


class Violation(str):
    """A sentence about what was broken, with the time and the node it names."""

    t_us: int
    node: int

    def __new__(cls, text: str, t_us: int = 0, node: int = 0) -> Self:
        """Make the sentence; the time goes before it."""
        self = super().__new__(cls, f"{t_us / 1_000_000:.3f} s: {text}")
        self.t_us = t_us
        self.node = node
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a violation pass between processes as it is."""
        return _again, (str(self), self.t_us, self.node)


def _again(text: str, t_us: int, node: int) -> Violation:
    violation = str.__new__(Violation, text)
    violation.t_us, violation.node = t_us, node
    return violation


@dataclass(frozen=True)
class Record:
    """Columns of equal length, one entry a frame; honest is True where the source does not lie.

    dest: 0 for everybody. events, statuses: as the journal has them.
    """

    t_us: Ints
    source: Ints
    dest: Ints
    kind: Ints
    session: Ints
    epoch: Ints
    seq: Ints
    input_q: Ints
    value_q: Ints
    flags: Ints
    honest: NDArray[np.bool_]
    payloads: list[bytes]
    events: list[EventRow] = field(default_factory=list)
    statuses: list[StatusRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.t_us)

    def after(self, t_us: int) -> "Record":
        """Return the part from t_us on, without events and statuses."""
        first = int(np.searchsorted(self.t_us, t_us))
        columns: dict[str, Any] = {name: getattr(self, name)[first:] for name in NAMES}
        return Record(honest=self.honest[first:], payloads=self.payloads[first:], **columns)

    def of(self, numbers: Iterable[int]) -> "Record":
        """Return the frames of some nodes, without events and statuses."""
        here = np.isin(self.source, np.array(list(numbers), dtype=np.int64))
        columns: dict[str, Any] = {name: getattr(self, name)[here] for name in NAMES}
        payloads = [self.payloads[at] for at in np.flatnonzero(here).tolist()]
        return Record(honest=self.honest[here], payloads=payloads, **columns)

    def used(self, at: int) -> bytes:
        """Return the column `used` of frame number at."""
        payload, first = self.payloads[at], USED_AT[int(self.kind[at])]
        return payload[first : first + payload[first - 1]]

    @cached_property
    def spoken(self) -> list[int]:
        """Positions of the honest frames, a frame to several receivers only once."""
        last: dict[int, bytes] = {}
        out = []
        for at in np.flatnonzero(self.honest).tolist():
            source = int(self.source[at])
            if self.dest[at] == 0 or last.get(source) != self.payloads[at]:
                out.append(at)
            last[source] = self.payloads[at]
        return out


NAMES = (
    *("t_us", "source", "dest", "kind", "session", "epoch", "seq"),
    *("input_q", "value_q", "flags"),
)


def read(rows: Iterable[FrameRow], liars: Iterable[int]) -> Record:
    """Return the Record of rows (ordered by time), with the sources in liars marked."""
    kept = list(rows)
    columns: dict[str, Any] = {
        name: np.array([getattr(row, name) for row in kept], dtype=np.int64) for name in NAMES
    }
    honest = ~np.isin(columns["source"], np.array(sorted(liars), dtype=np.int64))
    return Record(honest=honest, payloads=[row.payload for row in kept], **columns)


def read_journal(journal: Journal, liars: Iterable[int]) -> Record:
    """Return the Record of a whole journal, with its events and statuses."""
    record = read(journal.frames(good=True), liars)
    record.events.extend(journal.events())
    record.statuses.extend(journal.statuses())
    return record
