"""What boards print, read: every value checked and bounded; nothing raises but BoardFailed."""

import json
import re
from dataclasses import dataclass
from typing import Any

from quelea.deploy import scripts
from quelea.deploy.chips import named_in
from quelea.deploy.failure import BoardFailed, readable
from quelea.deploy.repl import Repl

DIGEST = re.compile(r"[0-9a-f]{64}")
_UNIQUE = re.compile(r"[0-9a-f]{0,32}")
_WORD = re.compile(r"[a-z0-9-]{0,16}")
_NO_PROGRAM = "flash MicroPython anew: `quelea flash`"


@dataclass(frozen=True)
class Facts:
    """machine: MicroPython's words for the board. unique: the chip's number, hexadecimal.

    mpy: version of the bytecode it loads. free_bytes: of the file system, -1 unknown. fleet, id:
    as enrolled, "" if it is not; secret: digest of what is. cfg_id: of cfg.json. firmware: digest
    of what was deployed. wdt_ms: of the watchdog that its program starts, 0 for none.
    """

    machine: str
    unique: str
    version: tuple[int, int, int]
    mpy: int
    free_bytes: int
    fleet: str
    id: str
    secret: str
    cfg_id: str
    firmware: str
    wdt_ms: int = 0

    @property
    def chip(self) -> str:
        """Name of the chip, or "" for one that is not known."""
        chip = named_in(self.machine)
        return chip.name if chip is not None else ""

    @property
    def virtual(self) -> bool:
        """Whether it is a virtual board."""
        return self.machine.startswith("Virtual board")

    def as_json(self) -> dict[str, Any]:
        """Return what people may see: no digest of a secret."""
        return {
            "chip": self.chip, "machine": self.machine, "unique": self.unique,
            "micropython": ".".join(map(str, self.version)), "free_bytes": self.free_bytes,
            "id": self.id or self.cfg_id, "fleet": self.fleet, "firmware": self.firmware,
        }  # fmt: skip


def ask(repl: Repl) -> Facts:
    """Return what a board says of itself; its raw REPL is open."""
    return facts(repl.run(scripts.FACTS))


def facts(printed: str) -> Facts:
    """Return what the script FACTS printed; BoardFailed for anything else."""
    line = printed.strip().rpartition("\n")[2]
    try:
        row = json.loads(line)
        machine, unique, version, mpy, free, fleet, node, secret, cfg_id, firmware, wdt_ms = row
    except (ValueError, TypeError, RecursionError):
        raise _unread(line) from None
    words = (machine, unique, fleet, node, secret, cfg_id, firmware)
    numbers = (mpy, free, wdt_ms, *(version if isinstance(version, list) else ()))
    right = (
        all(isinstance(word, str) for word in words)
        and all(type(number) is int and abs(number) < 1 << 62 for number in numbers)
        and isinstance(version, list)
        and len(version) == 3
        and _UNIQUE.fullmatch(unique)
        and all(_WORD.fullmatch(word) for word in (fleet, node, cfg_id, firmware))
        and (not secret or DIGEST.fullmatch(secret))
    )
    if not right:
        raise _unread(line)
    return Facts(
        readable(machine)[:80], unique, (version[0], version[1], version[2]), mpy, free,
        fleet, node, secret, cfg_id, firmware, wdt_ms,
    )  # fmt: skip


def _unread(line: str) -> BoardFailed:
    return BoardFailed("the board's answer cannot be read", readable(line), _NO_PROGRAM)


def hashes(printed: str, names: list[str]) -> dict[str, str]:
    """Return digests by name, "" for a file that is not there; BoardFailed for anything else."""
    lines = printed.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if len(lines) != len(names):
        raise BoardFailed(
            f"the board gave {len(lines)} hashes of {len(names)} files", readable(printed),
            "repeat the command",
        )  # fmt: skip
    found = {}
    for name, line in zip(names, lines, strict=True):
        digest = line.strip()
        if digest != "-" and not DIGEST.fullmatch(digest):
            raise BoardFailed("the board gave no hash", readable(line), "repeat the command")
        found[name] = "" if digest == "-" else digest
    return found
