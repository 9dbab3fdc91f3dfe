"""What a process uses, from /proc; None where the system has no /proc."""

import os
import sys
from dataclasses import dataclass

# The clock of /proc/PID/stat ticks SC_CLK_TCK times a second.
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class Usage:
    """private_kb: memory that would be free without the process; cpu_s: user and system time."""

    private_kb: int
    cpu_s: float


def usage(pid: int) -> Usage | None:
    """Return what a process uses now, or None when it is gone or cannot be read.

    Resident size would count the pages that forked nodes share once for each of them; the
    private pages (smaps_rollup) are what one more node costs.
    """
    if not sys.platform.startswith("linux"):
        return None
    private_kb = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith(("Private_Clean:", "Private_Dirty:")):
                    private_kb += int(line.split()[1])
        with open(f"/proc/{pid}/stat") as stat:
            # The name in parentheses may hold blanks; fields are counted after it (proc(5)).
            fields = stat.read().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return Usage(private_kb, (int(fields[11]) + int(fields[12])) / _TICKS_PER_S)
