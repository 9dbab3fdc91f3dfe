"""How long a module and a function may be."""

import ast
from collections.abc import Iterator

from house.source import Finding, Source

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60


def module_length(source: Source) -> Iterator[Finding]:
    """A module has at most 400 lines: more is two rooms."""
    if source.path.endswith((".py", ".pyx")):
        lines = source.text.count("\n")
        if lines > MODULE_LINES_MAX:
            yield source.found(
                MODULE_LINES_MAX + 1,
                f"{lines} lines, {MODULE_LINES_MAX} at most; split by subject",
            )


def function_length(source: Source) -> Iterator[Finding]:
    """A function has at most 60 lines."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield source.found(
                    node.lineno,
                    f"{node.name} has {lines} lines, {FUNCTION_LINES_MAX} at most; "
                    "decide in the parent and compute in helpers",
                )
