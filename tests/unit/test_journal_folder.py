"""Run folders: made side by side, found again, and refused with the remedy."""

import sqlite3
import threading
from pathlib import Path

import pytest
from journals import NODES, hear
from quelea.errors import UserError
from quelea.journal import Journal, begin, find_run, open_run
from quelea.journal.folder import FILE, LATEST
from quelea.journal.schema import APPLICATION_ID, SCHEMA_VERSION, create


def test_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    folders = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        for _ in range(5):
            folders.append(open_run("demo", tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({folder.path for folder in folders}) == 40
    assert all(folder.path.is_dir() and folder.note == "" for folder in folders)
    assert (tmp_path / LATEST).resolve() in {folder.path.resolve() for folder in folders}
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["2"] * 40 + ["l"]


def test_latest_follows_the_newest_run(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run = open_run(name, tmp_path)
        writer = run.writer()
        begin(writer, name=name, nodes=NODES, seed=3, settings={"rule": "wmsr"})
        assert writer.close() is None
        assert find_run(None, tmp_path) == run.journal.resolve()
    with Journal.open(find_run(None, tmp_path)) as journal:
        facts = journal.run()
    assert (facts["name"], facts["seed"], facts["liars"]) == ("two", 3, [3])
    assert facts["command"] and facts["version"] and facts["started"].endswith("+00:00")
    (tmp_path / LATEST).unlink()  # also without the link
    assert find_run(None, tmp_path).parent.name.endswith("-two")


def test_a_run_is_found_by_folder_by_file_and_by_name(tmp_path: Path) -> None:
    run = open_run("demo", tmp_path)
    run.writer().close()
    for name in (run.path, str(run.path), run.journal, run.path.name):
        assert find_run(name, tmp_path).samefile(run.journal)
    with pytest.raises(UserError, match="no run 'other'") as caught:
        find_run("other", tmp_path)
    assert run.path.name in str(caught.value)  # what there is, is named
    with pytest.raises(UserError, match="no run has left a journal"):
        find_run(None, tmp_path / "nowhere")


def test_a_run_goes_on_where_its_root_cannot_be_written(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.write_text("a file where the folder should be")
    run = open_run("demo", root)
    assert str(root) in run.note and str(run.path.parent) in run.note
    writer = run.writer()
    hear(writer, 1, 1, 1)
    assert writer.close() is None
    with Journal.open(run.path) as journal:
        assert len(list(journal.frames())) == 1


@pytest.mark.parametrize("name", ["", "Demo", "a/b", "../x", "a b", "-a", "a" * 41])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot name a run"):
        open_run(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def database(path: Path, application: int, version: int, tables: bool = True) -> Path:
    with sqlite3.connect(path) as connection:
        if tables:
            create(connection)
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    return path


def test_foreign_and_other_versions_are_refused_with_the_remedy(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("not a database at all, but long enough")
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)
    nothing = tmp_path / "nothing.sqlite"
    nothing.touch()
    cases = [
        (tmp_path / "gone", "there is no journal", "runs/<time>-<name>"),
        (text, "not a journal", "runs/<time>-<name>"),
        (broken, "journal", "Remedy"),
        (nothing, "empty", "try again"),
        (database(tmp_path / "a", 0, SCHEMA_VERSION), "not a journal", "mark of a journal"),
        (database(tmp_path / "b", APPLICATION_ID, 0), "schema 0", "version that wrote it"),
        (
            database(tmp_path / "c", APPLICATION_ID, SCHEMA_VERSION + 1),
            f"schema {SCHEMA_VERSION + 1}",
            "update quelea",
        ),
        (database(tmp_path / "d", APPLICATION_ID, 1, tables=False), "empty", "try again"),
    ]
    for path, what, remedy in cases:
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(UserError) as caught:
            Journal.open(path)
        assert what in caught.value.what and remedy in str(caught.value), path
        assert before is None or path.read_bytes() == before, "a reader changes nothing"
        assert isinstance(caught.value, UserError) and str(path) in caught.value.where


def test_a_journal_that_is_not_finished_is_followed(tmp_path: Path) -> None:
    """Also when it has no log beside it yet: what is written later is seen."""
    path = database(tmp_path / FILE, APPLICATION_ID, SCHEMA_VERSION)
    with Journal.open(path) as journal:
        assert journal.run() == {}
        with sqlite3.connect(path) as connection:
            connection.execute("INSERT INTO run VALUES ('seed', '5')")
        connection.close()
        assert journal.run() == {"seed": 5}


def test_a_folder_named_latest_stops_no_run(tmp_path: Path) -> None:
    (tmp_path / LATEST / "mine").mkdir(parents=True)
    run = open_run("demo", tmp_path)
    run.writer().close()
    assert find_run(None, tmp_path).samefile(run.path / FILE)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
