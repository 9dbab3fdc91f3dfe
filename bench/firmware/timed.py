"""Time of the same parts, and of whole node-rounds, on MicroPython's unix port.

One process a number of neighbours, everything in it in turns; see device/timed.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quelea.conform.targets import Files
from quelea.conform.targets.unix import Unix

from bench.firmware.parts import COUNTS, DEVICE, EXACT, PARTS, RESILIENT

TIMEOUT_S = 60.0
REPEATS, LEAST_US = 80, 300  # turns, and how long the calls of one turn last at least
NODE = "node {mode}, checksum {kind}"
KINDS = ("native", "plain")


@dataclass(frozen=True)
class Time:
    """What one thing takes: us a time; bytes a call leaves on the heap; the digest of its result.

    passing: bytes that a call took and gave back, -1 if the interpreter does not tell.
    """

    us: float
    heap_bytes: int
    passing: int
    digest: int


def script(count: int, modules: Sequence[str] = ()) -> str:
    """Return the script that times every part and whole rounds, for this many neighbours."""
    lines = [f"from {DEVICE}.timed import Timing, run", "timings = []", *modules]
    for row in PARTS:
        lines.append(row.imports())
        lines.append(f"timings.append(Timing({row.name!r}, {row.make(count)}, 100))")
    lines.append(f"from {DEVICE}.part_node import Part")
    for mode in (RESILIENT, EXACT):
        for kind in KINDS:
            part = f"Part({count}, {mode!r}, {kind == 'plain'})"
            lines.append(
                f"timings.append(Timing({NODE.format(mode=mode, kind=kind)!r}, {part}, 1))"
            )
    return "\n".join([*lines, f"run(timings, {REPEATS}, {LEAST_US})", ""])


def read(printed: str) -> dict[str, Time]:
    """Return what device/timed.py printed, by name."""
    found = {}
    for line in printed.splitlines():
        name, _, numbers = line.partition(" | ")
        us, left, passing, digest = numbers.split()
        found[name] = Time(float(us), int(left), int(passing), int(digest))
    return found


def time_all(files: Files) -> dict[int, dict[str, Time]]:
    """Return by number of neighbours, then by name."""
    unix = Unix()
    return {count: read(unix.run(files, script(count), TIMEOUT_S)) for count in COUNTS}
