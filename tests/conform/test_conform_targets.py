"""Every target gives back what a script prints, and says when one fails or does not end."""

import time

import pytest
from conftest import need
from quelea.conform.targets import (
    CPython,
    DoesNotFit,
    Microbit,
    Serial,
    TargetError,
    Unix,
    Wasm,
    choose,
)
from quelea.errors import UserError

FILES = {"pkg/sub/mod.py": "def twice(x: int) -> int:\n    return 2 * x\n", "data.txt": "4\n5\n"}
SCRIPT = """
from pkg.sub.mod import twice
file = open("data.txt")
while True:
    line = file.readline()
    if not line:
        break
    print(twice(int(line)))
"""
LARGE = [CPython, Unix, Wasm]
ALL = [*LARGE, Microbit]


@pytest.fixture
def target(request):
    made = request.param()
    reason = made.available()
    need(reason is None, made.name, reason or "")
    yield made
    made.close()


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_staged_files_are_imported_and_read(target):
    assert target.run(FILES, SCRIPT, 30) == "8\n10\n"
    # Nothing is left of one run in the next.
    with pytest.raises(TargetError):
        target.run({}, SCRIPT, 30)
    assert target.run({}, "print('again')\n", 30) == "again\n"


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_a_target_says_who_it_is(target):
    who = target.describe()
    names = {"cpython": ("cpython", {0}), "unix": ("micropython", {31, 63}),
             "wasm": ("micropython", {31}), "microbit": ("micropython", {31})}  # fmt: skip
    assert who.name == names[target.kind][0]
    assert who.small_int_bits in names[target.kind][1] and who.version.count(".") == 2


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_an_exception_is_told_with_what_was_printed_before(target):
    with pytest.raises(TargetError) as caught:
        target.run({}, "print('before')\n1 // 0\n", 30)
    assert caught.value.printed == "before\n"
    assert "ZeroDivisionError" in str(caught.value)


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_a_script_without_end_is_ended(target):
    began_s = time.monotonic()
    with pytest.raises(TargetError):
        target.run({}, "print('in')\nwhile True:\n    pass\n", 1.5)
    assert time.monotonic() - began_s < 20
    assert target.run({}, "print(1)\n", 30) == "1\n"


@pytest.mark.parametrize("target", LARGE, indirect=True)
def test_system_exit_is_no_error(target):
    assert target.run({}, "print(1)\nraise SystemExit\nprint(2)\n", 30) == "1\n"


@pytest.mark.parametrize("target", [Unix, Wasm], indirect=True)
def test_small_integers_are_as_wide_as_the_description_says(target):
    """The heap is where the others go; on 31 bits 2^30 - 1 is the last that costs nothing."""
    top = (1 << target.describe().small_int_bits - 1) - 1
    script = f"import gc\ngc.disable()\n{SPENT}print(spent({top - 1}), spent({top}))\n"
    small, large = target.run({}, script, 30).split()
    assert small == "0" and int(large) > 0


SPENT = """
def spent(value):
    before = gc.mem_alloc()
    more = value + 1
    return gc.mem_alloc() - before

spent(1)
"""


@pytest.mark.parametrize("target", [Microbit], indirect=True)
def test_what_does_not_fit_the_microbit_is_told_apart_from_what_fails(target):
    big = "values = [0] * 5000\n"
    for script in (big, "f'{1}'\n", "import json\n"):
        with pytest.raises(DoesNotFit):
            target.run({}, script, 30)
    with pytest.raises(DoesNotFit) as caught:
        target.run({"a.py": "def f(n):\n    return [0] * n\n"}, "from a import f\nf(5000)\n", 30)
    assert not caught.value.loading
    with pytest.raises(TargetError) as other:
        target.run({}, "assert 1 == 2\n", 30)
    assert not isinstance(other.value, DoesNotFit)


def test_targets_are_chosen_by_name_port_or_path():
    assert [target.kind for target in choose([])] == ["cpython", "unix", "wasm", "microbit"]
    chosen = choose(["wasm", "/dev/ttyUSB9"], ["/opt/other/micropython-32"])
    assert [target.name for target in chosen] == ["wasm", "/dev/ttyUSB9", "unix:micropython-32"]
    with pytest.raises(UserError, match="'esp' is no target"):
        choose(["esp"])


def test_what_is_missing_is_said_with_the_command_that_installs_it(monkeypatch, tmp_path):
    assert "no serial port" in (Serial("/dev/ttyUSB9").available() or "")
    assert str(tmp_path / "x") in (Unix(str(tmp_path / "x")).available() or "")
    monkeypatch.setenv("QUELEA_MICROPYTHON_WASM", str(tmp_path / "micropython.mjs"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install nodejs" in (Wasm().available() or "")
    assert "apt-get install qemu-system-arm" in (Microbit().available() or "")
    (tmp_path / "node").write_text("")
    (tmp_path / "node").chmod(0o755)
    assert "npm install --prefix" in (Wasm().available() or "")
