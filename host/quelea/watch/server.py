"""uvicorn's server, told to let the open streams of our pages end."""

from collections.abc import Callable
from typing import Any

import uvicorn


class Server(uvicorn.Server):
    """on_end: called when the end begins. interrupted: whether a signal began it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.interrupted = False
        self.on_end: Callable[[], None] = lambda: None

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Take a signal."""
        self.interrupted = True
        self.end()

    def end(self) -> None:
        """End as soon as the open answers have ended."""
        self.on_end()
        self.should_exit = True
