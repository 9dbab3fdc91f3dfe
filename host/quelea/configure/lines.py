"""Lines of a TOML file with arrays of tables: where each [[item]] and its keys stand."""

import re

from quelea.scenarios.lines import Lines as Plain

_ITEM = re.compile(r"\s*\[\[\s*([\w.-]+)\s*\]\]")
_TABLE = re.compile(r"\s*\[")
_KEY = re.compile(r"\s*([\w-]+)\s*=")


class Lines(Plain):
    """See quelea.scenarios.lines."""

    def __init__(self, text: str, where: str) -> None:
        super().__init__(_ITEM.sub(lambda found: f"[ {found[1]}]", text), where)
        self._items: dict[str, list[dict[str, int]]] = {}
        current: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            item = _ITEM.match(line)
            key = _KEY.match(line)
            if item:
                current = {"": number}
                self._items.setdefault(item[1], []).append(current)
            elif _TABLE.match(line):
                current = {}
            elif key:
                current.setdefault(key[1], number)

    def item(self, table: str, index: int, key: str) -> str:
        """Return file:line of a key of the index-th [[table]], of the item without it, or ""."""
        if index < 0:
            return ""
        lines = self._items[table][index]
        return f"{self.where}:{lines.get(key, lines[''])}"
