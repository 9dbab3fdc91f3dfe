"""Where a key of a TOML file stands: tomllib keeps no lines, people need them."""

import re

from quelea.errors import UserError

_TABLE = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w-]+)\s*=")
_AT = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class Lines:
    """Lines of tables and keys. Keys are found where they begin a line, as people write them."""

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self.count = text.count("\n") + 1
        self._lines: dict[tuple[str, str], int] = {}
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            head = _TABLE.match(line)
            if head:
                table = head[1]
                self._lines.setdefault((table, ""), number)
                continue
            key = _KEY.match(line)
            if key:
                self._lines.setdefault((table, key[1]), number)

    def has(self, table: str, name: str) -> bool:
        """Return whether the key was given."""
        return (table, name) in self._lines

    def of(self, table: str, name: str = "") -> str:
        """Return file:line of a key, or of its table, or the file alone."""
        line = self._lines.get((table, name)) or self._lines.get((table, ""))
        return f"{self.where}:{line}" if line else self.where

    def syntax(self, message: str) -> UserError:
        """Return the refusal of a file that is no TOML, from what tomllib said."""
        found = _AT.search(message)
        line = int(found[1]) if found and found[1] else self.count
        text = _AT.sub("", message).strip()
        return UserError(text, f"{self.where}:{line}", "the file is no TOML", "correct this line")
