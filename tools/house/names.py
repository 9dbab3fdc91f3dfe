"""Units and spelling in the names that we define."""

import ast
from collections.abc import Iterator

from house.source import Finding, Source

UNITS = (
    (("_sec", "_secs", "_seconds"), "_s"),
    (("_msec", "_msecs", "_millis", "_millisecond", "_milliseconds"), "_ms"),
    (("_usec", "_micros", "_microseconds"), "_us"),
    (("_kilobytes", "_kbytes"), "_kb"),
    (("_pct", "_percentage"), "_percent"),
)
BARE = ("timeout", "delay", "interval", "period", "duration", "latency")


def defined(source: Source) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of what a file defines: functions, classes, arguments, variables."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not node.name.startswith("test_"):  # a sentence, not a number
                yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr


def units(source: Source) -> Iterator[Finding]:
    """Unit last and in its short form; a time says its unit."""
    for line, name in defined(source):
        lower = name.lower()
        for endings, short in UNITS:
            if lower.endswith(endings):
                yield source.found(line, f"{name}; units end in their short form: {short}")
        if name in BARE and not source.path.startswith("tests/"):
            yield source.found(line, f"{name} has no unit; name it {name}_ms or {name}_s")


def spelling(source: Source) -> Iterator[Finding]:
    """One spelling: neighbour."""
    for line, name in defined(source):
        if "neighbor" in name.lower():
            yield source.found(line, f"{name}; one spelling everywhere: neighbour")
