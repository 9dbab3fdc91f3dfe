"""TARGETS: rows (kind, what it is, class); where the portable files can run, one file each.

To add a target: a file beside this one, a row below. A serial port or the path of a further
unix-port interpreter is a target too, named by its path.
"""

from collections.abc import Sequence

from quelea.conform.targets.base import Description, DoesNotFit, Files, Target, TargetError
from quelea.conform.targets.cpython import CPython
from quelea.conform.targets.microbit import Microbit
from quelea.conform.targets.serial import Serial
from quelea.conform.targets.unix import Unix
from quelea.conform.targets.wasm import Wasm
from quelea.errors import UserError

__all__ = ["TARGETS", "Description", "DoesNotFit", "Files", "Target", "TargetError", "choose"]

TARGETS: tuple[tuple[str, str, type[CPython] | type[Unix] | type[Wasm] | type[Microbit]], ...] = (
    ("cpython", "the interpreter of the host", CPython),
    ("unix", "MicroPython's unix port, 64-bit small integers", Unix),
    ("wasm", "MicroPython's WebAssembly port under Node.js, 31-bit small integers", Wasm),
    ("microbit", "MicroPython 1.9 on an emulated Cortex-M0, 8 KB of heap", Microbit),
)


def choose(names: Sequence[str], runtimes: Sequence[str] = ()) -> list[Target]:
    """Return the targets of these names (all rows when none), then one for each runtime.

    A name with a slash is a serial port. runtimes: paths of further unix-port interpreters.
    Raises UserError for any other name.
    """
    kinds = {kind: cls for kind, _, cls in TARGETS}
    chosen: list[Target] = []
    for name in names or tuple(kinds):
        if name in kinds:
            chosen.append(kinds[name]())
        elif "/" in name:
            chosen.append(Serial(name))
        else:
            raise UserError(
                f"{name!r} is no target",
                where="--target",
                why=f"allowed: {', '.join(kinds)}, or a serial port such as /dev/ttyUSB0",
            )
    return chosen + [Unix(path) for path in runtimes]
