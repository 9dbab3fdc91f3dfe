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


def ca(
    verb: Annotated[str, typer.Argument(help="init FLEET, issue ID..., revoke ID..., or list.")],
    names: Annotated[list[str] | None, typer.Argument(help="The fleet, or ids of nodes.")] = None,
    folder: Annotated[Path, typer.Option(help="Of the authority; keep it off every network.")] = (
        Path("ca")
    ),
    broker: Annotated[
        list[str] | None, typer.Option(help="Names and addresses by which boards reach it.")
    ] = None,
    days: Annotated[int, typer.Option(help="For how long certificates are valid.")] = 1825,
    host: Annotated[bool, typer.Option("--host", help="For programs, which may do all.")] = False,
    renew: Annotated[bool, typer.Option("--renew", help="Revoke the old one first.")] = False,
    json: Json = False,
) -> None:
    """Certificates and keys of a fleet: a folder a node, and the broker's configuration."""
    from quelea.secure.command import command

    raise typer.Exit(command(verb, names or [], folder, broker or [], days, host, renew, json))


def doctor(
    fleet: Annotated[str, typer.Argument(help="A fleet.toml, for its members and broker.")] = "",
    broker: Annotated[str, typer.Option(help="mqtt://user:pass@host, mqtts://host:port.")] = "",
    ca: Annotated[Path | None, typer.Option(help="Folder of the fleet's authority.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of a run with mosquitto.")] = None,
    broker_log: Annotated[Path | None, typer.Option(help="mosquitto's log.")] = None,
    name: Annotated[str, typer.Option(help="Of the fleet.")] = "",
    seconds: Annotated[float, typer.Option(help="To wait for the status of every node.")] = 6.0,
    json: Json = False,
) -> None:
    """What is wrong here, at the broker and with the nodes: each finding with its remedy."""
    from quelea.secure.doctor.command import Asked, command

    raise typer.Exit(command(Asked(fleet, broker, ca, run, broker_log, name, seconds), json))


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    commands: tuple[Callable[..., None], ...] = (ota, ca, doctor)
    for command in commands:
        app.command()(command)
