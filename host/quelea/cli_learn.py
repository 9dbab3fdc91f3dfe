"""The commands of agents that learn, and of fleets that train together."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    commands: tuple[Callable[..., None], ...] = (train,)
    for command in commands:
        app.command()(command)


def train(
    what: Annotated[str, typer.Argument(help="q (tables, in the story) or minority (a game).")],
    seeds: Annotated[int, typer.Option(help="Reported on; training has its own.")] = 10,
    episodes: Annotated[int, typer.Option(help="Instances that the table is trained on.")] = 30,
    load: Annotated[
        Path | None, typer.Option(help="A q.bin to report on instead of training one.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes; 0: as many as there are cores.")] = 0,
    runs: Annotated[Path, typer.Option(help="Where runs are written.")] = Path("runs"),
    json: Json = False,
) -> None:
    """Train agents on the host, and hold them to the optimum and to simpler rules."""
    from quelea.learn.command import Options, command

    options = Options(seeds=seeds, episodes=episodes, jobs=jobs, load=load, runs=runs)
    raise typer.Exit(command(what, options, as_json=json))
