"""The agent loaded a second time, its source changed on the way: watched, or with an error in.

The modules of quelea_proto and quelea_agent get instances of their own; everybody else keeps
theirs. So a planted error is in the nodes of a world alone, not in what drives and judges them.
"""

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

PACKAGES = ("quelea_proto", "quelea_agent")
Transform = Callable[[str, str, str], ast.Module]  # (module, source, path) -> syntax tree


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from its transformed source; nothing is cached on disk."""

    def __init__(
        self, fullname: str, path: str, transform: Transform, given: Mapping[str, Any]
    ) -> None:
        super().__init__(fullname, path)
        self.transform = transform
        self.given = given

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the transformed module."""
        path = self.get_filename(fullname)
        source = Path(path).read_text(encoding="utf-8")
        tree = ast.fix_missing_locations(self.transform(fullname, source, path))
        code: CodeType = compile(tree, path, "exec")
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the module with the given names at hand."""
        module.__dict__.update(self.given)
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of PACKAGES where they are, and has them loaded by Loader."""

    def __init__(self, transform: Transform, given: Mapping[str, Any]) -> None:
        self.transform = transform
        self.given = given

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
                return importlib.util.spec_from_file_location(
                    fullname,
                    spec.origin,
                    loader=Loader(fullname, spec.origin, self.transform, self.given),
                    submodule_search_locations=spec.submodule_search_locations,
                )
        return None


def load(transform: Transform, given: Mapping[str, Any] | None = None) -> Any:
    """Return an Agent class whose modules went through transform, with `given` names in them."""
    kept = {name: sys.modules.pop(name) for name in _ours()}
    finder = Finder(transform, given or {})
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module("quelea_agent.agent").Agent
    finally:
        sys.meta_path.remove(finder)
        for name in _ours():
            del sys.modules[name]
        sys.modules.update(kept)


def _ours() -> list[str]:
    return [name for name in sys.modules if name.split(".")[0] in PACKAGES]
