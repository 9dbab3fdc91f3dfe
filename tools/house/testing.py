"""What pytest needs of file names: it imports every test file by its bare name."""

from collections.abc import Iterator
from pathlib import Path

from house.source import Finding


def bare_names(root: Path) -> Iterator[Finding]:
    """No two files below tests/ have one name: the second would be taken for the first."""
    seen: dict[str, str] = {}
    for path in sorted((root / "tests").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        first = seen.setdefault(path.name, name)
        if first != name:
            yield Finding(name, 1, f"has the name of {first}, which hides it; choose another")
