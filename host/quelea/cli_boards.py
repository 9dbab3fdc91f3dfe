"""The commands of boards: find, flash, enrol, deploy, update, look after."""

from collections.abc import Callable
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    commands: tuple[Callable[..., None], ...] = ()
    for command in commands:
        app.command()(command)
