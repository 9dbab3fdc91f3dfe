"""What a target is: something that runs Python files and gives back what they print."""

import os
import signal
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Files = Mapping[str, str]  # path on the target, with `/` -> text

MAIN = "main.py"
SAID_CHARS_MAX = 2000  # of an error's output, its end

# Printed by the target itself. sys.maxsize fills a word but its sign; a small integer has one bit
# less, of which one is the sign again.
PROBE = """
import sys
i = sys.implementation
bits = 0
if i.name == "micropython":
    top = getattr(sys, "maxsize", 2147483647)  # micro:bit: not told
    while top:
        bits += 1
        top >>= 1
print(i.name, ".".join([str(part) for part in i.version[:3]]), bits)
"""


@dataclass(frozen=True)
class Description:
    """What the target says of itself; small_int_bits counts the sign, 0 when unlimited."""

    name: str
    version: str
    small_int_bits: int


class TargetError(Exception):
    """A script did not end well on a target: an exception, a crash or a time-out.

    printed: what it had printed until then. said: the error as the target told it.
    """

    def __init__(self, what: str, printed: str = "", said: str = "") -> None:
        said = said[-SAID_CHARS_MAX:].strip()
        super().__init__(f"{what}\n{said}" if said else what)
        self.printed = printed
        self.said = said


class DoesNotFit(TargetError):
    """The heap, or the language of an old version, is too small for a script: left out.

    loading: already its definitions do not fit, whatever data it is given.
    """

    loading = True


class Target(ABC):
    """One place to run the portable files. name: unique in a run, as it stands in the report."""

    kind = ""  # as given to --target
    heap_small = False  # only pieces fit: see quelea.conform.pieces
    parallel = True  # whether several scripts may run at once
    rounds_share = 1.0  # of the node-rounds asked for; slow targets take fewer
    trace_heap = True  # whether gc.mem_alloc is exact enough to prove that nothing allocates

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def available(self) -> str | None:
        """Return None, or what is missing and the command that installs it."""

    @abstractmethod
    def run(self, files: Files, script: str, timeout_s: float) -> str:
        """Stage files, run script beside them, return its standard output; or TargetError."""

    def describe(self) -> Description:
        """Ask the target who it is; TargetError if it does not answer."""
        name, version, bits = self.run({}, PROBE, 60.0).split()
        return Description(name, version, int(bits))

    def close(self) -> None:  # noqa: B027  # most targets hold nothing open
        """End whatever the target keeps running."""


def write_files(folder: Path, files: Files, script: str) -> None:
    """Write files and the script, as main.py, below folder."""
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / MAIN).write_text(script, encoding="utf-8")


def run_process(argv: Sequence[str], folder: Path, timeout_s: float) -> str:
    """Run argv in folder with a bare environment; return its output, or TargetError.

    The process has a group of its own, so that a time-out ends its children too.
    """
    env = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
    # The portable files must come from the folder alone, never from an installed copy.
    env["MICROPYPATH"] = ":.frozen"
    env["HOME"] = str(folder)
    process = subprocess.Popen(
        list(argv),
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=timeout_s)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise TargetError(
                f"no end within {timeout_s:.0f} s", out.decode(errors="replace")
            ) from None
        raise
    text = out.decode(errors="replace")
    if process.returncode != 0:
        said = err.decode(errors="replace")
        if not said:  # the unix port tells of exceptions on its standard output
            text, mark, said = text.partition("Traceback (most recent call last)")
            said = mark + said
        raise TargetError(f"exit status {process.returncode}", text, said)
    return text


def run_in_folder(argv: Sequence[str], files: Files, script: str, timeout_s: float) -> str:
    """Stage into a temporary folder and run argv there; argv names main.py itself."""
    with tempfile.TemporaryDirectory(prefix="quelea-conform-") as name:
        folder = Path(name)
        write_files(folder, files, script)
        return run_process(argv, folder, timeout_s)
