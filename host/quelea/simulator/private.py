"""The agent loaded a second time, its source changed on the way: watched, or with an error in.

The modules of quelea_proto and quelea_agent get instances of their own; everybody else keeps
theirs. So a planted error is in the nodes of a world alone, not in what drives and judges them.
Either package may also come from a folder of its own, such as a copy that somebody has edited.
"""

import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

PACKAGES = ("quelea_proto", "quelea_agent")
WHEN_ASKED = ("quelea_agent.cadence",)  # what the agent imports only when it is made
Transform = Callable[[str, str, str], ast.Module]  # (module, source, path) -> syntax tree


class Firmware(NamedTuple):
    """One copy of the nodes' code. agent_class: its Agent. load: that of its settings, from a dict
    to (Settings, None) or (None, problem). modules: dotted names of all that the agent loads."""

    agent_class: Any
    load: Callable[[Any], tuple[Any, Any]]
    modules: frozenset[str]


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
    """Finds the modules of PACKAGES where they are, or in folders, and has Loader load them.

    folders: {package: its folder} of those that are not to be taken from where they are installed.
    """

    def __init__(
        self, transform: Transform, given: Mapping[str, Any], folders: Mapping[str, Path]
    ) -> None:
        self.transform = transform
        self.given = given
        self.folders = folders

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return a spec with our loader for the agent and the protocol, None for all else."""
        if fullname.split(".")[0] not in PACKAGES:
            return None
        spec = self._spec(fullname, path, target)
        if spec is None or not spec.origin or not spec.origin.endswith(".py"):
            return None
        return importlib.util.spec_from_file_location(
            fullname,
            spec.origin,
            loader=Loader(fullname, spec.origin, self.transform, self.given),
            submodule_search_locations=spec.submodule_search_locations,
        )

    def _spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, rest = fullname.partition(".")
        if package in self.folders:
            within = path if rest else [str(self.folders[package].parent)]
            spec = importlib.machinery.PathFinder.find_spec(fullname, within, target)
            if spec is None:  # or the installed one would be taken for it
                raise ModuleNotFoundError(f"no {fullname} in {self.folders[package]}")
            return spec
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None


def load(
    transform: Transform,
    given: Mapping[str, Any] | None = None,
    folders: Mapping[str, Path] | None = None,
) -> Firmware:
    """Return the nodes' code after it went through transform, with `given` names in its modules.

    Raises what the code raises when it is loaded, SyntaxError included.
    """
    kept = {name: sys.modules.pop(name) for name in _ours()}
    finder = Finder(transform, given or {}, folders or {})
    sys.meta_path.insert(0, finder)
    try:
        agent_class = importlib.import_module("quelea_agent.agent").Agent
        settings = importlib.import_module("quelea_agent.settings")
        for name in WHEN_ASKED:
            with contextlib.suppress(ModuleNotFoundError):  # a copy of an older version
                importlib.import_module(name)
        own = {name: sys.modules[name] for name in _ours()}
        return Firmware(_among(agent_class, own), settings.load, frozenset(own))
    finally:
        sys.meta_path.remove(finder)
        for name in _ours():
            del sys.modules[name]
        sys.modules.update(kept)


def _among(agent_class: Any, own: Mapping[str, ModuleType]) -> Any:
    """Return the class as one whose instances, while they are made, find their own modules."""

    class Agent(agent_class):  # type: ignore[misc]
        def __init__(self, settings: Any, session: int) -> None:
            with _instead(own):
                super().__init__(settings, session)

    return Agent


@contextlib.contextmanager
def _instead(own: Mapping[str, ModuleType]) -> Iterator[None]:
    kept = {name: sys.modules.pop(name) for name in _ours()}
    sys.modules.update(own)
    try:
        yield
    finally:
        for name in _ours():
            del sys.modules[name]
        sys.modules.update(kept)


def _ours() -> list[str]:
    return [name for name in sys.modules if name.split(".")[0] in PACKAGES]
