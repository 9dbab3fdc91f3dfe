"""Which frame was used in which: the lines of a picture in space and time."""

from collections.abc import Sequence
from typing import NamedTuple

from quelea.audit.auditor import LATE_US
from quelea.audit.voices import Voice
from quelea.journal import Journal
from quelea.pictures.course import US, Course

ROUNDS_SHOWN = 5  # periods in the window ...
LINES_MAX = 250  # ... fewer when that would be more lines than can be told apart
NODES_MAX = 24  # whose frames are drawn
LOOK_BACK = 8  # periods before the window in which its inputs were said


class Message(NamedTuple):
    """A frame at t_s of a source; used_by: (node, time s) of the steps that named it."""

    t_s: float
    source: int
    used_by: list[tuple[int, float]]


def neighbourhood(journal: Journal, course: Course) -> list[int]:
    """Return the numbers of the nodes whose frames are drawn: all, or a part of a big fleet.

    That is a liar, or else the first node, with those around it.
    """
    near = {row.number: row.neighbours for row in journal.nodes()}
    heard = [line.number for line in course.lines]
    if len(heard) <= NODES_MAX:
        return heard
    first = next((line.number for line in course.lines if line.liar), heard[0])
    found, at = [first], 0
    while at < len(found) < NODES_MAX:
        fresh = [n for n in near.get(found[at], ()) if n not in found and n in set(heard)]
        found += fresh[: NODES_MAX - len(found)]
        at += 1
    return sorted(found)


def window(
    journal: Journal, course: Course, shown: Sequence[int], at_s: float | None = None
) -> tuple[float, float]:
    """Return (from, to) in seconds of a window of a few rounds.

    at_s: its middle; by default the beginning of the last epoch that no fault meets.
    """
    period_s = course.period_s
    drawn = set(shown)
    rows = [row for row in journal.nodes() if row.number in drawn]
    edges = sum(len(drawn.intersection(row.neighbours)) for row in rows)
    rounds = max(1.5, min(ROUNDS_SHOWN, LINES_MAX / max(1, edges)))
    length_s = rounds * period_s
    if at_s is None:
        inside = [t_s for t_s, _ in course.epochs if t_s + length_s < course.end_s]
        quiet = [t_s for t_s in inside if not _troubled(course, t_s, t_s + length_s)]
        begin_s = (quiet or inside or [0.0])[-1]
    else:
        begin_s = at_s - length_s / 2
    begin_s = max(course.begin_s, min(begin_s, course.end_s - length_s))
    return begin_s, begin_s + length_s


def _troubled(course: Course, from_s: float, to_s: float) -> bool:
    return any(
        fault.from_us < to_s * US and (fault.to_us or fault.from_us) >= from_s * US
        for fault in course.faults
    )


def read_messages(journal: Journal, from_s: float, to_s: float) -> list[Message]:
    """Return the frames of a window with the steps that used them."""
    members = {row.number: row.neighbours for row in journal.nodes()}
    back_us = int((to_s - from_s) * US * LOOK_BACK)
    voices: dict[int, Voice] = {}
    shown: dict[tuple[int, int, int], Message] = {}
    rows = []
    for row in journal.frames(max(0, int(from_s * US) - back_us), int(to_s * US)):
        if row.source not in members:
            continue
        voices.setdefault(row.source, Voice(US)).hear(row)
        key = row.source, row.session, row.seq
        if row.t_us >= from_s * US and key not in shown:
            shown[key] = Message(row.t_us / US, row.source, [])
            rows.append(row)
    for row in rows:
        frame = row.frame()
        for slot, source in enumerate(members[row.source]):
            if frame is None or slot >= frame.count or not frame.used_at(slot):
                continue
            voice = voices.get(source)
            named = voice.named(frame.used_at(slot), row, row.t_us + LATE_US) if voice else None
            found = named[0] if named else None
            message = found and shown.get((source, found.session, found.seq))
            if message:
                message.used_by.append((row.source, row.t_us / US))
    return list(shown.values())
