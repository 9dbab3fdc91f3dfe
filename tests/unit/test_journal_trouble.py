"""Whatever happens to the file, the producer goes on, and the journal says what it lacks."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from journals import NODES, hear, until
from quelea.errors import UserError
from quelea.journal import Journal, Writer
from quelea.journal.recorder import RESERVE_ROWS

Need = Callable[..., object]


def seqs(path: Path) -> list[int]:
    with Journal.open(path) as journal:
        return [row.seq for row in journal.frames()]


def test_a_reader_sees_rows_without_a_flush(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite")
    hear(writer, 1, 1, 1)
    until(lambda: writer.path.is_file() and writer.path.stat().st_size > 0, "the file")
    until(lambda: seqs(tmp_path) == [1], "the batch by time")
    with Journal.open(tmp_path) as journal:
        assert not journal.closed
        assert writer.close() is None
        assert journal.closed and journal.incomplete is None
        assert journal.run()["closed"]["rows"]["frame"] == 1


def test_rows_wait_while_the_file_is_locked_and_none_is_lost(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite")
    assert writer.flush(20)
    with sqlite3.connect(writer.path, isolation_level=None) as thief:
        thief.execute("BEGIN IMMEDIATE")
        for seq in range(3_000):
            hear(writer, seq, 1, seq)
        until(lambda: "locked" in writer.trouble, "the writer to meet the lock")
        assert not writer.flush(0.05)
        assert writer.waiting == 3_000 and writer.incomplete is None
        thief.execute("ROLLBACK")
    assert writer.flush(20)
    assert writer.trouble == "" and writer.waiting == 0
    assert writer.close() is None
    assert seqs(tmp_path) == list(range(3_000))


def test_overflow_drops_frames_counts_them_and_tells_the_file(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite", rows_max=500)
    assert writer.flush(20)
    with sqlite3.connect(writer.path, isolation_level=None) as thief:
        thief.execute("BEGIN IMMEDIATE")
        until(lambda: writer.trouble or hear(writer, 0, 1, 0), "the writer to meet the lock")
        before = writer.waiting
        for seq in range(1, 2_001):
            hear(writer, seq, 1, seq)
        for _ in range(RESERVE_ROWS // 10):
            writer.event("fleet", "kill")  # what happened to the run has a reserve
        incomplete = writer.incomplete
        assert incomplete is not None
        dropped = 2_000 - (500 - before)
        assert incomplete.dropped == {"frame": dropped} and "locked" in incomplete.reason
        thief.execute("ROLLBACK")
    assert writer.close() == incomplete
    with Journal.open(tmp_path) as journal:
        assert journal.incomplete == incomplete and journal.closed
        assert len(list(journal.frames())) == 500
        assert len(list(journal.events(name="kill"))) == RESERVE_ROWS // 10
        told = [row.detail for row in journal.events(name="incomplete")]
        assert told[-1]["dropped"] == {"frame": dropped}


@contextmanager
def file_bytes_max(size: int) -> Iterator[None]:
    """No file of this process may grow beyond size: writes fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_stops_nobody_and_is_told_once_there_is_room(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite", rows_max=2_000)
    writer.nodes(NODES)
    assert writer.flush(20)
    sent = 0
    with file_bytes_max(300_000):
        while writer.incomplete is None or sent < 20_000:
            hear(writer, sent, 1, sent)
            sent += 1
            if sent % 500 == 0 and not writer.trouble:
                writer.flush(0.2)
            assert sent < 1_000_000, "the disk never got full"
        assert writer.trouble and writer.waiting == 2_000
        lost = writer.incomplete.dropped["frame"]
    assert writer.flush(20), writer.trouble
    with Journal.open(tmp_path) as journal:  # it is told before the end
        assert journal.incomplete is not None and journal.incomplete.dropped == {"frame": lost}
    hear(writer, sent, 1, sent)
    assert writer.close() is not None
    with Journal.open(tmp_path) as journal:
        assert journal.incomplete is not None and journal.incomplete.dropped == {"frame": lost}
        kept = [row.seq for row in journal.frames()]
        assert len(kept) == sent + 1 - lost and kept[-1] == sent
        assert journal.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_disk_full_to_the_end_is_told_by_the_writer_and_by_the_open_journal(
    tmp_path: Path,
) -> None:
    writer = Writer(tmp_path / "journal.sqlite")
    hear(writer, 1, 1, 1)
    assert writer.flush(20)
    with file_bytes_max(200_000):
        for seq in range(2, 20_000):
            hear(writer, seq, 1, seq)
        incomplete = writer.close(0.5)
    assert incomplete is not None and incomplete.dropped["frame"] > 10_000
    assert incomplete.reason
    with Journal.open(tmp_path) as journal:
        assert not journal.closed
        assert next(journal.frames()).seq == 1


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder_is_tried_until_it_can_be_written(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("run")
    for above in [folder, *folder.parents]:
        if above.owner() == folder.owner() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o055)
    folder.chmod(0o555)
    with as_nobody():
        writer = Writer(folder / "journal.sqlite")
        hear(writer, 1, 1, 1)
        until(lambda: writer.trouble, "the writer to be refused")
        assert not list(folder.iterdir())
    folder.chmod(0o777)
    assert writer.flush(20), writer.trouble
    assert writer.close() is None
    assert seqs(folder) == [1]
    folder.chmod(0o555)
    with as_nobody():
        assert seqs(folder) == [1]  # a finished journal is read where nothing can be written
    assert [path.name for path in folder.iterdir()] == ["journal.sqlite"]


def test_a_removed_file_is_made_again_and_the_loss_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    writer = Writer(folder / "journal.sqlite")
    writer.nodes(NODES)
    writer.run("seed", 5)
    for seq in range(10):
        hear(writer, seq, 1, seq)
    assert writer.flush(20)
    shutil.rmtree(folder)
    hear(writer, 10, 1, 10)
    until(lambda: writer.trouble, "the writer to miss its file")
    folder.mkdir()
    incomplete = writer.close()
    assert incomplete is not None and incomplete.dropped == {"frame": 10}
    with Journal.open(folder) as journal:
        assert [row.seq for row in journal.frames()] == [10]
        assert journal.nodes() == list(NODES) and journal.run()["seed"] == 5
        assert journal.incomplete == incomplete


def test_a_row_that_cannot_be_stored_harms_no_other(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite")
    hear(writer, 1, 1, 1)
    writer.event("fleet", "huge", t_us=1 << 80)
    writer.state(1, "$state", "\udcff")
    writer.state(1, "$state", "ready")
    hear(writer, 2, 1, 2)
    incomplete = writer.close()
    assert incomplete is not None and incomplete.dropped == {"event": 1, "state": 1}
    with Journal.open(tmp_path) as journal:
        assert [row.seq for row in journal.frames()] == [1, 2]
        assert [row.value for row in journal.states()] == ["ready"]


def test_rows_after_the_end_are_counted(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite")
    assert writer.close() is None
    hear(writer, 1, 1, 1)
    late = writer.incomplete
    assert late is not None and late.dropped == {"frame": 1} and "closed" in late.reason
    assert writer.close() == late


def test_many_threads_record_at_once(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal.sqlite")

    def work(node: int) -> None:
        for seq in range(2_000):
            hear(writer, seq, node, seq)

    threads = [threading.Thread(target=work, args=(node,)) for node in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.close() is None
    with Journal.open(tmp_path) as journal:
        for node in range(1, 5):
            assert [row.seq for row in journal.frames(node=node)] == list(range(2_000))


def test_a_journal_is_written_once(tmp_path: Path) -> None:
    Writer(tmp_path / "journal.sqlite").close()
    with pytest.raises(UserError, match="written once"):
        Writer(tmp_path / "journal.sqlite")


CHILD = """
import sys
from pathlib import Path
from journals import hear
from quelea.journal import Writer
writer = Writer(Path(sys.argv[1]))
seq = 0
while True:
    for _ in range(500):
        seq += 1
        hear(writer, seq, 1, seq)
    assert writer.flush(20)
    print(seq, flush=True)
    for _ in range(50):  # these may be lost, but only from their end
        seq += 1
        hear(writer, seq, 1, seq)
"""


def test_a_killed_process_leaves_a_sound_journal_without_its_last_batch(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    flushed = 0
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as child:
        assert child.stdout is not None
        while flushed < 20_000:
            flushed = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        flushed = max([flushed, *map(int, child.stdout.read().split())])
    assert child.returncode == -signal.SIGKILL
    with Journal.open(path) as journal:
        kept = [row.seq for row in journal.frames()]
        assert kept == list(range(1, len(kept) + 1)) and len(kept) >= flushed
        assert not journal.closed
        assert journal.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with sqlite3.connect(path) as again:  # its log folds in
        assert again.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    with Journal.open(path) as journal:
        assert len(list(journal.frames())) == len(kept)
