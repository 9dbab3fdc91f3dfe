"""The agent with every operation watched: what a 32-bit MicroPython keeps out of its heap.

Small integers there have 31 bits, -2^30 .. 2^30 - 1; a larger one is allocated, in the middle of a
round. CPython would not notice. So the modules of quelea_proto and quelea_agent are loaded a
second time with each arithmetic operation wrapped in a check of its result.
"""

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

SMALL_MIN, SMALL_MAX = -(1 << 30), (1 << 30) - 1
PACKAGES = ("quelea_proto", "quelea_agent")
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


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with its arithmetic wrapped; nothing is cached on disk."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the wrapped module's code."""
        path = self.get_filename(fullname)
        tree = Wrap(fullname).visit(ast.parse(Path(path).read_text(encoding="utf-8"), path))
        ast.fix_missing_locations(tree)
        code: CodeType = compile(tree, path, "exec")
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the module with the check at hand."""
        module.__dict__[CHECK] = checked
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of PACKAGES where they are, and loads them wrapped."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a spec with our loader for the agent and the protocol, None for all else."""
        if fullname.split(".")[0] not in PACKAGES:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.origin and spec.origin.endswith(".py"):
                locations = spec.submodule_search_locations
                return importlib.util.spec_from_file_location(
                    fullname,
                    spec.origin,
                    loader=Loader(fullname, spec.origin),
                    submodule_search_locations=locations,
                )
        return None


@lru_cache(maxsize=1)
def narrow_agent() -> Callable[..., Any]:
    """Return an Agent class of its own modules, every operation watched."""
    mine = [name for name in sys.modules if name.split(".")[0] in PACKAGES]
    kept = {name: sys.modules.pop(name) for name in mine}
    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        agent = importlib.import_module("quelea_agent.agent").Agent
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        sys.modules.update(kept)
    found.clear()
    return agent  # type: ignore[no-any-return]


def drain() -> list[tuple[str, int]]:
    """Return what was too wide since the last call, each place once."""
    places = dict(reversed(found))
    found.clear()
    return sorted(places.items())
