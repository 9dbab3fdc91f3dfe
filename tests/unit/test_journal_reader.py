"""What goes into a journal comes out again: by time, by node, by epoch, and newest first."""

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from journals import NODES, hear, payload
from quelea.journal import Check, Journal, MemoryRecorder, Recorder, Writer
from quelea.journal.reader import PAGE_ROWS
from quelea.journal.rows import CAUSES, SENDER
from quelea_proto.frames import HELD, RESTART

Close = Callable[[Recorder], Journal]


@pytest.fixture(params=["file", "memory"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Recorder, Close]]:
    """A recorder of either sort, and how to get a reader of what it recorded."""
    readers: list[Journal] = []
    if request.param == "memory":
        memory = MemoryRecorder()
        yield memory, lambda _: memory.journal()
        memory.close()
        return
    writer = Writer(tmp_path / "journal.sqlite")

    def read(recorder: Recorder) -> Journal:
        assert recorder.flush(20)
        readers.append(Journal.open(tmp_path))
        return readers[-1]

    yield writer, read
    for reader in readers:
        reader.close()
    assert writer.close() is None


def test_every_table_keeps_what_it_was_given(made: tuple[Recorder, Close]) -> None:
    recorder, read = made
    recorder.nodes(NODES)
    recorder.run("seed", 7)
    recorder.run("seed", 8)
    recorder.run("settings", {"rule": "wmsr", "list": [1, None]})
    recorder.state(1, "$state", "ready", t_us=5)
    recorder.status(2, '{"heap":{"high":1}}', t_us=6)
    recorder.status(2, "no JSON", t_us=7)
    recorder.event("fleet", "kill", {"node": "n02"}, t_us=8)
    fault = recorder.fault("freeze", "broker", 10, detail={"for_ms": 5})
    assert recorder.fault("kill", "n02", 11) == fault + 1
    recorder.fault("freeze", "broker", 10, to_us=20, fired=3, fault_id=fault)
    checks = [Check("hull", True, 0, 0, "q"), Check("rounds", False, math.inf, 9.5, "rounds")]
    recorder.finish(checks, False)
    journal = read(recorder)
    assert journal.nodes() == list(NODES)
    assert journal.run()["seed"] == 8
    assert journal.run()["settings"] == {"rule": "wmsr", "list": [1, None]}
    assert journal.run()["verdict"] is False
    assert [row[1:] for row in journal.states()] == [(5, 1, "$state", "ready")]
    assert [row.document for row in journal.statuses(node=2)] == [
        {"heap": {"high": 1}},
        {"text": "no JSON"},
    ]
    assert [row[1:] for row in journal.events()] == [(8, "fleet", "kill", {"node": "n02"})]
    assert list(journal.events(name="other")) == []
    assert [row[1:] for row in journal.faults()] == [
        ("freeze", "broker", 10, 20, 3, {}),
        ("kill", "n02", 11, None, 0, {}),
    ]
    # an infinity is no JSON: it comes back as None, and nothing else is lost over it
    assert journal.checks() == [checks[0], checks[1]._replace(value=None)]


def test_a_frame_comes_back_with_its_head_its_flags_and_its_columns(
    made: tuple[Recorder, Close],
) -> None:
    recorder, read = made
    sent = payload(
        2, 77, session=9, epoch=65535, input_q=-8388607, value_q=5, flags=HELD, used=(3, 255)
    )
    recorder.frame(10, "d", 2, 3, sent)
    recorder.frame(11, "x", 2, 0, payload(2, 78, flags=RESTART))
    first, second = read(recorder).frames()
    assert first[1:] == (10, "d", 2, 3, sent, None, 1, 1, 9, 65535, 77, -8388607, 5)
    assert first.held and not first.restart and second.restart and not second.held
    frame = first.frame()
    assert frame is not None and [frame.used_at(0), frame.used_at(1)] == [3, 255]


def test_bad_payloads_are_kept_with_their_cause_and_without_a_head(
    made: tuple[Recorder, Close], seed: int
) -> None:
    recorder, read = made
    rng = random.Random(seed)
    good = payload(1, 1)
    damaged = bytearray(good)
    damaged[9] ^= 1
    recorder.frame(1, "x", 1, 0, good)
    recorder.frame(2, "x", 1, 0, bytes(damaged))
    recorder.frame(3, "x", 1, 0, b"")
    recorder.frame(4, "x", 2, 0, good)  # node 1's frame on node 2's topic
    recorder.frame(5, "x", 1, 0, good + rng.randbytes(1_000_000))
    for t_us in range(6, 200):
        recorder.frame(t_us, "x", 1, 0, rng.randbytes(rng.randrange(60)))
    journal = read(recorder)
    assert [row.t_us for row in journal.frames()] == [1]
    bad = list(journal.frames(good=False))
    assert [row.cause for row in bad[:4]] == ["crc", "short", SENDER, "length"]
    assert all(row.cause in CAUSES and set(row[7:]) == {None} for row in bad)
    assert max(len(row.payload) for row in bad) < 2_000  # of a megabyte only the first bytes
    assert len(list(journal.frames(good=None))) == 199
    assert sum(journal.causes().values()) == 198


def test_frames_are_chosen_by_time_by_node_and_by_epoch(made: tuple[Recorder, Close]) -> None:
    recorder, read = made
    for seq in range(1, 7):
        for node in (1, 2, 3):
            # all three at one instant, as in a simulator: the order of recording decides
            hear(recorder, seq * 10, node, seq, epoch=seq // 3)
    journal = read(recorder)
    assert [(row.t_us, row.source) for row in journal.frames(20, 40)] == [
        (20, 1), (20, 2), (20, 3), (30, 1), (30, 2), (30, 3)
    ]  # fmt: skip
    assert [row.seq for row in journal.frames(node=2)] == [1, 2, 3, 4, 5, 6]
    assert [(row.seq, row.source) for row in journal.frames(epoch=1, node=3)] == [
        (3, 3), (4, 3), (5, 3)
    ]  # fmt: skip
    assert len(list(journal.frames(epoch=2))) == 3
    assert [row[0] for row in journal.epochs()] == [0, 1, 2]
    assert journal.epochs()[1] == (1, 30, 50, 3)
    assert journal.end_us() == 60


def test_pages_of_rows_join_without_a_gap(made: tuple[Recorder, Close], seed: int) -> None:
    recorder, read = made
    rng = random.Random(seed)
    count, t_us, times = PAGE_ROWS * 2 + 3, 0, []
    for seq in range(count):
        t_us += rng.choice((0, 0, 0, 1))  # many share an instant, also across two pages
        times.append(t_us)
        hear(recorder, t_us, 1, seq)
    journal = read(recorder)
    rows = list(journal.frames())
    assert [row.seq for row in rows] == list(range(count))
    assert [row.t_us for row in rows] == times
    newer = journal.newer_frames(rows[-3].at)
    assert [row.seq for row in newer] == [count - 2, count - 1]


def test_newest_values_and_inputs(made: tuple[Recorder, Close]) -> None:
    recorder, read = made
    recorder.nodes(NODES)
    hear(recorder, 10, 1, 1, epoch=0, input_q=5, value_q=5)
    hear(recorder, 11, 2, 1, epoch=0, input_q=7, value_q=7)
    hear(recorder, 20, 1, 2, epoch=0, input_q=5, value_q=6)
    hear(recorder, 30, 1, 3, epoch=1, input_q=9, value_q=9)
    recorder.frame(40, "x", 1, 0, b"garbage")
    journal = read(recorder)
    assert {n: row.value_q for n, row in journal.latest().items()} == {1: 9, 2: 7}
    assert {n: row.value_q for n, row in journal.latest(20).items()} == {1: 6, 2: 7}
    assert {n: row.value_q for n, row in journal.latest(10).items()} == {1: 5}
    assert journal.latest(9) == {}
    assert journal.inputs(0) == {1: 5, 2: 7}
    assert journal.inputs(1) == {1: 9}
    assert journal.inputs(0, since_us=11) == {1: 5, 2: 7}
    assert journal.inputs(0, until_us=11) == {1: 5}


def test_losses_are_the_gaps_of_each_session(made: tuple[Recorder, Close]) -> None:
    recorder, read = made
    recorder.nodes(NODES)
    for t_us, (session, seq) in enumerate([(1, 4), (1, 5), (1, 8), (2, 1), (2, 3), (2, 2)]):
        hear(recorder, t_us, 1, seq, session=session)
    for dest in (1, 3):  # one frame to two neighbours is one sequence number
        recorder.frame(50, "d", 2, dest, payload(2, 1))
    recorder.frame(51, "x", 2, 0, b"?")
    size = len(payload(1, 1))
    first, second = read(recorder).traffic()
    assert first == (1, 6, 6 * size, 2, 0, 2, 0, 5)
    assert second == (2, 2, 2 * size + 1, 0, 1, 1, 50, 51)
