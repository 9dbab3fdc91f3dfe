"""The course of a run as columns: what each node said over time, and the honest spread."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.journal import FaultRow, Journal

Floats = NDArray[np.float64]
US = 1_000_000
AHEAD_MAX = 32_768  # epochs go round at 2^16


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
    them have reached; nan where that are fewer than two. epochs: (time s, number), each begun."""

    title: str
    unit: str
    lines: list[Line]
    spread_s: Floats
    spread_q: Floats
    epochs: list[tuple[float, int]]
    faults: list[FaultRow]
    end_s: float
    settings: dict[str, Any] = field(default_factory=dict)


def read_course(journal: Journal) -> Course:
    """Return the course of a whole journal; UserError when nobody was heard."""
    members = {row.number: row for row in journal.nodes()}
    said: dict[int, list[tuple[int, int, int]]] = {}
    frames: list[tuple[int, int, int, int]] = []
    for row in journal.frames():
        if row.source in members:
            said.setdefault(row.source, []).append((row.t_us, row.value_q, row.session))
            frames.append((row.t_us, row.source, row.epoch, row.value_q))
    if not frames:
        raise UserError("no node was heard", journal.where, "", "plot a run that has frames")
    run = journal.run()
    stored = run.get("settings")
    settings: dict[str, Any] = stored if isinstance(stored, dict) else {}
    liars = {number for number, row in members.items() if row.liar}
    spread_s, spread_q, epochs = _spread(frames, members.keys() - liars)
    return Course(
        title=_title(run, settings, members, liars),
        unit="q",
        lines=[
            _line(number, members[number].id, number in liars, said[number], settings)
            for number in sorted(said)
        ],
        spread_s=spread_s,
        spread_q=spread_q,
        epochs=epochs,
        faults=journal.faults(),
        end_s=journal.end_us() / US,
        settings=settings,
    )


def _title(run: dict[str, Any], settings: dict[str, Any], members: Any, liars: set[int]) -> str:
    words = [f"{len(members)} nodes"]
    if liars:
        words.append(f"{len(liars)} lying ({settings.get('attack', 'attack unknown')})")
    rule = settings.get("rule") if settings.get("mode") != "exact" else "exact mode"
    if rule:
        words.append(f"{rule}, F = {settings.get('faults_max', '?')}")
    words.append(f"seed {run.get('seed', '?')}")
    return ", ".join(words)


def _line(
    number: int, id_: str, liar: bool, rows: list[tuple[int, int, int]], settings: dict[str, Any]
) -> Line:
    t_s = np.array([row[0] for row in rows], dtype=np.float64) / US
    value_q = np.array([row[1] for row in rows], dtype=np.float64)
    try:
        gap_s = 4 * int(settings.get("period_ms", 1000)) / 1000
    except (TypeError, ValueError):
        gap_s = 4.0
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
