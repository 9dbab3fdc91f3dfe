"""The agent with every operation watched: what a 32-bit MicroPython keeps out of its heap.

Small integers there have 31 bits, -2^30 .. 2^30 - 1; a larger one is allocated, in the middle of a
round. CPython would not notice. So the agent is loaded a second time with each arithmetic
operation wrapped in a check of its result.
"""

import ast
from typing import Any

SMALL_MIN, SMALL_MAX = -(1 << 30), (1 << 30) - 1
CHECK = "_narrow_checked"
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.LShift, ast.Pow)

found: list[tuple[str, int]] = []  # (module:line, value) of results that are too wide


def checked(value: Any, where: str) -> Any:
    """Return value; note where an integer is wider than 31 bits."""
    if type(value) is int and not SMALL_MIN <= value <= SMALL_MAX:
        found.append((where, value))
    return value


class Wrap(ast.NodeTransformer):
    """Wraps the results of arithmetic; augmented assignments become plain ones first."""

    def __init__(self, module: str) -> None:
        self.module = module

    def _wrapped(self, value: ast.expr, line: int) -> ast.Call:
        where = ast.Constant(f"{self.module}:{line}")
        return ast.Call(ast.Name(CHECK, ast.Load()), [value, where], [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return self._wrapped(node, node.lineno) if isinstance(node.op, ARITHMETIC) else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        constant = isinstance(node.operand, ast.Constant)
        if isinstance(node.op, ast.USub) and not constant:
            return self._wrapped(node, node.lineno)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ARITHMETIC):
            return node
        read = ast.parse(ast.unparse(node.target), mode="eval").body
        value = self._wrapped(ast.BinOp(read, node.op, node.value), node.lineno)
        return ast.Assign([node.target], value)


def wrap(module: str, source: str, path: str) -> ast.Module:
    """Return the tree of a module with its arithmetic wrapped."""
    tree: ast.Module = Wrap(module).visit(ast.parse(source, path))
    return tree


def drain() -> list[tuple[str, int]]:
    """Return what was too wide since the last call, each place once."""
    places = dict(reversed(found))
    found.clear()
    return sorted(places.items())
