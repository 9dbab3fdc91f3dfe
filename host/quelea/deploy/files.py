"""Copying to a board: only what differs, beside what is there, checked, then renamed.

What is on a board already is found by SHA-256, so a copy that was cut off goes on where it was.
While files of the program differ the board has no main.py: a board that loses power half way
starts nothing rather than a mixture.
"""

import hashlib
import json
from collections.abc import Mapping

from quelea.deploy import answers, scripts
from quelea.deploy.failure import BoardFailed
from quelea.deploy.pool import Say
from quelea.deploy.repl import Repl

STARTS = "main.py"
OVER_AIR = ("boot.0", "boot.1")  # where a node notes which set it runs
CHUNK_BYTES = 768  # 1,024 characters of base64: a piece that any heap has room for
HASH_S = 60.0  # for all files; 80 KB from a slow flash
NAMES_MAX = 400


def digest_of(data: bytes) -> str:
    """Return the SHA-256 as boards print it."""
    return hashlib.sha256(data).hexdigest()


class Files:
    """The files of one board whose raw REPL is open."""

    def __init__(self, repl: Repl, say: Say) -> None:
        self._repl = repl
        self._say = say
        self.copied: list[str] = []
        self.copied_bytes = 0
        repl.run(scripts.HELPERS)

    def hashes(self, names: list[str]) -> dict[str, str]:
        """Return the SHA-256 of each file on the board, "" where there is none."""
        found: dict[str, str] = {}
        for at in range(0, len(names), 50):  # a list of names is a source, with a bound
            some = names[at : at + 50]
            found |= answers.hashes(self._repl.run(scripts.hashes(some), HASH_S), some)
        return found

    def differing(self, wanted: Mapping[str, bytes]) -> list[str]:
        """Return the names of files that are not on the board as wanted."""
        have = self.hashes(list(wanted))
        return [name for name, data in wanted.items() if have[name] != digest_of(data)]

    def put(self, name: str, data: bytes) -> None:
        """Copy one file; BoardFailed leaves what was there, and nothing beside it."""
        self._say(f"copying {name} ...")
        try:
            self._repl.run(f"_open({name!r})\n")
            for at in range(0, len(data), CHUNK_BYTES):
                self._repl.run(scripts.put(data[at : at + CHUNK_BYTES]))
            said = self._repl.run(f"_done({name!r}, {digest_of(data)!r})\n", HASH_S)
        except BoardFailed as error:
            if "is full" in error.what:
                error.why = f"{name} has {len(data)} bytes; {error.why}"
                self._repl.run(
                    f"_file.close()\n{scripts.gone([])}_gone({name + scripts.BESIDE!r})"
                )
            raise
        if said.strip() != "ok":
            raise BoardFailed(f"{name} came over damaged", said, "repeat the command")
        self.copied.append(name)
        self.copied_bytes += len(data)

    def stop_starting(self) -> None:
        """Take main.py away until all else is in place.

        Also what says that a set from over the air runs: what comes by cable is to run.
        """
        self._repl.run(scripts.gone([STARTS, *OVER_AIR]))

    def updated(self) -> bool:
        """Return whether the board runs a set that came over the air, or tries one."""
        code = f"for _n in {OVER_AIR!r}:\n    print(_read(_n))\n"
        return over_air(self._repl.run(code))

    def remove_others(self, wanted: Mapping[str, bytes]) -> int:
        """Remove what an earlier deployment left and this one does not have; return how many."""
        code = f"print(open({scripts.MARK!r}).read())\n"
        try:
            names = listed(self._repl.run(code))
        except BoardFailed:
            return 0  # none, or another's
        old = [name for name in names if name not in wanted]
        if old:
            self._repl.run(scripts.gone(old))
        return len(old)

    def verify(self, wanted: Mapping[str, bytes]) -> None:
        """BoardFailed unless every file is on the board as wanted."""
        wrong = self.differing(wanted)
        if wrong:
            raise BoardFailed(
                f"{len(wrong)} files are not as they were sent", ", ".join(wrong[:5]),
                "repeat the command; if it stays so, the flash is worn out",
            )  # fmt: skip


def over_air(printed: str) -> bool:
    """Return whether the newer of two boot records, a line each, names another set than lib."""
    newest, slot = -1, 0
    for line in printed.split("\n")[:2]:
        words = line.split(" ")[:4]
        if len(words) == 4 and all(word.isdecimal() and len(word) < 10 for word in words):
            count, of_set = int(words[0]), int(words[1])
            if count > newest:
                newest, slot = count, of_set
    return slot != 0


def mark(digest: str, parts: list[str], names: list[str]) -> bytes:
    """Return firmware.json: what was deployed, and which files belong to it."""
    row = {"digest": digest, "parts": parts, "files": names}
    return json.dumps(row, separators=(",", ":")).encode()


def listed(text: str) -> list[str]:
    """Return the files that a board's firmware.json names; [] for what cannot be one."""
    try:
        names = json.loads(text)["files"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return []
    if not isinstance(names, list) or len(names) > NAMES_MAX:
        return []
    return [name for name in names if isinstance(name, str) and _ours(name)]


def _ours(name: str) -> bool:
    plain = len(name) < 100 and ".." not in name and name.isascii() and name.isprintable()
    return plain and name.startswith(("lib/quelea_", "main.py", "start.mpy", "trace.json"))
