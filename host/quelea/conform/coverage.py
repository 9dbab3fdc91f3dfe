"""Which numbered sentences of docs/protocol.md a test names: REQ-<AREA>-<n>."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

# REQ-FLOW-3, REQ-FLOW-1 to REQ-FLOW-7, REQ-TOPIC-1 to -3
MENTION = re.compile(r"REQ-([A-Z]+)-(\d+)(?:\s+to\s+(?:REQ-\1)?-(\d+))?")
PROTOCOL = "docs/protocol.md"


@dataclass
class Coverage:
    """required: every number in the document; tested: those that a test names, with its files."""

    required: list[str] = field(default_factory=list)
    tested: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)  # named by a test, not in the document

    @property
    def missing(self) -> list[str]:
        """Return the numbers that no test names, in the document's order."""
        return [number for number in self.required if number not in self.tested]


def numbers_in(text: str) -> list[str]:
    """Return the requirement numbers named in a text, ranges written out, each once."""
    found: dict[str, None] = {}
    for match in MENTION.finditer(text):
        area, first, last = match.groups()
        for number in range(int(first), int(last or first) + 1):
            found[f"REQ-{area}-{number}"] = None
    return list(found)


def coverage(document: str, tests: Iterable[tuple[str, str]]) -> Coverage:
    """Return the coverage of a document's text by (file name, text) of the tests."""
    result = Coverage(required=numbers_in(document))
    known = set(result.required)
    for name, text in tests:
        for number in numbers_in(text):
            if number in known:
                result.tested.setdefault(number, []).append(name)
            elif number not in result.unknown:
                result.unknown.append(number)
    return result


def coverage_of_tree(root: Path) -> Coverage | None:
    """Return the coverage in a source tree, None where there is no protocol document."""
    document = root / PROTOCOL
    if not document.is_file():
        return None
    files = sorted((root / "tests").rglob("*.py"))
    tests = [(str(file.relative_to(root)), file.read_text(encoding="utf-8")) for file in files]
    return coverage(document.read_text(encoding="utf-8"), tests)
