"""The command that breaks the nodes' own code, to see that it is found."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    app.command()(mutants)


def mutants(
    name: Annotated[str | None, typer.Argument(help="One mutation; default: all of them.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="A TOML file with mutations of your own.")
    ] = None,
    firmware: Annotated[
        Path | None, typer.Option(help="Instead: a copy of firmware/ with an error in it.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Within which each must be found.")] = 1000,
    jobs: Annotated[int | None, typer.Option(help="Processes; default: 2.")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Keep where each was found, for docs/testing.md.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = (
        False
    ),
) -> None:
    """Plant errors in the nodes' code: which checker finds each, in how many seeds."""
    from quelea.mutations.command import command

    raise typer.Exit(command(name, file, firmware, seeds, jobs, write, as_json=json))
