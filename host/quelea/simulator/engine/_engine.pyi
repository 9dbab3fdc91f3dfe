"""Types of _engine.pyx."""

from typing import Any

SIZES: dict[str, int]

class Rounds:
    def __init__(
        self, numbers: tuple[int, ...], graph: tuple[Any, ...], rows: tuple[Any, ...]
    ) -> None: ...
    def run(self, first: int, last: int, widest: int = 2) -> None: ...
