"""Derive the limits compiled into quelea.reference.compiled: one `cdef enum` in a .pxd file.

Only the limits named in the reference's sources are taken, so that a limit of the board's queues
does not make a built extension stale.
"""

import re
from pathlib import Path

from quelea_proto import limits

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "host" / "quelea" / "reference" / "twin"
TARGET = ROOT / "host" / "quelea" / "reference" / "compiled" / "limits.pxd"

HEAD = """\
# Derived by tools/derive_limits.py from shared/quelea_proto/limits.py: change it there.
cdef enum:
"""


def names() -> list[str]:
    """Return the limits that the reference names, in alphabetical order."""
    found: set[str] = set()
    for path in SOURCES.glob("*.py"):
        found.update(re.findall(r"\blimits\.([A-Z_]+)\b", path.read_text(encoding="utf-8")))
    return sorted(found)


def derive() -> dict[Path, str]:
    """Return {path: text} of the derived file."""
    rows = [f"    {name} = {getattr(limits, name)}\n" for name in names()]
    return {TARGET: HEAD + "".join(rows)}
