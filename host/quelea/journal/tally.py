"""Tally: what was heard, summed up while it is written, so that no view has to read every frame.

The writer hears each batch and puts the changed sums beside it, in the same transaction; a reader
adds the few frames that came after the newest sums. Sums are of the whole run, also of frames
that have been forgotten since (see retention).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from quelea.journal.rows import ROWS, value_of

US = 1_000_000
WINDOW_SEQS = 64  # how far back a late frame is still told from a repeated one
_ALL = (1 << WINDOW_SEQS) - 1
AHEAD_MAX = 1 << 15  # epochs go round at 2^16
COUNTS_MAX = 64  # epochs of which it is followed how many nodes are in them
LIVES_MAX = 100_000  # sessions told apart: a liar may claim a new one in every frame
REFUSED, MORE = -1, -2  # in the place of a session: what was refused, what went beyond

# Columns of a row of `frame` as recorders hold it (see schema): t_us first, without `at`.
T_US, SOURCE, PAYLOAD, CAUSE, SESSION, EPOCH, SEQ, VALUE_Q = 0, 2, 4, 5, 8, 9, 10, 12

Rows = dict[str, list[tuple[Any, ...]]]


class Second(NamedTuple):
    """One second of the run. low_q, high_q: of the honest nodes' newest values in the epoch that
    most of them were in at its end, None where that were fewer than two."""

    second: int
    epoch: int | None
    nodes: int
    low_q: int | None
    high_q: int | None
    frames: int
    bytes: int
    refused: int

    @property
    def spread_q(self) -> int | None:
        """Highest less lowest honest value, q."""
        if self.low_q is None or self.high_q is None:
            return None
        return self.high_q - self.low_q


class _Life:
    """One session of a node, or what of it was refused."""

    __slots__ = ("bytes", "first", "first_us", "frames", "last", "last_us", "mask", "seqs")

    def __init__(self, t_us: int, seq: int) -> None:
        self.frames = self.bytes = self.seqs = self.mask = 0
        self.first = self.last = seq
        self.first_us = self.last_us = t_us

    def take(self, seq: int) -> None:
        """Count the seq if it is new, as far as that can be told."""
        step = seq - self.last
        if step > 0 and self.mask:
            self.mask = (self.mask << step | 1) & _ALL if step < WINDOW_SEQS else 1
            self.last = seq
            self.seqs += 1
        elif not self.mask:
            self.mask = 1
            self.seqs = 1
        elif -step < WINDOW_SEQS:
            if not self.mask >> -step & 1:
                self.mask |= 1 << -step
                self.seqs += 1
                self.first = min(self.first, seq)
        elif seq < self.first:
            self.first = seq
            self.seqs += 1


class Tally:
    """hear() takes rows in the order recorded; changed() returns the rows of the sums' tables."""

    def __init__(self) -> None:
        self.lives: dict[tuple[int, int], _Life] = {}
        self.epochs: dict[int, list[int]] = {}  # epoch: [from_us, to_us, set of nodes as bits]
        self.causes: dict[str, int] = {}
        self.seconds: dict[int, Second] = {}  # not told yet
        self._touched: set[tuple[int, int]] = set()
        self._epochs_touched: set[int] = set()
        self._causes_touched: set[str] = set()
        self._members: set[int] = set()
        self._liars: set[int] = set()
        self._newest: dict[int, tuple[int, int]] = {}  # of the honest: (epoch, value_q)
        self._counts: dict[int, int] = {}
        self.epoch: int | None = None  # that most of the honest nodes have reached
        self._second = -1
        self._second_told = -1
        self._frames = self._bytes = self._refused = 0

    # -- hearing ------------------------------------------------------------------------------
    def nodes(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Learn who is a member and who lies: rows of `node` (number, id, neighbours, roles)."""
        for number, _, _, roles in rows:
            if number > 0:
                self._members.add(number)
                if "liar" in value_of(roles):
                    self._liars.add(number)

    def hear(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take rows of `frame`."""
        lives, touched, newest = self.lives, self._touched, self._newest
        for row in rows:
            t_us, source, size = row[T_US], row[SOURCE], len(row[PAYLOAD])
            if t_us >= (self._second + 1) * US:
                self._next_second(t_us // US)
            self._bytes += size
            if row[CAUSE] in ROWS:
                continue  # neither a frame nor refused
            if row[CAUSE] is not None:
                self._refuse(t_us, source, size, row[CAUSE])
                continue
            self._frames += 1
            seq, epoch = row[SEQ], row[EPOCH]
            key = source, row[SESSION]
            life = lives.get(key)
            if life is None:
                key, life = self._born(key, t_us, seq)
            touched.add(key)
            life.frames += 1
            life.bytes += size
            life.last_us = t_us
            if seq == life.last + 1:
                life.mask = (life.mask << 1 | 1) & _ALL
                life.last = seq
                life.seqs += 1
            else:
                life.take(seq)
            self._in_epoch(t_us, source, epoch)
            if source not in self._liars:
                before = newest.get(source)
                newest[source] = epoch, row[VALUE_Q]
                if before is None or before[0] != epoch:
                    self._move(before, epoch)

    def _born(self, key: tuple[int, int], t_us: int, seq: int) -> tuple[tuple[int, int], _Life]:
        """Begin a session; beyond LIVES_MAX a node's further ones are counted as one."""
        if len(self.lives) >= LIVES_MAX:
            key = key[0], MORE
        life = self.lives.setdefault(key, _Life(t_us, seq))
        return key, life

    def _refuse(self, t_us: int, source: int, size: int, cause: str) -> None:
        self._refused += 1
        key = source, REFUSED
        life = self.lives.get(key)
        if life is None:
            life = self.lives[key] = _Life(t_us, 0)
        self._touched.add(key)
        life.frames += 1
        life.bytes += size
        life.last_us = t_us
        self.causes[cause] = self.causes.get(cause, 0) + 1
        self._causes_touched.add(cause)

    def _in_epoch(self, t_us: int, source: int, epoch: int) -> None:
        known = self.epochs.get(epoch)
        if known is None:
            known = self.epochs[epoch] = [t_us, t_us, 0]
        known[1] = t_us
        known[2] |= 1 << source
        self._epochs_touched.add(epoch)

    def _move(self, before: tuple[int, int] | None, epoch: int) -> None:
        """Follow how many honest nodes are in which epoch."""
        if before is not None:
            self._counts[before[0]] -= 1
        count = self._counts[epoch] = self._counts.get(epoch, 0) + 1
        ahead = self.epoch is None or 0 < (epoch - self.epoch) % 65536 < AHEAD_MAX
        if ahead and 2 * count > max(1, len(self._members) - len(self._liars)):
            self.epoch = epoch
            if len(self._counts) > COUNTS_MAX:
                self._counts = {key: n for key, n in self._counts.items() if n}

    def _next_second(self, second: int) -> None:
        if self._second >= 0:
            self.seconds[self._second] = self.now()
        self._second = second
        self._frames = self._bytes = self._refused = 0

    def now(self) -> Second:
        """Return the second that goes on, as far as it was heard."""
        held = [value_q for epoch, value_q in self._newest.values() if epoch == self.epoch]
        wide = len(held) > 1
        low_q, high_q = (min(held), max(held)) if wide else (None, None)
        return Second(
            max(0, self._second), self.epoch, len(held), low_q, high_q,
            self._frames, self._bytes, self._refused,
        )  # fmt: skip

    # -- telling ------------------------------------------------------------------------------
    @property
    def due(self) -> bool:
        """Whether a second has ended since the sums were told."""
        return self._second > self._second_told

    @property
    def untold(self) -> bool:
        """Whether anything was heard since the sums were told."""
        return bool(self._touched)

    def changed_second(self) -> None:
        """Put the second that goes on among the seconds."""
        self._second_told = self._second
        if self._second >= 0:
            self.seconds[self._second] = self.now()

    def changed(self) -> Rows:
        """Return the rows that changed since the last call, by table."""
        self.changed_second()
        rows: Rows = {
            "traffic": [
                (*key, one.frames, one.bytes, one.first_us, one.last_us, one.first, one.last,
                 one.seqs, f"{one.mask:x}")
                for key, one in ((key, self.lives[key]) for key in sorted(self._touched))
            ],
            "epoch": [
                (epoch, from_us, to_us, f"{bits:x}")
                for epoch, (from_us, to_us, bits) in (
                    (epoch, self.epochs[epoch]) for epoch in sorted(self._epochs_touched)
                )
            ],
            "refused": [(cause, self.causes[cause]) for cause in sorted(self._causes_touched)],
            "course": [tuple(second) for second in self.seconds.values()],
        }  # fmt: skip
        for touched in (self._touched, self._epochs_touched, self._causes_touched):
            touched.clear()
        self.seconds.clear()
        return rows

    def take_over(
        self,
        traffic: Iterable[tuple[Any, ...]],
        epochs: Iterable[tuple[Any, ...]],
        refused: Iterable[tuple[Any, ...]],
    ) -> None:
        """Go on from rows that changed() returned."""
        for node, session, frames, size, first_us, last_us, first, last, seqs, mask in traffic:
            life = self.lives[node, session] = _Life(first_us, first)
            life.frames, life.bytes, life.seqs = frames, size, seqs
            life.last, life.last_us, life.mask = last, last_us, int(mask, 16)
        for epoch, from_us, to_us, bits in epochs:
            self.epochs[epoch] = [from_us, to_us, int(bits, 16)]
        self.causes |= dict(refused)
