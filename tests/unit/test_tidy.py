"""Every house rule fires on a planted violation, names its line, and is silent on clean files."""

from pathlib import Path

import pytest
import tidy

MANIFEST = 'package("quelea_proto", base_path="../shared")\npackage("quelea_agent")\n'
CLEAN = {
    "shared/quelea_proto/fine.py": "def half(total: int) -> int:\n    return total // 2\n",
    "firmware/quelea_agent/fine.py": "from quelea_proto.fine import half\n",
    "firmware/quelea_agent/port/fine.py": "import socket\nimport time\n\nWAIT_S = 0.5\n",
    "firmware/manifest.py": MANIFEST,
    "host/quelea/cli.py": "def fleet():\n    pass\n",
    "host/quelea/fine.py": "import json\n\nfrom quelea_agent.fine import half\n",
    "docs/fine.md": "Run `python tools/run_me.py`, `make test`, `quelea fleet`: `docs/fine.md`.\n",
    "tools/run_me.py": "",
    "Makefile": "test:\n\ttrue\n",
    "tests/fleet/test_same.py": "",
}
PATH = "/".join(["", "work", "main"])
HOST = "pi.".join(["py", "org"])

# rule, file, line of the violation, its text, a word of the message
PLANTED = (
    ("module_length", "host/quelea/long.py", 401, "X = 1\n" * 401, "401 lines"),
    (
        "function_length",
        "host/quelea/deep.py",
        2,
        "\ndef deep():\n" + "    pass\n" * 60,
        "61 lines",
    ),
    (
        "direction",
        "shared/quelea_proto/up.py",
        1,
        "from quelea_agent import agent\n",
        "imports run",
    ),
    ("direction", "firmware/quelea_agent/up.py", 1, "import quelea.cli\n", "quelea.cli"),
    ("direction", "host/quelea/up.py", 1, "from exact import rules\n", "exact"),
    ("direction", "tools/exact/up.py", 2, "\nimport quelea_proto.rules\n", "quelea_proto"),
    ("board_modules", "shared/quelea_proto/in.py", 1, "from typing import Any\n", "typing"),
    ("board_modules", "firmware/quelea_agent/in.py", 1, "import time\n", "time"),
    ("board_modules", "firmware/quelea_agent/port/in.py", 1, "import logging\n", "logging"),
    ("board_modules", "shared/quelea_proto/dots.py", 1, "from . import rules\n", "imports ."),
    ("syntax", "shared/quelea_proto/m.py", 1, "match 1:\n    case 1:\n        pass\n", "match"),
    ("syntax", "firmware/quelea_agent/p.py", 1, "def f(a, /):\n    pass\n", "positional-only"),
    ("floats", "shared/quelea_proto/f.py", 1, "X = 1 / 2\n", "//"),
    ("floats", "shared/quelea_proto/g.py", 2, "X = 1\nX /= 2\n", "//"),
    ("floats", "firmware/quelea_agent/f.py", 1, "X = 0.33\n", "0.33"),
    ("floats", "firmware/quelea_agent/h.py", 1, "X = round(3)\n", "round"),
    ("unordered", "shared/quelea_proto/d.py", 1, "for k, v in {}.items():\n    pass\n", "order"),
    ("unordered", "shared/quelea_proto/e.py", 1, "X = bytes([b for b in {1, 2}])\n", "order"),
    ("units", "host/quelea/u.py", 1, "wait_seconds = 3\n", "_s"),
    ("units", "host/quelea/v.py", 1, "def f(timeout):\n    pass\n", "timeout_ms"),
    ("spelling", "host/quelea/n.py", 1, "neighbors = 3\n", "neighbour"),
    ("machine_paths", "host/quelea/w.py", 2, f"# here:\n# {PATH}/x\n", "path of one machine"),
    ("machine_paths", "notes.md", 1, f"see https://{HOST}/x\n", "registry"),
    ("commands", "docs/a.md", 1, "run `python tools/gone.py`\n", "tools/gone.py"),
    ("commands", "docs/b.md", 1, "run `make gone`\n", "make gone"),
    ("commands", "docs/c.md", 1, "see `shared/gone.py`\n", "shared/gone.py"),
    ("commands", "docs/d.md", 2, "\nrun `quelea gone --json`\n", "quelea gone"),
    ("built_files", "shared/quelea_proto/fast.so", 1, "", "build product"),
    ("built_files", "firmware/quelea_agent/fast.c", 1, "", "build product"),
    ("bare_names", "tests/unit/test_same.py", 1, "", "tests/fleet/test_same.py"),
)


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_clean_files_break_no_rule(tmp_path):
    plant(tmp_path, CLEAN)
    assert tidy.look(tmp_path) == []


@pytest.mark.parametrize(
    "rule, name, line, text, word", PLANTED, ids=lambda value: str(value)[:30]
)
def test_a_planted_violation_is_found_where_it_stands(tmp_path, rule, name, line, text, word):
    plant(tmp_path, {**CLEAN, name: text})
    found = tidy.look(tmp_path)
    assert [(one.path, one.line) for one in found] == [(name, line)], found
    assert word in found[0].text and ";" in found[0].text, "says what is wrong and what to do"
    assert str(found[0]).startswith(f"{name}:{line}: ")


def test_a_module_that_is_not_flashed_is_found(tmp_path):
    """A new module that firmware/manifest.py does not name."""
    plant(tmp_path, CLEAN)
    (tmp_path / "firmware/manifest.py").write_text('package("quelea_agent")\n')
    found = tidy.look(tmp_path)
    assert [one.path for one in found] == ["shared/quelea_proto/fine.py"]
    assert "manifest" in found[0].text


def test_every_rule_has_a_planted_violation():
    names = {rule.__name__ for rule in (*tidy.FILE_RULES, *tidy.TREE_RULES)}
    assert names == {row[0] for row in PLANTED} | {"manifest"}


def test_other_folders_may_use_floats_and_time(tmp_path):
    """The rules of the board do not reach the host, the tests or port/."""
    plant(
        tmp_path, {"host/quelea/x.py": "import time\n\nX = 1 / 2\nfor k in {}.items():\n    k\n"}
    )
    assert tidy.look(tmp_path) == []
