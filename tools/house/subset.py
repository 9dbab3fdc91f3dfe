"""What MicroPython or the number format forbids in shared/ and firmware/."""

import ast
from collections.abc import Iterator

from house.source import Finding, Source

_ITERATED = ("items", "keys", "values")


def syntax(source: Source) -> Iterator[Finding]:
    """Only the syntax that MicroPython parses."""
    if not source.on_board:
        return
    for node in ast.walk(source.tree):
        name = ""
        if isinstance(node, ast.Match):
            name = "match"
        elif isinstance(node, ast.TryStar):
            name = "except*"
        elif isinstance(node, ast.arguments) and node.posonlyargs:
            yield source.found(
                node.posonlyargs[0].lineno,
                "positional-only arguments; MicroPython does not parse them: leave out the slash",
            )
        if name and isinstance(node, ast.stmt):
            yield source.found(node.lineno, f"{name}; MicroPython does not parse it: use if")


def floats(source: Source) -> Iterator[Finding]:
    """Integers and floor division only, outside port/."""
    if not source.integers_only:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield source.found(node.lineno, "division by /; use // (floor) or a shift")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield source.found(node.lineno, f"the float {node.value}; scale it to an integer")
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("float", "round", "pow")
        ):
            yield source.found(
                node.lineno, f"{node.func.id}() gives floats; use quelea_proto.fixed"
            )


def unordered(source: Source) -> Iterator[Finding]:
    """No walk over a dict or set: MicroPython's keep no order, and bytes must not depend on it."""
    if not source.on_board:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.For | ast.comprehension):
            walked = node.iter
            if _is_unordered(walked):
                yield source.found(
                    walked.lineno,
                    "walks over a dict or set; MicroPython keeps no order there: use a tuple",
                )


def _is_unordered(node: ast.expr) -> bool:
    if isinstance(node, ast.Dict | ast.Set | ast.DictComp | ast.SetComp):
        return True
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in ("dict", "set", "frozenset")
    return isinstance(node.func, ast.Attribute) and node.func.attr in _ITERATED and not node.args
