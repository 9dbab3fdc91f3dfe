"""The table of checks, the exit status, and SIGTERM ending a command as Ctrl-C does."""

import io
import json
import os
import signal

import pytest
from quelea.errors import EXIT_FALSE, EXIT_OK
from quelea.journal import Check
from quelea.judged import answer, ended_by_sigterm, print_checks
from rich.console import Console

GOOD = Check("messages", True, 1.25, 2, "a round")
BAD = Check("lost", False, 3, 0, "rows")


def printed(*checks: Check) -> list[str]:
    file = io.StringIO()
    print_checks(Console(file=file, width=80), checks)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def test_each_check_has_a_row_and_the_verdict_stands_below() -> None:
    assert printed(GOOD)[1:] == ["holds messages 1.25 2 a round", "The verdict holds."]
    assert printed(GOOD, BAD)[2:] == ["FAILS lost 3 0 rows", "It does not hold."]


def test_one_that_fails_makes_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer([GOOD], {}, as_json=False) == EXIT_OK
    assert capsys.readouterr().out == ""
    assert answer([GOOD, BAD], {"seed": 1}, as_json=True) == EXIT_FALSE
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["seed"]) == (False, 1)
    assert [check["name"] for check in found["checks"]] == ["messages", "lost"]


def test_sigterm_ends_it_as_ctrl_c_does_and_only_there() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ended_by_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
