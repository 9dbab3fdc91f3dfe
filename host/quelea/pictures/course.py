"""The course of a run as columns: what each node said over time, and the honest spread.

Every frame of a small run; of a big one the sums that the writer kept, and samples of the rest.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.journal import FaultRow, FrameRow, Journal, NodeRow
from quelea.watch.facts import Facts
from quelea.watch.predict import rho_of

Floats = NDArray[np.float64]
US = 1_000_000
AHEAD_MAX = 32_768  # epochs go round at 2^16
FRAMES_MAX = 300_000  # beyond it a run is sampled ...
SAMPLES = 240  # ... at so many times
RHO_NODES_MAX = 600


@dataclass(frozen=True)
class Line:
    """What one node said: t_s in seconds and value_q, broken by nan where it was silent."""

    number: int
    id: str
    liar: bool
    t_s: Floats
    value_q: Floats


@dataclass(frozen=True)
class Course:
    """spread_q at spread_s: of the newest values of honest nodes in the newest epoch that most of
    them have reached; nan where that are fewer than two. epochs: (time s, number), each begun.
    rho: share of the spread that a round of plain averaging leaves; None where not known.
    begin_s: of what is drawn, later than 0 where the journal forgot its oldest frames."""

    title: str
    unit: str
    lines: list[Line]
    spread_s: Floats
    spread_q: Floats
    epochs: list[tuple[float, int]]
    faults: list[FaultRow]
    begin_s: float
    end_s: float
    facts: Facts
    rho: float | None = None
    sampled: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def period_s(self) -> float:
        """Length of a round."""
        return self.facts.period_ms / 1000


def read_course(journal: Journal) -> Course:
    """Return the course of a whole journal; UserError when nobody was heard."""
    members = {row.number: row for row in journal.nodes()}
    run = journal.run()
    stored = run.get("settings")
    settings: dict[str, Any] = stored if isinstance(stored, dict) else {}
    facts = Facts.of_run(run)
    liars = {number for number, row in members.items() if row.liar}
    frames = sum(row.frames for row in journal.traffic() if row.node in members)
    if not frames:
        raise UserError("no node was heard", journal.where, "", "plot a run that has frames")
    forgotten = journal.forgotten
    begin_s = forgotten.until_us / US if forgotten else 0.0
    sampled = frames > FRAMES_MAX
    gap_s = 4 * facts.period_ms / 1000
    if sampled:
        said = _samples(journal, members, begin_s)
        seconds = [row for row in journal.course() if row.second >= begin_s]
        spread_s = np.array([row.second + 1.0 for row in seconds])
        spread_q = np.array([np.nan if row.spread_q is None else row.spread_q for row in seconds])
        epochs = [(one.from_us / US, one.epoch) for one in journal.epochs()]
        epochs = [one for one in epochs if one[0] >= begin_s]
        gap_s = np.inf
    else:
        said, spread_s, spread_q, epochs = _all(journal, members, members.keys() - liars)
    near = {number: row.neighbours for number, row in members.items()}
    return Course(
        title=_title(run, settings, members, liars),
        unit=str(settings.get("unit") or "q"),
        lines=[
            _line(number, members[number].id, number in liars, said[number], gap_s)
            for number in sorted(said)
        ],
        spread_s=spread_s,
        spread_q=spread_q,
        epochs=epochs,
        faults=journal.faults(),
        begin_s=begin_s,
        end_s=journal.end_us() / US,
        facts=facts,
        rho=rho_of(near) if 1 < len(near) <= RHO_NODES_MAX else None,
        sampled=sampled,
        settings=settings,
    )


def _title(run: dict[str, Any], settings: dict[str, Any], members: Any, liars: set[int]) -> str:
    words = [f"{len(members):,} nodes"]
    if liars:
        words.append(f"{len(liars)} lying ({settings.get('attack', 'attack unknown')})")
    rule = settings.get("rule") if settings.get("mode") != "exact" else "exact mode"
    if rule:
        words.append(f"{rule}, F = {settings.get('faults_max', '?')}")
    words.append(f"seed {run.get('seed', '?')}")
    return ", ".join(words)


Said = dict[int, list[tuple[int, int]]]  # by node: (t_us, value_q)


def _all(
    journal: Journal, members: dict[int, NodeRow], honest: set[int]
) -> tuple[Said, Floats, Floats, list[tuple[float, int]]]:
    said: Said = {}
    frames: list[tuple[int, int, int, int]] = []
    for row in journal.frames():
        if row.source in members:
            said.setdefault(row.source, []).append((row.t_us, row.value_q))
            frames.append((row.t_us, row.source, row.epoch, row.value_q))
    return (said, *_spread(frames, honest))


def _samples(journal: Journal, members: dict[int, NodeRow], begin_s: float) -> Said:
    said: Said = {}
    last: dict[int, FrameRow] = {}
    for at_us in np.linspace(begin_s * US, journal.end_us(), SAMPLES + 1)[1:]:
        for number, row in journal.latest(int(at_us)).items():
            if number in members and last.get(number) != row:
                last[number] = row
                said.setdefault(number, []).append((int(at_us), row.value_q))
    return said


def _line(number: int, id_: str, liar: bool, rows: list[tuple[int, int]], gap_s: float) -> Line:
    t_s = np.array([row[0] for row in rows], dtype=np.float64) / US
    value_q = np.array([row[1] for row in rows], dtype=np.float64)
    breaks = np.flatnonzero(np.diff(t_s) > gap_s) + 1
    return Line(
        number, id_, liar, np.insert(t_s, breaks, np.nan), np.insert(value_q, breaks, np.nan)
    )


def _spread(
    frames: list[tuple[int, int, int, int]], honest: set[int]
) -> tuple[Floats, Floats, list[tuple[float, int]]]:
    """Return (times s, spread q, beginnings of epochs) from (t_us, source, epoch, value_q)."""
    newest: dict[int, tuple[int, int]] = {}
    counts: dict[int, int] = {}
    epochs: list[tuple[float, int]] = []
    current: int | None = None
    times, spreads = [], []
    for t_us, source, epoch, value_q in frames:
        if source not in honest:
            continue
        if source in newest:
            counts[newest[source][0]] -= 1
        newest[source] = epoch, value_q
        counts[epoch] = counts.get(epoch, 0) + 1
        ahead = current is None or 0 < (epoch - current) % 65536 < AHEAD_MAX
        if ahead and 2 * counts[epoch] > len(honest):
            current = epoch
            epochs.append((t_us / US, epoch))
        held = [value for number, value in newest.values() if number == current]
        times.append(t_us / US)
        spreads.append(float(max(held) - min(held)) if len(held) > 1 else np.nan)
    return np.array(times), np.array(spreads), epochs


def predicted(course: Course) -> list[tuple[Floats, Floats]]:
    """Return (times s, spread q) of plain averaging in each epoch, from where that began.

    It falls by rho a round, from the largest spread of the epoch's first two rounds, to 1 q.
    """
    rho = course.rho
    if rho is None or not 0 < rho < 1:
        return []
    begun = [t_s for t_s, _ in course.epochs] or [course.begin_s]
    out = []
    for at, from_s in enumerate(begun):
        to_s = begun[at + 1] if at + 1 < len(begun) else course.end_s
        early = (course.spread_s >= from_s) & (course.spread_s < from_s + 2 * course.period_s)
        if course.sampled:
            early = (course.spread_s >= from_s) & (course.spread_s < from_s + 2)
        first = course.spread_q[early]
        if not len(first) or np.isnan(first).all() or np.nanmax(first) < 1:
            continue
        top = float(np.nanmax(first))
        rounds = min((to_s - from_s) / course.period_s, np.log(top) / -np.log(rho))
        line_s = np.array([from_s, from_s + rounds * course.period_s])
        out.append((line_s, np.array([top, top * rho**rounds])))
    return out
