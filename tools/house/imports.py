"""Who may import whom: quelea_proto <- quelea_agent <- quelea, and what a board has."""

import ast
from collections.abc import Iterator

from house.flash import NOT_FLASHED
from house.source import Finding, Source

# folder, packages of ours that it may import (first match decides)
OURS = ("quelea", "quelea_agent", "quelea_proto", "exact", "house", "tests", "conftest")
DIRECTION = (
    ("shared/", ("quelea_proto",)),
    ("firmware/", ("quelea_proto", "quelea_agent")),
    ("host/", ("quelea_proto", "quelea_agent", "quelea")),
    ("tools/exact/", ("exact",)),
    ("tools/oracle.py", ("exact",)),
)
# what MicroPython has and an edge may use; the protocol and the state machine need none of it
PORT_MODULES = (
    *("array", "binascii", "deflate", "errno", "esp32", "gc", "hashlib", "io", "json", "machine"),
    *("micropython", "network", "os", "random", "select", "socket", "ssl", "struct", "sys"),
    *("time", "tls", "uctypes", "vfs"),
)

START = ("firmware/main.py", "firmware/start.py")  # what runs before the agent is chosen


def imported(source: Source) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted module) of every import, also those inside functions."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def direction(source: Source) -> Iterator[Finding]:
    """Imports of ours run one way only."""
    for folder, allowed in DIRECTION:
        if not source.path.startswith(folder):
            continue
        for line, module in imported(source):
            top = module.split(".")[0]
            if top in OURS and top not in allowed:
                yield source.found(
                    line,
                    f"imports {module}; imports run quelea_proto <- quelea_agent <- quelea: "
                    "move the shared part down, or pass it in",
                )


def board_modules(source: Source) -> Iterator[Finding]:
    """shared/ and firmware/ import only what a board has."""
    if not source.on_board or source.path in NOT_FLASHED:
        return
    for line, module in imported(source):
        top = module.split(".")[0]
        if top in OURS or top in ("micropython", "attack", "start"):  # attack: what a liar stages
            continue
        if top == "binascii" and source.path == "shared/quelea_proto/crc.py":
            continue  # computes only; the checksum in C
        if top == "array" and source.path == "firmware/quelea_agent/gradients.py":
            continue  # stores only; columns that compiled functions can read
        if top == "json" and source.path.startswith("firmware/"):
            continue  # computes only; status and commands are JSON
        if source.integers_only and source.path not in START:
            yield source.found(
                line,
                f"imports {module}; outside port/ only quelea_proto and "
                "quelea_agent: do it in firmware/quelea_agent/port/",
            )
        elif top not in PORT_MODULES:
            yield source.found(
                line,
                f"imports {module}; a board has no such module: the list is in "
                "tools/house/imports.py",
            )
