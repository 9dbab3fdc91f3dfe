"""The oracle: independent, current, and unable to change a frame that was released."""

import ast
from pathlib import Path

import oracle

TOOLS = Path(oracle.__file__).parent


def test_every_vector_file_is_current():
    assert oracle.update(oracle.FOLDER, check=True) == []


def test_a_changed_frame_vector_is_refused_and_kept(tmp_path):
    """REQ-FRAME-7: neither --check nor a plain run accepts it; a row at the end is written."""
    oracle.update(tmp_path, check=False)
    path = tmp_path / "frames.jsonl"
    lines = path.read_text().splitlines()
    changed = [lines[0].replace('"seq":1', '"seq":2'), *lines[1:]]
    path.write_text("\n".join(changed) + "\n")
    for check in (True, False):
        problems = oracle.update(tmp_path, check)
        assert len(problems) == 1 and "frames.jsonl:1: " in problems[0]
        assert path.read_text().splitlines() == changed
    path.write_text("\n".join(lines[:-1]) + "\n")
    assert len(oracle.update(tmp_path, check=True)) == 1
    assert oracle.update(tmp_path, check=False) == []
    assert path.read_text().splitlines() == lines


def test_other_stale_vectors_are_written_anew(tmp_path):
    oracle.update(tmp_path, check=False)
    path = tmp_path / "rules.jsonl"
    whole = path.read_text()
    path.write_text(whole.replace('"estimate_q":150', '"estimate_q":151', 1))
    assert path.read_text() != whole
    assert len(oracle.update(tmp_path, check=True)) == 1
    assert oracle.update(tmp_path, check=False) == [] and path.read_text() == whole


def test_the_oracle_imports_nothing_of_quelea():
    """It would agree with itself."""
    for path in (TOOLS / "oracle.py", *(TOOLS / "exact").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in getattr(node, "names", ())]
            module = getattr(node, "module", None) or ""
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert not any(name.startswith("quelea") for name in (module, *names)), path


def test_every_row_says_why():
    for name, rows, _ in oracle.FILES:
        assert all(row["why"] for row in rows()), name
