"""Sources in pieces compute what the files compute; what cannot be taken apart is refused."""

import contextlib
import io

import pytest
from quelea.conform import stage, vectors
from quelea.conform.pieces import CannotFlatten, flatten
from quelea.conform.targets import CPython


def run_pieces(sources, monkeypatch, tmp_path):
    """Execute the sources one after the other in one name space; return what they print."""
    monkeypatch.chdir(tmp_path)
    space, text = {}, io.StringIO()
    with contextlib.redirect_stdout(text):
        for source in sources:
            exec(source, space)
    return text.getvalue()


FOLDER = stage.portable_folder()
TESTS, KITS = stage.portable_tests(FOLDER)
FLAT = [name for name in TESTS if name.startswith(("fixed", "rule", "flows", "frames", "topics"))]


@pytest.mark.parametrize("name", FLAT)
def test_a_script_in_pieces_prints_the_same(name, monkeypatch, tmp_path):
    files = {**stage.program_files(), **KITS}
    expected = CPython().run(files, TESTS[name], 60)
    assert run_pieces(flatten(files, TESTS[name]), monkeypatch, tmp_path) == expected


def test_vectors_in_pieces_are_all_answered(monkeypatch, tmp_path):
    files = stage.program_files()
    for batch in vectors.batches():
        rows = "".join(batch.groups)
        (tmp_path / vectors.ROWS).write_text(rows)
        printed = run_pieces(flatten(files, batch.script), monkeypatch, tmp_path)
        assert printed == f"ROWS {rows.count(chr(10))}\n", batch.name


def test_constants_annotations_and_docstrings_are_gone():
    files = {
        "quelea_proto/limits.py": "const = int\nTOP = const(7)\n",
        "a.py": '"""Doc."""\nfrom quelea_proto.limits import TOP\n\n\n'
        'def f(count: int) -> int:\n    """Doc."""\n    total: int = count\n'
        "    return total + TOP\n\n\ndef g() -> None:\n    pass\n",
    }
    assert flatten(files, "from a import f\nprint(f(1))\n") == [
        "def f(a):\n b = a\n return b + 7",
        "print(f(1))",
    ]


def test_keyword_arguments_keep_their_names():
    sources = flatten({"a.py": "def f(one, two):\n    return one - two\n"},
                      "from a import f\nprint(f(two=1, one=2))\n")  # fmt: skip
    assert sources[0] == "def f(one, two):\n return one - two"


def test_constants_of_a_whole_module_are_written_out():
    files = {"p/a.py": "ONE = 1\nTWO = 2\n\n\ndef f(): pass\n"}
    assert flatten(files, "from p import a as b\nprint(b.ONE + b.TWO)\n") == ["print(1 + 2)"]


@pytest.mark.parametrize(
    "script, said",
    [
        ("import a\n", "whole module"),
        ("from p import a\na.f()\n", "whole module"),
        ("from p import a\nprint(a)\n", "whole module"),
        ("from a import f as g\n", "another name"),
        ("from b import f\nfrom c import g\nf(), g()\n", "f is in"),
        ("from a import f\ndef f(): pass\nprint(f)\n", "f is in"),
        ("class A:\n    x = 1\n", "more than methods"),
    ],
)
def test_what_the_one_name_space_cannot_give_is_refused(script, said):
    files = {"a.py": "def f(): pass\n", "b.py": "def f(): pass\n", "p/a.py": "x = 1\n"}
    files["c.py"] = "from a import f\n\ndef g(): f()\n"
    with pytest.raises(CannotFlatten, match=said):
        flatten(files, script)
