"""What a rule looks at, and what it says."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One broken rule. path: from the root, with slashes. line: 1-based."""

    path: str
    line: int
    text: str  # what is wrong, and after a semicolon what to do

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Source:
    """One file of the tree."""

    root: Path
    path: str

    @cached_property
    def text(self) -> str:
        """The file as text; empty for what is none."""
        try:
            return (self.root / self.path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return ""

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; an empty one for files that are not Python or do not parse."""
        if not self.path.endswith(".py"):
            return ast.Module([], [])
        try:
            return ast.parse(self.text)
        except SyntaxError:
            return ast.Module([], [])

    @property
    def on_board(self) -> bool:
        """Whether MicroPython runs this file."""
        return self.path.startswith(("shared/", "firmware/"))

    @property
    def integers_only(self) -> bool:
        """Whether it is part of the protocol or the state machine: no floats, no outside."""
        return self.on_board and "/port/" not in self.path and "/vectors/" not in self.path

    def found(self, line: int, text: str) -> Finding:
        return Finding(self.path, line, text)
