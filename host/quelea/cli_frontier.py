"""The commands of the two frontiers: quantum resources, simulated, and spikes."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into the command line."""
    for command in (quantum, spike):
        app.command()(command)


def quantum(
    only: Annotated[
        list[str] | None,
        typer.Option(help="randomness, election, signalling, agreement or allocation."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every draw; each figure has its own stream.")] = 1,
    shots: Annotated[int, typer.Option(help="Of each probability.")] = 4000,
    runs: Annotated[int, typer.Option(help="Of each mean; short ones get more.")] = 400,
    depolarise: Annotated[
        list[float] | None,
        typer.Option(help="Chance of a Pauli error a qubit; default: 0.001, 0.01, 0.05, 0.1."),
    ] = None,
    wait: Annotated[
        list[float] | None,
        typer.Option(help="Time until the reading in units of T1; default: 0.05, 0.2, 0.5."),
    ] = None,
    t2: Annotated[float, typer.Option(help="T2 in units of T1, up to 2.")] = 1.0,
    readout: Annotated[float, typer.Option(help="Chance to read the other bit.")] = 0.0,
    png: Annotated[Path | None, typer.Option(help="Draw the figures to this file.")] = None,
    json: Json = False,
) -> None:
    """Simulated W and GHZ states, coins and searches for consensus, each figure by its theory."""
    from quelea.quantum.command import command
    from quelea.quantum.setting import Setting

    setting = Setting(seed=seed, shots=shots, runs=runs, t2=t2, readout=readout)
    if depolarise:
        setting = replace(setting, depolarise=tuple(depolarise))
    if wait:
        setting = replace(setting, wait=tuple(wait))
    raise typer.Exit(command(setting, only or (), png, as_json=json))


def spike(
    task: Annotated[list[str] | None, typer.Option(help="surge or digits; default: both.")] = None,
    train: Annotated[
        bool, typer.Option("--train", help="Train anew (needs torch) and write the network.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the training.")] = 1,
    into: Annotated[
        Path | None, typer.Option(help="Folder of what is trained; default: the package's.")
    ] = None,
    network: Annotated[
        Path | None, typer.Option(help="Another network, .json or .nir, instead of the package's.")
    ] = None,
    series: Annotated[
        str, typer.Option(help="homes, or a CSV file, a column a node: to test the surge on.")
    ] = "homes",
    nir: Annotated[
        Path | None, typer.Option(help="Folder to write the networks to as NIR.")
    ] = None,
    folds: Annotated[
        int, typer.Option(help="Also hold each home out once, so many seeds (needs torch).")
    ] = 0,
    story: Annotated[
        int, typer.Option(help="Also let spikes move the story's agents, on so many seeds.")
    ] = 0,
    json: Json = False,
) -> None:
    """Spiking networks in small integers: against a dense network and a rule, on MicroPython."""
    from quelea.spiking.command import NETWORKS, command

    raise typer.Exit(
        command(
            task or (),
            train,
            seed,
            into or NETWORKS,
            network,
            series,
            nir,
            story,
            folds,
            as_json=json,
        )
    )
