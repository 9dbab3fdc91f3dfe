"""The commands for limits that a fleet shares: prove, check a configuration, write one."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    app.command()(share)
    app.command()(validate)
    app.command()(new)
    app.command()(members)
    app.command()(hierarchy)
    app.command()(cadence)


def share(
    config: Annotated[
        str, typer.Option(help="A fleet.toml, ev or inverter; default: 8 loads on 32 A.")
    ] = "",
    seeds: Annotated[int, typer.Option(help="How many.")] = 100,
    seed: Annotated[int, typer.Option(help="The first of them.")] = 1,
    loss: Annotated[float, typer.Option(help="Rows lost also when all else is calm.")] = 0.0,
    liars: Annotated[int, typer.Option(help="So many mint units and tell everybody else.")] = 0,
    changes: Annotated[int, typer.Option(help="Of the demands in the calm; 0: safety only.")] = 3,
    bare: Annotated[
        bool, typer.Option("--bare", help="Without settling, ramps, least times and turns.")
    ] = False,
    cadence: Annotated[int, typer.Option(help="Silent up to so many rounds; 0: never.")] = 0,
    lease: Annotated[
        int, typer.Option(help="Seconds; members go and come, a host signs. 0: nobody does.")
    ] = 0,
    policy: Annotated[
        str, typer.Option(help="max-min, proportional or max-min-agreed; default: the file's.")
    ] = "",
    jobs: Annotated[int, typer.Option(help="Processes.")] = 2,
    json: Json = False,
) -> None:
    """Share a limit in virtual time under every fault: is it kept, and how well is it shared?"""
    from quelea.headroom.command import command

    raise typer.Exit(
        command(
            config, seeds, seed, loss, liars, changes, bare, jobs, json, cadence, lease, policy
        )
    )


def hierarchy(
    nodes: Annotated[int, typer.Option(help="Agents, 300 to 1,000,000.")] = 100_000,
    faults_max: Annotated[int, typer.Option(help="F of each cluster; as many lie.")] = 1,
    kind: Annotated[str, typer.Option(help="Of gossip: pairs, or flows as nodes.")] = "pairs",
    flat_times: Annotated[
        float, typer.Option(help="Flat is stopped at so many times the messages.")
    ] = 12.0,
    worlds: Annotated[
        int, typer.Option(help="Instead: so many seeds of small worlds under every fault.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of places, demand, cut and lies; the first.")] = 1,
    png: Annotated[Path | None, typer.Option(help="Draw the run to this file.")] = None,
    json: Json = False,
) -> None:
    """A large fleet in clusters against the same fleet flat: messages, lies, deaths."""
    from quelea.hierarchy.command import Options, command

    if worlds:
        from quelea.hierarchy import worlds as small

        raise typer.Exit(small.command(worlds, seed, as_json=json))
    options = Options(nodes, faults_max, kind, flat_times, seed, png)
    raise typer.Exit(command(options, as_json=json))


def cadence(
    seeds: Annotated[int, typer.Option(help="How many.")] = 6,
    seed: Annotated[int, typer.Option(help="The first of them.")] = 1,
    quiet_rounds: Annotated[int, typer.Option(help="The longest silence, 1 to 48.")] = 16,
    jobs: Annotated[int | None, typer.Option(help="Processes; default: 2.")] = None,
    json: Json = False,
) -> None:
    """Speak less when nothing changes: messages saved, error, reaction, also among liars."""
    from quelea.cadence.command import command

    raise typer.Exit(command(seeds, seed, quiet_rounds, jobs, as_json=json))


def validate(
    file: Annotated[str, typer.Argument(help="A fleet.toml, or ev, inverter.")] = "fleet.toml",
    json: Json = False,
) -> None:
    """Check a fleet.toml: does every limit hold, with numbers, or what would fit."""
    from quelea.configure.validate import command

    raise typer.Exit(command(file, as_json=json))


def new(
    file: Annotated[Path, typer.Argument(help="File to write.")] = Path("fleet.toml"),
    name: Annotated[str | None, typer.Option(help="Of the fleet.")] = None,
    nodes: Annotated[int | None, typer.Option(help="How many loads.")] = None,
    limit: Annotated[int | None, typer.Option(help="What they share, in units.")] = None,
    unit: Annotated[str | None, typer.Option(help="mA, W ...")] = None,
    most: Annotated[int | None, typer.Option(help="What a load draws at most.")] = None,
    least: Annotated[int | None, typer.Option(help="Below it a load is off; 0: none.")] = None,
    step: Annotated[int | None, typer.Option(help="Between its values.")] = None,
    floor: Annotated[int | None, typer.Option(help="Always allowed, even alone.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, take the defaults.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
) -> None:
    """Ask a few questions and write a fleet.toml that holds."""
    from quelea.configure.new import command

    given = {
        "name": name, "nodes": nodes, "limit_q": limit, "unit": unit, "most_q": most,
        "least_q": least, "unit_q": step, "floor_q": floor,
    }  # fmt: skip
    raise typer.Exit(command(file, given, ask=not yes, force=force))


def members(
    action: Annotated[
        str, typer.Argument(help="show, leave, reclaim, join, floor or limit.")
    ] = "show",
    nodes: Annotated[
        list[int] | None,
        typer.Argument(help="Numbers of nodes; of floor: a node and amount; of limit: percent."),
    ] = None,
    config: Annotated[str, typer.Option(help="The fleet.toml, with lease_s.")] = "fleet.toml",
    broker: Annotated[
        str, typer.Option(help="mqtt://[user:pass@]host:port; or of the file.")
    ] = "",
    name: Annotated[str, typer.Option(help="Of the fleet; or of the file.")] = "",
    key: Annotated[Path | None, typer.Option(help="The key that boards trust.")] = None,
    wait: Annotated[bool, typer.Option(help="Until the members have followed.")] = True,
    json: Json = False,
) -> None:
    """Show who shares a limit; let one go or in, change a floor or the limit: a signed word."""
    from quelea.headroom.members_command import command

    raise typer.Exit(command(action, nodes or [], config, broker, name, key, wait, as_json=json))
