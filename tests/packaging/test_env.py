"""`make env` says in one sentence what is missing, and what to do; and does nothing twice."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OLD = """#!/bin/sh
case "$1" in -V) echo "Python 3.9.2" ;; *) exit 1 ;; esac
"""
NO_VENV = """#!/bin/sh
case "$2" in *venv*) exit 1 ;; esac
case "$1" in -V) echo "Python 3.12.1" ;; esac
"""
NO_HEADERS = """#!/bin/sh
case "$1" in -V) echo "Python 3.12.1" ;; esac
case "$2" in *sysconfig*) echo /nowhere ;; esac
"""


def env(folder, python, **more):
    return subprocess.run(
        ["sh", ROOT / "tools" / "env.sh", python, "pyproject.toml"],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **more},
    )  # fmt: skip


def fake(folder, text):
    path = folder / "python3"
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize(
    "text, said",
    [
        (OLD, "Python 3.11 or newer is needed; "),
        (NO_VENV, "cannot make virtual environments"),
        (NO_HEADERS, "the C headers of Python 3.12.1 are missing"),
    ],
    ids=("old", "no venv", "no headers"),
)
def test_an_unfit_python_is_refused(tmp_path, text, said):
    ran = env(tmp_path, fake(tmp_path, text))
    assert ran.returncode == 2 and said in ran.stderr, ran.stderr
    lines = ran.stderr.splitlines()
    assert len(lines) == 2 and all(line.startswith("env: ") for line in lines)
    assert list(tmp_path.iterdir()) == [tmp_path / "python3"], "nothing was begun"


def test_no_python_at_all_is_refused(tmp_path):
    ran = env(tmp_path, "python3.99")
    assert ran.returncode == 2 and "there is no command `python3.99`" in ran.stderr


def test_no_compiler_is_refused(tmp_path):
    ran = env(tmp_path, "python3", CC="no-such-cc")
    assert ran.returncode == 2 and "a C compiler is needed" in ran.stderr
    assert "apt-get install gcc" in ran.stderr


def test_the_list_of_commands_is_what_make_alone_prints():
    text = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    for command in ("env", "run", "test", "check", "conform", "clean", "help"):
        assert f"  make {command} " in text, text
