"""CSV and Parquet hold the rows of the journal, in its order, with nothing lost."""

import csv
import importlib.util
import sys
from pathlib import Path

import pytest
from conftest import need
from journals import NODES, hear, payload
from quelea.errors import UserError
from quelea.journal import Check, Journal, Writer
from quelea.journal import tables as tables_module
from quelea.journal.command import export
from quelea.journal.folder import FILE


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tables_module, "PART_ROWS", 7)
    writer = Writer(tmp_path / FILE)
    writer.nodes(NODES)
    for seq in range(1, 31):
        hear(writer, seq // 2, seq % 3 + 1, seq)  # two share an instant, also across parts
    writer.frame(15, "x", 1, 0, b"\x00\xff,\n")
    writer.event("fleet", "kill", {"text": 'a "word",\nünd mehr'}, t_us=4)
    writer.finish([Check("hull", True, 0, 1.5, "q")], True)
    assert writer.close() is None
    return tmp_path


def test_csv_holds_every_row(saved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert export(saved, csv=folder) == 0
    with (folder / "frame.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with Journal.open(saved) as journal:
        kept = list(journal.frames(good=None))
    assert [(int(r["t_us"]), r["payload"], r["seq"]) for r in rows] == [
        (row.t_us, row.payload.hex(), "" if row.cause else str(row.seq)) for row in kept
    ]
    assert rows[-1]["payload"] == b"\x00\xff,\n".hex() and rows[-1]["cause"] == "version"
    with (folder / "event.csv").open(newline="") as file:
        assert "\\u00fcnd mehr" in next(iter(csv.DictReader(file)))["detail"]
    assert {path.stem for path in folder.iterdir()} >= {"run", "node", "frame", "verdict"}


def test_parquet_is_read_by_others(saved: Path, tmp_path: Path) -> None:
    need(importlib.util.find_spec("pyarrow"), "pyarrow", 'pip install "quelea[parquet]"')
    import pyarrow.parquet

    assert export(saved, parquet=tmp_path / "out") == 0
    frames = pyarrow.parquet.read_table(tmp_path / "out" / "frame.parquet").to_pylist()
    with Journal.open(saved) as journal:
        kept = [row._asdict() for row in journal.frames(good=None)]
    for row in kept:
        del row["at"]
    assert frames == kept and frames[0]["payload"] == payload(2, 1)
    verdict = pyarrow.parquet.read_table(tmp_path / "out" / "verdict.parquet").to_pylist()
    assert verdict == [{"name": "hull", "ok": 1, "value": "0", "bound": "1.5", "unit": "q"}]


def test_what_is_missing_is_said_with_the_remedy(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        export(saved, csv=tmp_path / "file")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError) as caught:
        export(saved, parquet=tmp_path / "none")
    assert "quelea[parquet]" in str(caught.value) and not (tmp_path / "none").exists()
