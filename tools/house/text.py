"""What must not stand in a tracked file, and what documents point at."""

import re
from collections.abc import Iterator
from pathlib import Path

from house.source import Finding, Source

# In pieces, so that this file passes its own rule.
_PATH_PIECES = (("/", "work/"), ("/", "root/"), ("/", r"home/\w"), ("/", r"Users/\w"))
_HOST_PIECES = (
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("npm", "js.org"),
    ("npm", "js.com"),
    ("deb", ".debian.org"),
    ("golang", ".org"),
    ("crates", ".io"),
)
_PATHS = re.compile("|".join("".join(pieces) for pieces in _PATH_PIECES))
_HOSTS = re.compile("|".join(re.escape("".join(pieces)) for pieces in _HOST_PIECES))
_TOOL = re.compile(r"\b(tools/[\w/]+\.py)\b")
_MAKE = re.compile(r"`make ([a-z][\w-]*)")
_QUELEA = re.compile(r"(?:`|\.venv/bin/)quelea ([a-z]+)")
_LINK = re.compile(r"`((?:shared|firmware|host|tools|tests|docs|hardware)/[\w./-]+\.\w+)`")


def machine_paths(source: Source) -> Iterator[Finding]:
    """No path of one machine and no host of a registry in a tracked file."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for pattern, what in ((_PATHS, "a path of one machine"), (_HOSTS, "a registry's host")):
            found = pattern.search(line)
            if found:
                yield source.found(
                    number,
                    f"{what}, {found.group()}; name it from the repository's root, or by package",
                )


def commands(source: Source) -> Iterator[Finding]:
    """A command or file that a document names exists."""
    if not source.path.endswith(".md"):
        return
    rules = _read(source.root / "Makefile")
    program = "".join(map(_read, sorted((source.root / "host/quelea").glob("cli*.py"))))
    for number, line in enumerate(source.text.splitlines(), 1):
        for path in {*_TOOL.findall(line), *_LINK.findall(line)}:
            if not (source.root / path).exists():
                yield source.found(number, f"{path} does not exist; name what the reader can open")
        for target in _MAKE.findall(line):
            if not re.search(rf"^{target}:", rules, re.MULTILINE):
                yield source.found(number, f"`make {target}` does not exist; see `make help`")
        for word in _QUELEA.findall(line):
            if not re.search(rf'\bdef {word}\(|"{word}"', program):
                yield source.found(number, f"`quelea {word}` is no command; see `quelea --help`")


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
