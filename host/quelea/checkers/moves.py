"""From frames to moves: what each honest value was computed from, as the frame itself says.

A state frame names the inputs it used by 1 + seq % 255. Here those names are looked up among the
frames published before. Several may fit (a node that rebooted within an epoch), then all are kept.
"""

from collections.abc import Iterator
from typing import NamedTuple

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record

USED_MOD = 255
LATE_US = 500_000  # by which a listener may hear a frame later than the node that used it


class Input(NamedTuple):
    """One input named by a frame. found: positions of the frames that fit, oldest first."""

    source: int
    mark: int
    found: list[int]


class Move(NamedTuple):
    """Frame number at, the position of the same node's frame before it, and what it used.

    before: None where that frame is missing: the first of a session, or one not recorded. A board
    that takes over an id speaks as (session, seq) once more: its frames do not go on from those
    of the board before it, also where its first ones were lost and the numbers happen to fit.
    """

    at: int
    before: int | None
    inputs: list[Input]


def moves(record: Record, facts: Facts) -> list[Move]:
    """Return the moves of all honest frames, in order of time; worked out once a record."""
    known = record.__dict__.get("_moves")
    if known is None:
        known = list(_moves(record, facts))
        record.__dict__["_moves"] = known
    return list(known)


def _moves(record: Record, facts: Facts) -> Iterator[Move]:
    said = _said(record)
    last: dict[int, int] = {}
    reused_us = _reused_us(record, facts)
    for at in record.spoken:
        source = int(record.source[at])
        before = last.get(source)
        if before is not None and (
            record.session[before] != record.session[at]
            or record.seq[before] + 1 != record.seq[at]
            or any(
                record.t_us[before] <= t_us <= record.t_us[at]
                for t_us in reused_us.get(source, ())
            )
        ):
            before = None
        last[source] = at
        near = facts.neighbours.get(source, ())
        inputs = [
            Input(other, mark, _fitting(record, facts, said, at, other, mark))
            for other, mark in zip(near, record.used(at))
            if mark
        ]
        yield Move(at, before, inputs)


def _reused_us(record: Record, facts: Facts) -> dict[int, list[int]]:
    """Return by number when a node began to speak with a session that had been used before."""
    found: dict[int, list[int]] = {}
    for event in record.events:
        if event.name == "session-reused":
            found.setdefault(facts.numbers.get(event.source, 0), []).append(event.t_us)
    return found


def _said(record: Record) -> dict[tuple[int, int], list[int]]:
    """Return positions of all frames by (source, mark), oldest first."""
    said: dict[tuple[int, int], list[int]] = {}
    marks = (1 + record.seq % USED_MOD).tolist()
    for at, key in enumerate(zip(record.source.tolist(), marks)):
        said.setdefault(key, []).append(at)
    return said


def _fitting(
    record: Record,
    facts: Facts,
    said: dict[tuple[int, int], list[int]],
    at: int,
    other: int,
    mark: int,
) -> list[int]:
    me = int(record.source[at])
    oldest_us = record.t_us[at] - facts.age_max_ms * 1000 if facts.age_max_ms else -1
    newest_us = record.t_us[at] + (0 if facts.whole else LATE_US)
    return [
        spoken
        for spoken in said.get((other, mark), ())
        if (spoken < at or not facts.whole)
        and oldest_us <= record.t_us[spoken] <= newest_us
        and record.dest[spoken] in (0, me)
        and record.epoch[spoken] == record.epoch[at]
    ]
