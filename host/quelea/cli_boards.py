"""The commands of boards: find, flash, enrol, deploy, update, look after."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def ota(
    fleet: Annotated[
        str, typer.Argument(help="A fleet.toml with name and broker; or give --name, --broker.")
    ] = "",
    broker: Annotated[str, typer.Option(help="mqtt://[user:pass@]host:port.")] = "",
    name: Annotated[str, typer.Option(help="Of the fleet.")] = "",
    key: Annotated[Path | None, typer.Option(help="The private key that boards trust.")] = None,
    part: Annotated[
        list[str] | None, typer.Option(help="Parts of the firmware beside core and update.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this node, such as n03.")] = None,
    release: Annotated[int, typer.Option(help="Its number; default: the next one.")] = 0,
    wait_s: Annotated[int, typer.Option(help="For every node to run it for good.")] = 900,
    json: Json = False,
) -> None:
    """Update a fleet over the air: signed, fetched to the side, good after a minute, else back."""
    from quelea.update.command import Asked, command, place

    broker, name = place(fleet, broker, name)
    asked = Asked(broker, name, key, part or (), only or (), release, wait_s, as_json=json)
    raise typer.Exit(command(asked))


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    commands: tuple[Callable[..., None], ...] = (ota,)
    for command in commands:
        app.command()(command)
