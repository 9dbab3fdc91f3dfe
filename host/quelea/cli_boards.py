"""The commands of boards: find, flash, enrol, deploy, update, look after."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def ota(
    fleet: Annotated[
        str, typer.Argument(help="A fleet.toml; or --broker, --name, --key and --part.")
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
    from quelea.update.command import Asked, command

    asked = Asked(fleet, broker, name, key, part or (), only or (), release, wait_s, as_json=json)
    raise typer.Exit(command(asked))


Fleet = Annotated[str, typer.Argument(help="A fleet.toml.")]
Ports = Annotated[
    list[str] | None,
    typer.Option(
        "--ports", "--port", help="A port, USB serial number, or folder of virtual boards."
    ),
]
Jobs = Annotated[int, typer.Option(help="Boards at a time.")]
ReadyS = Annotated[float, typer.Option(help="A board has so long to become ready.")]


def ls(
    ports: Ports = None,
    passive: Annotated[
        bool, typer.Option("--passive", help="Ask no board: no program is interrupted.")
    ] = False,
    jobs: Jobs = 8,
    json: Json = False,
) -> None:
    """List boards: port, chip, unique id, node, firmware. A running one is started again."""
    from quelea.deploy.ls import command

    raise typer.Exit(command(ports or [], passive, jobs, json))


def flash(
    image: Annotated[Path, typer.Argument(help="MicroPython's .bin file for the chip.")],
    ports: Ports = None,
    sha256: Annotated[str, typer.Option(help="Of the image; default: from IMAGE.sha256.")] = "",
    erase: Annotated[bool, typer.Option("--erase", help="Erase the whole flash first.")] = False,
    baud: Annotated[int, typer.Option(help="Speed of the wire.")] = 460_800,
    jobs: Jobs = 8,
    json: Json = False,
) -> None:
    """Write MicroPython into boards: image and chip checked, all at once, no eFuse touched."""
    from quelea.deploy.flash import command

    raise typer.Exit(command(image, ports or [], sha256, erase, baud, jobs, json))


def enroll(
    fleet: Fleet = "fleet.toml",
    ports: Ports = None,
    node: Annotated[str, typer.Option(help="Which node one board becomes.")] = "",
    jobs: Jobs = 8,
    json: Json = False,
) -> None:
    """Make boards nodes of a fleet: id, password and Wi-Fi go into their protected store."""
    from quelea.deploy import command

    raise typer.Exit(command.enroll(fleet, ports or [], node, jobs, json))


def deploy(
    fleet: Fleet = "fleet.toml",
    ports: Ports = None,
    wait: Annotated[bool, typer.Option(help="Until each is ready at the broker.")] = True,
    ready_s: ReadyS = 60.0,
    anew: Annotated[
        bool, typer.Option("--anew", help="Give out the parts of the limit again; all must stop.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Though others may run with other limits.")
    ] = False,
    jobs: Jobs = 8,
    json: Json = False,
) -> None:
    """Copy to each board what differs, check it, start it, and wait until it is ready."""
    from quelea.deploy import command

    raise typer.Exit(command.deploy(fleet, ports or [], wait, ready_s, anew, force, jobs, json))


def up(
    fleet: Fleet = "fleet.toml",
    ports: Ports = None,
    ready_s: ReadyS = 60.0,
    logs: Annotated[bool, typer.Option(help="Then show what the nodes say.")] = True,
    jobs: Jobs = 8,
    json: Json = False,
) -> None:
    """Validate, build, deploy, wait until all are ready, then show what they say."""
    from quelea.deploy import command

    raise typer.Exit(command.up(fleet, ports or [], ready_s, logs, jobs, json))


def logs(
    nodes: Annotated[list[str] | None, typer.Argument(help="Only these, such as n03.")] = None,
    fleet: Annotated[str, typer.Option(help="A fleet.toml.")] = "fleet.toml",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until Ctrl-C.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what nodes say at the broker: states, starts, events; with -f as it comes."""
    from quelea.deploy import command

    raise typer.Exit(command.logs(fleet, nodes or [], follow, json))


def clean(
    fleet: Fleet = "fleet.toml",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list them.")] = False,
    json: Json = False,
) -> None:
    """Clear what nodes that are no longer in the fleet left retained at the broker."""
    from quelea.deploy import command

    raise typer.Exit(command.clean(fleet, dry_run, json))


def broker(
    fleet: Fleet = "fleet.toml",
    kind: Annotated[
        str, typer.Option(help="nats or mosquitto; default: nats without certificates.")
    ] = "",
    folder: Annotated[Path | None, typer.Option(help="Of its files; default: below runs.")] = None,
    json: Json = False,
) -> None:
    """Run a broker for a fleet, where its [broker] says, with its accounts, until Ctrl-C."""
    from quelea.deploy.brokering import command

    raise typer.Exit(command(fleet, kind, folder, json))


def virtual(
    boards: Annotated[int, typer.Option(help="How many.")] = 8,
    folder: Annotated[Path, typer.Option(help="Where they keep their flash.")] = Path("boards"),
    chip: Annotated[str, typer.Option(help="What they are to esptool.")] = "esp32",
    flash_kb: Annotated[
        int, typer.Option(help="Size of a littlefs; 0: a folder without a bound.")
    ] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Such as b03:full; hang, wrong-chip, full, unplug:20000."),
    ] = None,
    heap_kb: Annotated[int, typer.Option(help="A board's heap in KB of 32-bit words.")] = 110,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with empty flashes.")] = False,
    json: Json = False,
) -> None:
    """Run boards without hardware: a real MicroPython each behind a pty; until Ctrl-C."""
    from quelea.deploy.virtual.command import command

    raise typer.Exit(command(boards, folder, chip, flash_kb, fault or [], heap_kb, fresh, json))


def ca(
    verb: Annotated[
        str, typer.Argument(help="init FLEET, issue ID, revoke ID, list, deliver FILE.")
    ],
    names: Annotated[
        list[str] | None, typer.Argument(help="Fleet, ids of nodes, or fleet.toml.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Of the authority; keep it off every network.")] = (
        Path("ca")
    ),
    broker: Annotated[
        list[str] | None, typer.Option(help="Names and addresses by which boards reach it.")
    ] = None,
    days: Annotated[int, typer.Option(help="For how long certificates are valid.")] = 1825,
    host: Annotated[bool, typer.Option("--host", help="For programs, which may do all.")] = False,
    renew: Annotated[bool, typer.Option("--renew", help="Revoke the old one first.")] = False,
    auth: Annotated[str, typer.Option(help="To deliver: none, fleet, pairwise.")] = "pairwise",
    json: Json = False,
) -> None:
    """Certificates and keys of a fleet: a folder a node, and the broker's configuration."""
    from quelea.secure.command import command

    raise typer.Exit(
        command(verb, names or [], folder, broker or [], days, host, renew, auth, json)
    )


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


def bridge(
    fleet: Annotated[str, typer.Argument(help="A fleet.toml; or --broker and --name.")] = "",
    broker: Annotated[
        str, typer.Option(help="mqtt://[user:pass@]host:port, Home Assistant's.")
    ] = "",
    name: Annotated[str, typer.Option(help="Of the fleet.")] = "",
    once: Annotated[bool, typer.Option("--once", help="Announce who is heard, and end.")] = False,
    remove_gone: Annotated[
        bool, typer.Option("--remove-gone", help="Remove devices whose node is no more.")
    ] = False,
    remove: Annotated[list[str] | None, typer.Option(help="Remove this node's device.")] = None,
    json: Json = False,
) -> None:
    """Announce the nodes of a fleet to Home Assistant, as long as it runs."""
    from quelea.bridge.command import Asked, command

    asked = Asked(broker, name, fleet, once, remove_gone, remove or (), as_json=json)
    raise typer.Exit(command(asked))


def release(
    folder: Annotated[Path, typer.Argument(help="Where to; an older release there is replaced.")],
    part: Annotated[list[str] | None, typer.Option(help="Parts beside the core.")] = None,
    json: Json = False,
) -> None:
    """Write the firmware with a package.json, for `mpremote mip install`."""
    from quelea.update.package import command

    raise typer.Exit(command(folder, part or (), as_json=json))


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    commands: tuple[Callable[..., None], ...] = (
        ls, flash, enroll, deploy, up, logs, clean, broker, virtual, ota, release, bridge, ca,
        doctor,
    )  # fmt: skip
    for command in commands:
        app.command()(command)
