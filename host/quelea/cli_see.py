"""The commands that look at a run: all of them read its journal, or the bus."""

from pathlib import Path
from typing import Annotated

import typer

journal_app = typer.Typer(help="Read the journal of a run.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Run = Annotated[Path | None, typer.Argument(help="Run folder or journal; default: the latest.")]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    for command in (watch, top, replay, plot, explain, metrics):
        app.command()(command)
    app.add_typer(journal_app, name="journal")


def top(
    run: Run = None,
    broker: Annotated[
        str, typer.Option(help="mqtt://[user:pass@]host:port of a fleet, instead of a run.")
    ] = "",
    fleet: Annotated[str, typer.Option(help="Its name, with --broker.")] = "fleet",
    blind: Annotated[
        bool, typer.Option("--blind", help="Do not tell who was made to lie.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a screen.")] = False,
) -> None:
    """Watch a fleet in the terminal: live while a run goes on, or at its end."""
    from quelea.top.command import top

    raise typer.Exit(top(run, broker=broker, fleet=fleet, blind=blind, as_lines=plain))


def replay(
    run: Run = None,
    speed: Annotated[
        float, typer.Option(help="Seconds of the run a second; 0, with --plain: no waiting.")
    ] = 1.0,
    at: Annotated[float, typer.Option(help="Second of the run to begin at.")] = 0.0,
    blind: Annotated[
        bool, typer.Option("--blind", help="Do not tell who was made to lie.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a screen.")] = False,
) -> None:
    """Play a run's journal in the terminal as it was: pause, faster, back by key."""
    from quelea.top.command import replay

    raise typer.Exit(replay(run, speed=speed, at_s=at, blind=blind, as_lines=plain))


def watch(
    run: Run = None,
    broker: Annotated[
        str, typer.Option(help="Instead of a run: mqtt://[user:pass@]host:port.")
    ] = "",
    fleet: Annotated[str, typer.Option(help="The fleet's name on that broker.")] = "fleet",
    port: Annotated[int, typer.Option(help="On loopback; 0: a free one.")] = 0,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Break and heal nodes of an emulated fleet.")
    ] = False,
    blind: Annotated[
        bool, typer.Option("--blind", help="Do not tell who was made to lie, and what broken.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Serve a live page of a run, or of a fleet on a broker, on this machine only."""
    from quelea.watch.command import command

    raise typer.Exit(
        command(
            run, broker=broker, fleet=fleet, port=port, allow_write=allow_write, blind=blind,
            open_page=open_page,
        )
    )  # fmt: skip


def plot(
    run: Run = None,
    png: Annotated[Path | None, typer.Option(help="File to draw; default: plot.png.")] = None,
    svg: Annotated[Path | None, typer.Option(help="The same as SVG.")] = None,
    pdf: Annotated[
        Path | None, typer.Option(help="A report: facts, verdict, audit, all figures.")
    ] = None,
    at: Annotated[float | None, typer.Option(help="Second around which frames are shown.")] = None,
    json: Json = False,
) -> None:
    """Draw a run: spread beside its prediction, estimates, trims, frames in time, caps."""
    from quelea.pictures.command import plot

    raise typer.Exit(plot(run, (png, svg, pdf), at, as_json=json))


def explain(
    node: Annotated[str, typer.Argument(help="Id or number, such as n03.")],
    at: Annotated[float | None, typer.Option(help="Second of the run; default: its end.")] = None,
    run: Annotated[
        Path | None, typer.Option(help="Run folder or journal; default: the latest.")
    ] = None,
    json: Json = False,
) -> None:
    """Why a node has its value: inputs, rule and what was left out, each with its frame."""
    from quelea.pictures.command import explain

    raise typer.Exit(explain(node, at, run, as_json=json))


def metrics(
    run: Run = None,
    broker: Annotated[
        str, typer.Option(help="Instead of a run: mqtt://[user:pass@]host:port.")
    ] = "",
    fleet: Annotated[str, typer.Option(help="The fleet's name on that broker.")] = "fleet",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free one.")] = 9464,
    per_node: Annotated[
        int, typer.Option(help="Series of single nodes, for fleets of up to so many; 0: none.")
    ] = 0,
) -> None:
    """Serve figures for Prometheus at /metrics, and /healthz."""
    from quelea.metrics.command import command

    raise typer.Exit(
        command(run, broker=broker, fleet=fleet, host=host, port=port, per_node=per_node)
    )


@journal_app.command("show")
def journal_show(run: Run = None, json: Json = False) -> None:
    """Print what a run was and what happened in it."""
    from quelea.journal.command import show

    raise typer.Exit(show(run, as_json=json))


@journal_app.command("export")
def journal_export(
    run: Run = None,
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", help="File to write; - for standard output.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Folder: a CSV file a table.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Folder: a Parquet file a table.")] = None,
) -> None:
    """Write every frame, state, event and fault: JSON lines, or a table a file."""
    from quelea.journal.command import export

    raise typer.Exit(export(run, jsonl, csv, parquet))
