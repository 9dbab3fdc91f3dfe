"""The commands of two applications: a city's signals and a model server."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    commands: tuple[Callable[..., None], ...] = (traffic, serve)
    for command in commands:
        app.command()(command)


def traffic(
    network: Annotated[
        str, typer.Argument(help="One of RESCO's eight, or grid; or leave it out with --all.")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="All eight networks: the table.")] = False,
    controller: Annotated[
        str, typer.Option(help="One controller; default: agents, and all in a table.")
    ] = "",
    seed: Annotated[int, typer.Option(help="The first of --seeds.")] = 6,
    seeds: Annotated[int, typer.Option(help="Above 1: a table, resumed where it stopped.")] = 1,
    liars: Annotated[int, typer.Option(help="Intersections that lie to their neighbours.")] = 0,
    cut_links: Annotated[int, typer.Option(help="Links between neighbours that are lost.")] = 0,
    lie: Annotated[str, typer.Option(help="What liars say: full, flood or flip.")] = "full",
    gui: Annotated[bool, typer.Option("--gui", help="In SUMO's window.")] = False,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="The agents as MicroPython processes over MQTT.")
    ] = False,
    seconds: Annotated[int, typer.Option(help="Of simulated time; 0: all of it.")] = 0,
    png: Annotated[
        Path | None, typer.Option(help="Draw the run beside the shipped program to this file.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes of a table, 1 or 2.")] = 1,
    results: Annotated[
        Path, typer.Option(help="Where a table keeps the runs that are done.")
    ] = Path("runs/traffic/results.jsonl"),
    record: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
    yellow_s: Annotated[
        int, typer.Option(help="Of all that set the lamps themselves; 0: as shipped.")
    ] = 3,
    anew: Annotated[
        bool, typer.Option("--run/--no-run", help="Run what is missing, or only show the rest.")
    ] = True,
    json: Json = False,
) -> None:
    """A city's signals in SUMO: one agent an intersection, beside the usual controllers."""
    from quelea.traffic.command import Options, command

    options = Options(
        network,
        every,
        controller,
        seed,
        seeds,
        liars,
        cut_links,
        lie,
        gui,
        fleet,
        seconds,
        png,
        jobs,
        results,
        record,
        anew,
        yellow_s,
    )
    raise typer.Exit(command(options, as_json=json))


def serve(
    instance: Annotated[str, typer.Option(help="hard or trace; default: both.")] = "",
    seed: Annotated[int, typer.Option(help="The first of --seeds.")] = 1,
    seeds: Annotated[int, typer.Option(help="How many; 0: 10 instances, 2 of openb.")] = 0,
    nodes: Annotated[int, typer.Option(help="Of an instance, 6 to 40.")] = 12,
    limit_s: Annotated[float, typer.Option(help="Time for one optimum.")] = 90.0,
    requests: Annotated[
        Path | None, typer.Option(help="lora_request_trace.csv of GenTD26: the trace's mix.")
    ] = None,
    openb: Annotated[
        Path | None, typer.Option(help="Instead: the folder of the GPU trace openb.")
    ] = None,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Instead: real processes that hold real models.")
    ] = False,
    seconds: Annotated[int, typer.Option(help="Load on the fleet.")] = 150,
    png: Annotated[Path | None, typer.Option(help="Draw to this file.")] = None,
    json: Json = False,
) -> None:
    """Which node holds which model, and who answers: ours, the usual placers, the optimum."""
    from quelea.serving.command import Options, command

    options = Options(instance, seed, seeds, nodes, limit_s, requests, openb, fleet, seconds, png)
    raise typer.Exit(command(options, as_json=json))
