"""This machine: Python, packages, clock, and whether bytecode and interpreter belong together."""

import re
import sys
import time
from collections.abc import Iterator
from importlib import metadata

from quelea.errors import UserError
from quelea.fleet import interpreter, staging
from quelea.secure.doctor.finding import ERROR, NOTE, OK, WARNING, Finding

CLOCK_FROM_S = 1_735_689_600  # 2025-01-01: a clock before it was never set
CLOCK_TO_S = 4_102_444_800  # 2100-01-01
_REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)(?:;(.*))?$")


def look() -> Iterator[Finding]:
    """Yield what is found."""
    yield from _python()
    yield from _packages()
    yield from _bytecode()
    yield clock(time.time())


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.prefix == sys.base_prefix:
        remedy = "`python3 -m venv .venv`, then `.venv/bin/pip install quelea`"
        yield Finding("python", WARNING, f"Python {version}, in no environment of its own", remedy)
    else:
        yield Finding("python", OK, f"Python {version} in {sys.prefix}")


def _packages() -> Iterator[Finding]:
    bad = 0
    for text in metadata.requires("quelea") or ():
        match = _REQUIREMENT.match(text)
        if match is None or (match[3] and "extra" not in match[3]):
            continue
        name, bounds, extra = match[1], match[2].strip(" ()"), match[3] or ""
        if extra and "'boards'" not in extra.replace('"', "'"):
            continue
        try:
            problem = outside(metadata.version(name), bounds)
        except metadata.PackageNotFoundError:
            problem = "is missing"
        if problem:
            bad += 1
            remedy = "pip install 'quelea[boards]'" if extra else "pip install quelea"
            yield Finding("package", WARNING if extra else ERROR, f"{name} {problem}", remedy)
    if not bad:
        yield Finding("packages", OK, "all packages are there, in versions that were tested")


def outside(version: str, bounds: str) -> str:
    """Return why a version does not meet bounds such as `>=1.5,<2`, or an empty string."""
    have = _numbers(version)
    for bound in filter(None, (part.strip() for part in bounds.split(","))):
        match = re.match(r"(==|>=|<=|<|>)\s*(.+)", bound)
        if match is None:
            continue
        sign, want = match[1], _numbers(match[2])
        width = max(len(have), len(want))
        one, other = (row + (0,) * (width - len(row)) for row in (have, want))
        holds = {
            "==": one == other, ">=": one >= other, "<=": one <= other,
            "<": one < other, ">": one > other,
        }[sign]  # fmt: skip
        if not holds:
            return f"{version} is not {bounds}"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _bytecode() -> Iterator[Finding]:
    try:
        found = interpreter.find()
        _, text = staging.find_compiler()
    except UserError as error:
        yield Finding("micropython", WARNING, error.what, error.remedy)
        return
    match = re.search(r"mpy v?(\d+)", text)
    written = int(match[1]) if match else 0
    if written != found.mpy:
        yield Finding(
            "bytecode",
            ERROR,
            f"mpy-cross writes version {written}, the interpreter loads {found.mpy}",
            "install the mpy-cross that belongs to the interpreter",
        )
    else:
        yield Finding("bytecode", OK, f"mpy-cross and MicroPython both have version {written}")


def clock(now_s: float) -> Finding:
    """Judge a time; boards have no clock, so certificates rest on this one and the broker's."""
    text = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now_s))
    if CLOCK_FROM_S <= now_s <= CLOCK_TO_S:
        return Finding("clock", NOTE, f"this machine says {text}")
    return Finding(
        "clock", ERROR, f"this machine says {text}", "set the clock, by NTP for example"
    )
