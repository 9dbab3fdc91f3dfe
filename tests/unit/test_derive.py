"""Derived files are current, and derive.py notices when they are not."""

import subprocess
import sys
from pathlib import Path

import derive
import pytest
import tables
from quelea_proto import limits

ROOT = Path(derive.__file__).resolve().parent.parent


def test_every_derived_file_is_current():
    for path, text in derive.derived().items():
        assert path.read_text() == text, f"{path}: run `python tools/derive.py`"


def test_a_stale_table_is_replaced_and_the_rest_is_kept():
    text = "before\n<!-- derived: causes -->\nold\n<!-- end -->\nafter\n"
    filled = derive.fill(text)
    assert filled.startswith("before\n<!-- derived: causes -->\n| cause |")
    assert filled.endswith("<!-- end -->\nafter\n") and "old" not in filled
    assert derive.fill(filled) == filled


def test_a_programs_output_is_taken_over(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "say.py").write_text("print('hull 0..9')\n")
    text = "<!-- derived: tools/say.py -->\n<!-- end -->"
    assert "```text\nhull 0..9\n```" in derive.fill(text, tmp_path)


def test_an_unknown_mark_is_refused():
    with pytest.raises(derive.UnknownMark, match=r"nothing.*frames"):
        derive.fill("<!-- derived: nothing -->\n<!-- end -->")


def test_check_fails_when_a_file_is_stale(tmp_path):
    """A copy of the tree with one changed limit: --check names the stale files and fails."""
    for folder in (
        "shared",
        "firmware",
        "tools",
        "host/quelea/reference",
        "host/quelea/data",
        "host/quelea/mutations",
        "docs",
    ):
        subprocess.run(["mkdir", "-p", tmp_path / folder], check=True)
        subprocess.run(["cp", "-r", f"{ROOT / folder}/.", tmp_path / folder], check=True)
    path = tmp_path / "shared/quelea_proto/limits.py"
    old = f"DAMP = const({limits.DAMP})"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, f"DAMP = const({limits.DAMP + 1})"))
    ran = subprocess.run(
        [sys.executable, tmp_path / "tools/derive.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    assert "limits.pxd: stale" in ran.stderr and "protocol.md: stale" in ran.stderr


def test_tables_escape_what_would_break_them():
    assert tables.table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |"


def test_every_limit_has_a_row():
    names = [name for name in vars(limits) if name.isupper()]
    text = tables.limit_table()
    assert all(f"`{name}`" in text for name in names)
