"""MicroPython 1.9 on an emulated Cortex-M0: QEMU's micro:bit with Debian's firmware, 8 KB of heap.

The serial line is the emulator's stdin and stdout; no port, no pty. Sources come in pieces (see
quelea.conform.pieces); what does not fit raises DoesNotFit and is named in the report.
"""

import shutil
import subprocess
import weakref
from collections.abc import Iterator
from pathlib import Path

from quelea.conform.pieces import CannotFlatten, flatten
from quelea.conform.targets.base import DoesNotFit, Files, Target, TargetError
from quelea.conform.targets.rawrepl import RawRepl

EMULATOR = "qemu-system-arm"
FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")
INSTALL = "apt-get install qemu-system-arm firmware-microbit-micropython"
MACHINE = ("-M", "microbit", "-device", f"loader,file={FIRMWARE}", "-display", "none",
           "-monitor", "none", "-serial", "stdio")  # fmt: skip
PIECE = "p"  # the file that holds the source to execute next
# The firmware's receive buffer holds 64 characters and drops what comes while it is full. So no
# step is longer, and the next waits for the answer to the last.
STEP_CHARS_MAX = 60
HANDLE = "_w"  # a global of the target that no script uses
LITERAL_CHARS_MAX = STEP_CHARS_MAX - len(f"{HANDLE}.write()") - 1
TOO_SMALL = (
    "MemoryError",
    "SyntaxError",
    "NameError",
    "ImportError",
    "AttributeError",
    "RuntimeError: maximum recursion depth",
)


class Microbit(Target):
    kind = "microbit"
    heap_small = True
    parallel = False
    rounds_share = 0.0
    options: tuple[str, ...] = ()  # further ones of the emulator

    def __init__(self, runtime: str | None = None) -> None:
        super().__init__("microbit")
        self._process: subprocess.Popen[bytes] | None = None
        self._repl: RawRepl | None = None

    def available(self) -> str | None:
        if shutil.which(EMULATOR) is None or not FIRMWARE.is_file():
            return f"the emulated micro:bit is missing; install it with: {INSTALL}"
        return None

    def _start(self) -> RawRepl:
        """Start the emulator anew: an empty heap, and an empty flash, which fills up otherwise."""
        self.close()
        # It takes no notice of a closed stdin: the kernel ends it if this process is killed.
        bound = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
        self._process = subprocess.Popen(
            [*bound, EMULATOR, *MACHINE, *self.options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._ended = weakref.finalize(self, self._process.kill)
        self._repl = RawRepl(self._process)
        self._repl.enter()
        return self._repl

    def close(self) -> None:
        process, self._process, self._repl = self._process, None, None
        if process is not None:
            process.kill()
            process.communicate()
            self._ended.detach()

    def run(self, files: Files, script: str, timeout_s: float) -> str:
        try:
            sources = flatten({p: t for p, t in files.items() if p.endswith(".py")}, script)
        except CannotFlatten as error:
            raise DoesNotFit(f"not in pieces: {error}") from None
        source = ""
        try:
            repl = self._start()
            for path, text in files.items():
                if not path.endswith(".py"):
                    self._write(repl, path, text, timeout_s)
            repl.execute("import gc", timeout_s)
            printed = ""
            for source in sources:
                printed += self._piece(repl, source, timeout_s, printed)
        except DoesNotFit as error:
            error.loading = source is not sources[-1]
            raise
        except TargetError:
            self.close()  # the line may be out of step: begin anew next time
            raise
        return printed

    def _piece(self, repl: RawRepl, source: str, timeout_s: float, before: str) -> str:
        step = source
        if len(source) > STEP_CHARS_MAX:
            self._write(repl, PIECE, source, timeout_s)
            step = f"exec(open({PIECE!r}).read({len(source)}))"
        # A step by itself leaves the script more of the short stack than exec() does.
        printed, error = repl.execute(step, timeout_s)
        repl.execute("gc.collect()", timeout_s)
        if not error or "SystemExit" in error:
            return printed
        last = error.strip().rpartition("\n")[2]
        if last.startswith(TOO_SMALL):
            head = source.splitlines()[0][:60]
            raise DoesNotFit(f"{last}, at: {head}", before + printed)
        raise TargetError("exception", before + printed, error)

    def _write(self, repl: RawRepl, path: str, text: str, timeout_s: float) -> None:
        """Write a file into the flash, each step acknowledged."""
        steps = [f"{HANDLE}=open({path!r},'w')"]
        steps += [f"{HANDLE}.write({part})" for part in literals(text, LITERAL_CHARS_MAX)]
        for step in [*steps, f"{HANDLE}.close()"]:
            error = repl.execute(step, timeout_s)[1]
            if error:
                raise DoesNotFit(f"{path} of {len(text)} characters: {error.splitlines()[-1]}")


def literals(text: str, chars_max: int) -> Iterator[str]:
    """Yield Python literals, of at most chars_max each, that make up the text."""
    at = 0
    while at < len(text):
        size = chars_max - 2  # the quotes
        while len(repr(text[at : at + size])) > chars_max:
            size -= 1
        yield repr(text[at : at + size])
        at += size
