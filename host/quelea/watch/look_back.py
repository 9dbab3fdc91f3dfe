"""The fleet as it was at a time of its journal: a model from a few rows a node, not by replay."""

from typing import Any

from quelea.journal import EventRow, FrameRow, Journal, StateRow, StatusRow, schema
from quelea.journal.rows import object_of
from quelea.watch.facts import Facts
from quelea.watch.state import HEADROOM, PULSE, Model

FRAMES_BACK = 6  # a node's newest frames: an input left out of one is no dead link
EVENTS_BACK = 200
_FRAME = "at," + ",".join(schema.column_names(schema.BY_NAME["frame"]))


def model_at(journal: Journal, facts: Facts, t_us: int, blind: bool = False) -> Model:
    """Return the model as of t_us. What is counted from the start (frames, gaps) is not in it."""
    rows = journal.nodes()
    model = Model(facts, rows, blind)
    run = journal.connection.execute
    for at, when_us, node, name, value, _ in run(
        "SELECT at, t_us, node, name, value, max(at) FROM state WHERE t_us <= ? "
        "GROUP BY node, name ORDER BY at",
        (t_us,),
    ):
        model.take_state(StateRow(at, when_us, node, name, value))
    for row in rows:
        for frame in _frames(journal, row.number, t_us):
            model.take_frame(frame)
        status = run(
            "SELECT at, t_us, node, document FROM status WHERE node = ? AND t_us <= ? "
            "ORDER BY t_us DESC LIMIT 1",
            (row.number, t_us),
        ).fetchone()
        if status:
            model.take_status(StatusRow._make((*status[:3], object_of(status[3]))))
        _begin_epoch(journal, model, row.number, t_us)
    events = run(
        "SELECT at, t_us, source, name, detail FROM event WHERE t_us <= ? "
        "ORDER BY t_us DESC, at DESC LIMIT ?",
        (t_us, EVENTS_BACK),
    ).fetchall()
    for event in reversed(events):
        model.take_event(EventRow._make((*event[:4], object_of(event[4]))))
    for fault in journal.faults():
        if fault.from_us <= t_us:
            model.take_fault(fault)
    model.tick(t_us)
    return model


def _frames(journal: Journal, number: int, t_us: int) -> list[FrameRow]:
    """Return a node's newest good frames, and with a limit its newest row and pulse, by time."""
    found: list[Any] = journal.connection.execute(
        f"SELECT {_FRAME} FROM frame WHERE source = ? AND t_us <= ? AND cause IS NULL "
        f"ORDER BY t_us DESC, at DESC LIMIT {FRAMES_BACK}",
        (number, t_us),
    ).fetchall()
    for kind in (HEADROOM, PULSE):
        found += journal.connection.execute(
            f"SELECT {_FRAME} FROM (SELECT * FROM frame WHERE source = ? AND t_us <= ? "
            f"ORDER BY t_us DESC LIMIT 40) WHERE substr(payload, 1, 1) = x'{32 + kind:02x}' "
            "ORDER BY t_us DESC LIMIT 1",
            (number, t_us),
        ).fetchall()
    return sorted((FrameRow._make(row) for row in found), key=lambda row: (row.t_us, row.at))


def _begin_epoch(journal: Journal, model: Model, number: int, t_us: int) -> None:
    """Set where a node's epoch began, so that its round can be told."""
    node = model.nodes[number]
    if not node.heard:
        return
    rounds = model.facts.epoch_rounds or 1000
    since_us = t_us - 2 * rounds * model.facts.period_ms * 1000
    first = journal.connection.execute(
        "SELECT seq FROM frame WHERE source = ? AND t_us BETWEEN ? AND ? AND session = ? "
        "AND epoch = ? AND cause IS NULL ORDER BY t_us LIMIT 1",
        (number, since_us, t_us, node.session, node.epoch),
    ).fetchone()
    if first:
        node.begun_seq = first[0]
