"""Each checker finds what it is for: a good run's journal with one thing changed in it."""

from collections.abc import Callable
from typing import Any

import pytest
from fleets import scenario_of
from quelea import checkers
from quelea.checkers.facts import KEY
from quelea.checkers.record import RESTART
from quelea.errors import UserError
from quelea.journal import FrameRow, Journal, MemoryRecorder
from quelea.simulator.network import seal
from quelea.simulator.run import run_seed

QUIET = """
[fleet]
nodes = 5
topology = "complete"
mode = "{mode}"
faults_max = 1
epoch_rounds = 12
[faults]
loss = 0.1
echo = 0.1
[phases]
safety_s = 20.0
liveness_s = 60.0
"""
Rows = list[FrameRow]


def change(row: FrameRow, at: int, width: int, value: int) -> FrameRow:
    """Return the frame with one field changed and its checksum right again."""
    body = bytearray(row.payload[:-2])
    body[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return row._replace(payload=seal(body))


def rewritten(
    source: Journal, edit: Callable[[Rows, MemoryRecorder], Rows], facts: dict[str, Any]
) -> Journal:
    """Return a journal with the same content but for the frames that edit returns."""
    out = MemoryRecorder(lambda: 0)
    out.nodes(source.nodes())
    known = source.run()
    out.run(KEY, known[KEY] | facts)
    for event in source.events():
        out.event(event.source, event.name, event.detail, event.t_us)
    for status in source.statuses():
        out.status(status.node, str(status.document).replace("'", '"'), status.t_us)
    for row in edit(list(source.frames(good=None)), out):
        out.frame(row.t_us, row.channel, row.source, row.dest, row.payload)
    return out.journal()


def moving(rows: Rows, flags: int = 0) -> int:
    """Return the position of a frame in the middle of an epoch, of a run that goes on."""
    return next(
        at
        for at, row in enumerate(rows)
        if row.flags == flags and row.seq > 4 and row.source == 2
        if flags or any(row.payload[19:-2])
    )


def _value(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows)
    rows[at] = change(rows[at], 15, 3, 69_999)
    return rows


def _hull(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows)
    rows[at] = change(rows[at], 15, 3, 90_000)
    return rows


def _few(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows)
    rows[at] = change(rows[at], 19, 4, rows[at].payload[19])
    return rows


def _unsent(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows)
    rows[at] = change(rows[at], 19, 1, 200)
    return rows


def _epoch(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows)
    rows[at] = change(rows[at], 6, 2, rows[at].epoch + 9)
    return rows


def _late(rows: Rows, out: MemoryRecorder) -> Rows:
    """A node's next epoch shows as the one before, throughout."""
    last = max(row.epoch for row in rows)
    return [
        change(row, 6, 2, row.epoch - 1) if row.source == 2 and row.epoch == last - 1 else row
        for row in rows
    ]


def _back(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows)
    rows[at] = change(rows[at], 8, 4, 1)
    return rows


def _twice(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows)
    return [*rows[: at + 1], change(rows[at], 15, 3, rows[at].value_q + 1), *rows[at + 1 :]]


def _chatty(rows: Rows, out: MemoryRecorder) -> Rows:
    first = next(row for row in rows if row.source == 3)
    extra = [change(first, 8, 4, 1000 + at)._replace(t_us=first.t_us + at) for at in range(200)]
    return [*rows, *extra]


def _mute(rows: Rows, out: MemoryRecorder) -> Rows:
    return [row for row in rows if row.source != 4 or row.t_us < 20_000_000]


def _apart(rows: Rows, out: MemoryRecorder) -> Rows:
    return [
        change(row, 15, 3, 123) if row.source == 4 and not row.restart else row for row in rows
    ]


def _flow(rows: Rows, out: MemoryRecorder) -> Rows:
    at = len(rows) - 3
    rows[at] = change(rows[at], 16, 4, rows[at].value_q + 1)
    return rows


def _edge(rows: Rows, out: MemoryRecorder) -> Rows:
    """All newer frames of a node show one unit more on its first edge, and one less inside."""
    for at, row in enumerate(rows):
        if row.source == 2 and row.t_us > 40_000_000:
            word = int.from_bytes(row.payload[25:29], "little")
            flow = (word & 0x1FFFFFFF) + 1
            edited = change(row, 25, 4, (word & 0xE0000000) | (flow & 0x1FFFFFFF))
            rows[at] = change(edited, 16, 4, row.value_q - 1)
    return rows


def _rest(rows: Rows, out: MemoryRecorder) -> Rows:
    """One edge carries one share of a unit more than it should; five nodes have 4 neighbours."""
    at = next(at for at, row in enumerate(rows) if row.source == 2 and row.seq == 20)
    residue = rows[at].payload[21 + 5 * 4]
    rows[at] = change(rows[at], 21 + 5 * 4, 1, residue + 1)
    return rows


def _event(name: str, **detail: object) -> Callable[[Rows, MemoryRecorder], Rows]:
    def edit(rows: Rows, out: MemoryRecorder) -> Rows:
        out.event("n02", name, detail, 1)
        return rows

    return edit


def _miscounted(rows: Rows, out: MemoryRecorder) -> Rows:
    names = (*checkers.load("counted").REFUSALS, "accepted", "rounds", "frames_in")
    counters = {name: 0 for name in names} | {"frames_in": 3, "accepted": 2, "rounds": 1}
    out.status(2, str({"seq": 1, "counters": counters}).replace("'", '"'), 1)
    return rows


def _refused(rows: Rows, out: MemoryRecorder) -> Rows:
    out.status(2, '{"counters": {"bad_range": 2}}', 1)
    return rows


def _reading(rows: Rows, out: MemoryRecorder) -> Rows:
    at = moving(rows, RESTART)
    value_q = rows[at].input_q + 1
    rows[at] = change(change(rows[at], 12, 3, value_q), 15, 3, value_q)
    return rows


CASES = [
    ("hull", "resilient", _hull),
    ("narrowing", "resilient", _hull),
    ("faults-max", "resilient", _value),
    ("faults-max", "resilient", _few),
    ("freshness", "resilient", _unsent),
    ("epochs", "resilient", _epoch),
    ("epoch-ends", "resilient", _late),
    ("monotone-seq", "resilient", _back),
    ("monotone-seq", "resilient", _twice),
    ("budget", "resilient", _chatty),
    ("convergence", "resilient", _mute),
    ("convergence", "resilient", _apart),
    ("sum-exact", "exact", _flow),
    ("antisymmetry", "exact", _edge),
    ("flow-steps", "exact", _rest),
    ("idempotence", "resilient", _event("echo-changed", source=1, seq=2)),
    ("raised", "resilient", _event("raised", error="IndexError")),
    ("small-integers", "resilient", _event("wide-integer", where="x:1", value=1 << 30)),
    ("counted", "resilient", _miscounted),
    ("readings", "resilient", _reading),
    ("refusals", "resilient", _refused),
]


@pytest.fixture(scope="module")
def runs() -> dict[str, Journal]:
    """A good run in each mode."""
    out = {}
    for mode in ("resilient", "exact"):
        outcome = run_seed(scenario_of(QUIET.format(mode=mode)), 5, keep=True)
        assert outcome.violations == {} and outcome.world is not None
        out[mode] = outcome.world.journal.journal()
    return out


@pytest.mark.parametrize(("name", "mode", "edit"), CASES)
def test_a_checker_finds_what_it_is_for(
    runs: dict[str, Journal], name: str, mode: str, edit: Callable[[Rows, MemoryRecorder], Rows]
) -> None:
    same = rewritten(runs[mode], lambda rows, _: rows, {})
    assert checkers.judge(same, [name]) == {name: []}, "it complains of a good run"
    assert checkers.judge(rewritten(runs[mode], edit, {}), [name])[name]


def test_every_checker_has_a_case() -> None:
    assert {name for name, _, _ in CASES} == set(checkers.names())


def test_promises_end_where_there_are_too_many_liars(runs: dict[str, Journal]) -> None:
    """Out of the model only what needs no model is checked."""
    journal = rewritten(runs["resilient"], _hull, {"in_model": False})
    assert checkers.judge(journal, ["hull", "narrowing"]) == {"hull": [], "narrowing": []}


def test_an_unknown_checker_is_refused() -> None:
    with pytest.raises(UserError, match="no checker"):
        checkers.load("hul")
