"""A long journal: its sums are those of its frames, it keeps its bound, a kill never breaks it."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from journals import NODES, hear, payload
from quelea.errors import UserError
from quelea.journal import FrameRow, Journal, MemoryRecorder, Recorder, Writer
from quelea.journal.folder import FILE, open_run
from quelea.journal.retention import forget, prune, used_bytes
from quelea.journal.summary import summarise, text

SECOND_US = 1_000_000


def talk(recorder: Recorder, rng: random.Random, frames: int) -> None:
    """Three nodes with losses, repeats, late frames, new sessions, garbage."""
    seqs, sessions, t_us = {1: 0, 2: 7, 3: 0}, {1: 1, 2: 5, 3: 1}, 0
    for _ in range(frames):
        t_us += rng.randrange(20_000)
        node = rng.randrange(1, 4)
        draw = rng.random()
        if draw < 0.02:
            sessions[node] += 1
            seqs[node] = 0
        elif draw < 0.06:
            recorder.frame(t_us, "x", node, 0, rng.randbytes(rng.randrange(40)))
            continue
        seqs[node] += rng.choice((1, 1, 1, 1, 2, 5))
        seq = max(0, seqs[node] - rng.choice((0, 0, 0, 0, 1, 3)))
        hear(recorder, t_us, node, seq, session=sessions[node], epoch=seqs[node] // 9 % 6,
             value_q=rng.randrange(100))  # fmt: skip


def by_sql(journal: Journal) -> tuple[object, ...]:
    """The same sums, of every frame, by another way."""
    run = journal.connection.execute
    traffic = run(
        "SELECT source, sum(cause IS NULL), sum(length(payload)), sum(cause IS NOT NULL), "
        "min(t_us), max(t_us) FROM frame GROUP BY source ORDER BY source"
    ).fetchall()
    lost: dict[int, list[int]] = {}
    for source, gap in run(
        "SELECT source, max(seq) - min(seq) + 1 - count(DISTINCT seq) FROM frame "
        "WHERE cause IS NULL GROUP BY source, session"
    ):
        lost.setdefault(source, []).append(gap)
    epochs = run(
        "SELECT epoch, min(t_us), max(t_us), count(DISTINCT source) FROM frame "
        "WHERE cause IS NULL GROUP BY epoch ORDER BY min(t_us)"
    ).fetchall()
    causes = run("SELECT cause, count(*) FROM frame WHERE cause NOT NULL GROUP BY cause")
    return (
        [(n, good, size, sum(lost[n]), bad, len(lost[n]), a, b) for n, good, size, bad, a, b
         in traffic],
        epochs,
        dict(causes.fetchall()),
    )  # fmt: skip


def test_sums_are_those_of_the_frames(tmp_path: Path, seed: int) -> None:
    """Of a whole file, of a tail beyond the newest sums, and of a journal without any."""
    writer = Writer(tmp_path / FILE, batch_rows=50)
    memory = MemoryRecorder()
    for recorder in (writer, memory):
        recorder.nodes(NODES)
        talk(recorder, random.Random(seed), 3_000)
        assert recorder.flush(20)
    with Journal.open(tmp_path) as journal, memory.journal() as other:
        tail = journal.connection.execute(
            "SELECT max(at) - (SELECT value FROM run WHERE key = 'tallied') FROM frame"
        ).fetchone()[0]
        assert 0 <= tail < 300
        for one in (journal, other):
            found = [tuple(row) for row in one.traffic()], one.epochs(), one.causes()
            assert found == by_sql(one)
    assert writer.close() is None
    with Journal.open(tmp_path) as journal, memory.journal() as other:
        assert ([*map(tuple, journal.traffic())], journal.epochs(), journal.causes()) == by_sql(
            journal
        )
        assert journal.course() == other.course()
        assert sum(row.frames for row in journal.course()) == len(list(journal.frames()))
        assert sum(row.refused for row in journal.course()) == sum(journal.causes().values())
        assert journal.course(3, 5) == [row for row in journal.course() if 3 <= row.second < 5]


def test_a_file_closed_after_all_was_written_has_the_last_second_too(tmp_path: Path) -> None:
    writer = Writer(tmp_path / FILE)
    writer.nodes(NODES)
    for seq in range(1, 4):  # one write each, of one second: its sums are told with the first
        hear(writer, seq, 1, seq, epoch=4, value_q=10)
        assert writer.flush(20)
    assert writer.close() is None
    with Journal.open(tmp_path) as journal:
        assert [row.frames for row in journal.course()] == [3]


def test_the_course_is_the_honest_spread_of_the_epoch_most_are_in() -> None:
    recorder = MemoryRecorder()
    recorder.nodes(NODES)  # n03 lies
    hear(recorder, 10, 1, 1, epoch=4, value_q=10)
    hear(recorder, 11, 3, 1, epoch=4, value_q=9_999)
    hear(recorder, SECOND_US, 2, 1, epoch=4, value_q=25)
    hear(recorder, 5 * SECOND_US, 1, 2, epoch=5, value_q=70)
    journal = recorder.journal()
    told = [(row.second, row.epoch, row.spread_q, row.nodes) for row in journal.course()]
    assert told == [(0, None, None, 0), (1, 4, 15, 2), (5, 4, None, 1)]


def test_a_journal_keeps_its_bound_and_says_what_it_forgot(tmp_path: Path) -> None:
    bound = 400_000
    writer = Writer(tmp_path / FILE, bytes_max=bound, batch_rows=500)
    writer.nodes(NODES)
    writer.state(1, "$state", "init", t_us=1)
    writer.state(1, "$state", "ready", t_us=2)
    writer.event("fleet", "early", t_us=3)
    for seq in range(1, 30_001):
        hear(writer, seq * 1000, seq % 3 + 1, seq // 3)
        if seq % 500 == 0:
            assert writer.flush(20)
    assert writer.close() is None
    assert (tmp_path / FILE).stat().st_size < 1.5 * bound
    with Journal.open(tmp_path) as journal:
        assert used_bytes(journal.connection) < 1.2 * bound
        kept = list(journal.frames())
        forgotten = journal.forgotten
        assert forgotten is not None and forgotten.frames == 30_000 - len(kept) > 20_000
        assert kept[0].t_us == forgotten.until_us and kept[-1].t_us == 30_000_000
        assert sum(row.frames for row in journal.traffic()) == 30_000, "sums are of the whole run"
        assert len(journal.course()) == 31 and journal.closed
        assert [row.value for row in journal.states()] == ["ready"]
        assert list(journal.events(name="early")) == []
        told = text(summarise(journal))
        assert f"{forgotten.frames:,} frames before were forgotten" in told
        assert journal.latest_states()[1]["$state"].value == "ready"
        assert journal.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_old_runs_are_removed_but_none_that_goes_on(tmp_path: Path) -> None:
    names = [f"2026010{n}-000000-fleet" for n in range(1, 6)]
    for name in (*names, "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE).touch()
        if name != names[1]:  # this one was written to just now
            os.utime(tmp_path / name / FILE, (1, 1))
    (tmp_path / "latest").symlink_to(names[-1], target_is_directory=True)
    assert [path.name for path in prune(tmp_path, 2, FILE)] == [names[0], names[2]]
    left = ["latest", "notes", names[1], *names[3:]]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)
    made = open_run("fleet", tmp_path, keep=2)
    left = ["latest", "notes", names[1], names[4], made.path.name]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(left)


def test_frames_that_no_sum_holds_yet_are_not_forgotten(tmp_path: Path) -> None:
    """After a kill a reader adds the frames behind the newest sums: they must be there."""
    writer = Writer(tmp_path / FILE)
    writer.nodes(NODES)
    for seq in range(1, 2_000):
        hear(writer, seq * 1_000, 1, seq)
    writer.close()
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as file:
        file.execute("UPDATE run SET value = 300 WHERE key = 'tallied'")
        assert forget(file, 1, 10) == 300
        assert forget(file, 1, 10) == 0
        file.execute("DELETE FROM run WHERE key = 'tallied'")
        assert forget(file, 1, 10) == 0


CHILD = """
import sys
from pathlib import Path
from journals import NODES, hear
from quelea.journal import Writer
writer = Writer(Path(sys.argv[1]), batch_rows=200, bytes_max=int(sys.argv[2]))
writer.nodes(NODES)
seq = 0
print("up", flush=True)
while True:
    seq += 1
    hear(writer, seq * 400, seq % 3 + 1, seq)
    if writer.waiting > 5_000:
        writer.flush(20)
        print(seq, flush=True)
"""
KILLS = int(os.environ.get("QUELEA_SEEDS", "6"))
EXTRA_KILLS = 8  # more of them where nothing had been flushed yet


@pytest.mark.parametrize("bytes_max", [0, 500_000])
def test_a_kill_at_any_moment_leaves_a_sound_journal(
    tmp_path: Path, seed: int, bytes_max: int
) -> None:
    """QUELEA_SEEDS=200 kills as often; half of the files then also have a torn log."""
    rng = random.Random(seed)
    rows = 0
    for kill in range(KILLS // 2 + EXTRA_KILLS):
        if kill >= KILLS // 2 and rows > 0:
            break
        wait_s = 0.8 * max(1, kill - KILLS // 2 + 2)  # a slow machine flushes its first later
        path = tmp_path / f"{kill}.sqlite"
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(bytes_max)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as child:
            assert child.stdout is not None and child.stdout.readline() == "up\n"
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(rng.random() * wait_s)
            child.send_signal(signal.SIGKILL)
            flushed = max([0, *map(int, child.stdout.read().split())])
        log = path.with_name(path.name + "-wal")
        torn = kill % 2 == 1 and log.is_file() and log.stat().st_size > 1_000
        if torn:  # as after a power cut: the log ends anywhere, with rubbish
            os.truncate(log, rng.randrange(log.stat().st_size))
            with log.open("ab") as file:
                file.write(rng.randbytes(3_000))
        try:
            journal = Journal.open(path)
        except UserError as error:
            assert "no journal" in error.what or "empty" in error.what
            assert flushed == 0
            continue
        with journal:
            check_sound(journal, 0 if torn else flushed)
            rows += len(list(journal.frames()))
    assert rows > 0


def check_sound(journal: Journal, flushed: int) -> None:
    kept = [row.seq for row in journal.frames()]
    forgotten = journal.forgotten
    first = 1 + (forgotten.frames if forgotten else 0)
    assert kept == list(range(first, first + len(kept))) and first + len(kept) > flushed
    assert not journal.closed
    assert journal.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sum(row.frames for row in journal.traffic()) == first - 1 + len(kept)


def test_a_version_one_journal_is_read(tmp_path: Path) -> None:
    """As the first versions wrote it: no sums, fewer indexes."""
    writer = Writer(tmp_path / FILE)
    writer.nodes(NODES)
    for seq in range(1, 40):
        hear(writer, seq * 100_000, 1, seq)
    writer.close()
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as file:
        for table in ("traffic", "epoch", "refused", "course"):
            file.execute(f"DROP TABLE {table}")
        file.execute("DELETE FROM run WHERE key = 'tallied'")
        file.execute("PRAGMA user_version = 1")
    with Journal.open(tmp_path) as journal:
        size = len(payload(1, 1))
        assert journal.traffic()[0][:4] == (1, 39, 39 * size, 0)
        assert len(journal.course()) == 4
        assert isinstance(next(journal.frames()), FrameRow)
