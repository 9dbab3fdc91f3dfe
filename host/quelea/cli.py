"""The command line: thin, arguments to calls. Each command imports what it needs inside itself."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from quelea import cli_boards, cli_break, cli_city, cli_frontier, cli_learn, cli_see, cli_share
from quelea.errors import EXIT_INTERRUPT, EXIT_USAGE, UserError

app = typer.Typer(
    name="quelea",
    help="Nodes that agree, with nobody in charge, on how to share what is scarce.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Run = Annotated[Path | None, typer.Argument(help="Run folder or journal; default: the latest.")]


@app.command()
def fleet(
    context: typer.Context,
    nodes: Annotated[int, typer.Option(help="Real MicroPython processes, 2 to 2000.")] = 16,
    liars: Annotated[int, typer.Option(help="How many of them lie.")] = 2,
    faults_max: Annotated[
        int | None, typer.Option(help="F of every node; default: the liars that a node meets.")
    ] = None,
    mode: Annotated[str, typer.Option(help="resilient or exact.")] = "resilient",
    rule: Annotated[str, typer.Option(help="auto: by the graph and F.")] = "auto",
    attack: Annotated[str, typer.Option(help="What the liars do.")] = "ramp",
    topology: Annotated[
        str, typer.Option(help="Such as k-out:8, ring, growth:5, file:PATH; default: by F.")
    ] = "",
    broker: Annotated[
        str, typer.Option(help="nats, nats-cluster, mosquitto, mqtt://[user:pass@]host:port.")
    ] = "nats",
    network: Annotated[
        str, typer.Option(help="Faults between nodes and broker: delay:50,cut:10,freeze:15 ...")
    ] = "",
    runtime: Annotated[str | None, typer.Option(help="Path of another MicroPython.")] = None,
    heap_kb: Annotated[int, typer.Option(help="A node's heap in KB of 32-bit words.")] = 110,
    seconds: Annotated[int, typer.Option(help="Length of the run.")] = 40,
    period_ms: Annotated[int, typer.Option(help="Time of a round.")] = 250,
    epoch_rounds: Annotated[int, typer.Option(help="Rounds between restarts; 0: never.")] = 40,
    fanout: Annotated[int, typer.Option(help="To so many neighbours; 0: broadcast.")] = 0,
    cadence: Annotated[int, typer.Option(help="Silent up to so many rounds; 0: never.")] = 0,
    dead_band: Annotated[int, typer.Option(help="Cadence: what is no news; 0: by range.")] = 0,
    surge: Annotated[str, typer.Option(help="Cadence: see surges by rule or spikes.")] = "off",
    demand: Annotated[str, typer.Option(help="homes, switched, steps, a CSV file.")] = "homes",
    config: Annotated[str, typer.Option(help="A fleet.toml, or ev, inverter: its limits.")] = "",
    scenario: Annotated[str, typer.Option(help="Instead: a file that `sim` runs, or name.")] = "",
    clusters: Annotated[int, typer.Option(help="So many, joined by delegates; 0: none.")] = 0,
    limit: Annotated[int, typer.Option(help="A limit that all share; 0: none.")] = 0,
    floors: Annotated[str, typer.Option(help="Always allowed: one for all, or a list.")] = "",
    policy: Annotated[str, typer.Option(help="Or proportional, max-min-agreed.")] = "max-min",
    seed: Annotated[int, typer.Option(help="Of the graph, the liars and the demand's start.")] = 1,
    chaos: Annotated[bool, typer.Option(help="Half way: restart the broker, kill a node.")] = True,
    storm: Annotated[int, typer.Option(help="Every so many seconds, broker and nodes.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Though the graph lacks F.")] = False,
    tls: Annotated[bool, typer.Option("--tls", help="Certificates; with mosquitto.")] = False,
    auth: Annotated[str, typer.Option(help="Tags on frames: none, fleet or pairwise.")] = "none",
    watch: Annotated[bool, typer.Option("--watch", help="Serve the live page beside it.")] = False,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Let pages of this run break and heal nodes.")
    ] = False,
    name: Annotated[str, typer.Option(help="Of the fleet and the run's folder.")] = "fleet",
    journal_mb: Annotated[int, typer.Option(help="Then the oldest frames go; 0: never.")] = 4096,
    keep: Annotated[int, typer.Option(help="Runs kept there, the newest; 0: all.")] = 0,
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs"),
    json: Json = False,
) -> None:
    """Run an emulated fleet: real MicroPython nodes, a real broker, liars and faults."""
    given = dict(locals())
    from quelea.fleet.options import FleetOptions
    from quelea.fleet.run import run

    as_json = given.pop("json")
    said = _said(given.pop("context"))
    raise typer.Exit(run(FleetOptions(**given, said=said), as_json=as_json))


def _said(context: typer.Context) -> tuple[str, ...]:
    """Return the names of the parameters that the command line gave."""
    source = context.get_parameter_source
    return tuple(name for name in context.params if str(source(name)).endswith("COMMANDLINE"))


@app.command()
def conform(
    target: Annotated[
        list[str] | None,
        typer.Option(help="cpython, unix, wasm, microbit or a serial port; default: all here."),
    ] = None,
    node_rounds: Annotated[
        int, typer.Option(help="Random node-rounds compared on each unix target.")
    ] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the random node-rounds.")] = 1,
    runtime: Annotated[
        list[str] | None, typer.Option(help="Paths of further MicroPythons to hold to it.")
    ] = None,
    json: Json = False,
) -> None:
    """Prove that every runtime computes the same bits: vectors, portable tests, whole nodes."""
    from quelea.conform.command import command

    raise typer.Exit(
        command(
            targets=target or [], node_rounds=node_rounds, seed=seed, runtimes=runtime or [],
            as_json=json,
        )
    )  # fmt: skip


@app.command()
def audit(
    run: Run = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="While the run goes on; ends with its journal.")
    ] = False,
    json: Json = False,
) -> None:
    """Compute every node's step again from its frames: verified, unverifiable, wrong."""
    from quelea.audit.command import command

    raise typer.Exit(command(run, as_json=json, follow=follow))


@app.command()
def attack(
    everything: Annotated[
        bool, typer.Option("--all", help="Every setting; default: one, dynamic k=16.")
    ] = False,
    attack: Annotated[list[str] | None, typer.Option(help="Only this attack.")] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="Only this rule, such as wmsr, CS+ or CAF.")
    ] = None,
    setting: Annotated[list[str] | None, typer.Option(help="Such as 'static k=16'.")] = None,
    share: Annotated[
        list[float] | None, typer.Option(help="Share of liars; default: 0.01, 0.05, 0.1, 0.2.")
    ] = None,
    nodes: Annotated[int, typer.Option(help="Nodes of each fleet.")] = 4000,
    rounds: Annotated[int, typer.Option(help="Rounds of each run.")] = 100,
    seed: Annotated[int, typer.Option(help="Of inputs, graphs and draws.")] = 1,
    processes: Annotated[int | None, typer.Option(help="Default: one a core.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write a heat map to this file.")] = None,
    json: Json = False,
) -> None:
    """Thousands of liars against every rule: error and captured nodes by share of liars."""
    from quelea.attack.command import command

    raise typer.Exit(
        command(
            everything, attack or (), rule or (), setting or (), share or (), nodes, rounds,
            seed, processes, png, as_json=json,
        )
    )  # fmt: skip


@app.command()
def games(
    nodes: Annotated[
        int | None,
        typer.Option("--n", help="Nodes of a complete graph, up to 7; default: a table."),
    ] = None,
    liars: Annotated[int | None, typer.Option("--f", help="Liars among them, up to 2.")] = None,
    span: Annotated[
        int | None, typer.Option("--range", help="Honest values are 0 to this; default 7.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule, such as wmsr or CS+.")] = None,
    rounding: Annotated[
        str | None, typer.Option(help="half up, floor, half even, toward own, away from own.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write docs/games.md and the liars' best play.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail if those are stale.")] = False,
    json: Json = False,
) -> None:
    """Solve small games: what liars can hold for ever on complete graphs, by rule and rounding."""
    from quelea.games.command import command, refresh

    if write or check:
        raise typer.Exit(refresh(check=check))
    raise typer.Exit(command(nodes, liars, span, rule, rounding, as_json=json))


@app.command()
def story(
    seed: Annotated[int, typer.Option(help="Of instance and run; the first of --seeds.")] = 1,
    seeds: Annotated[
        int, typer.Option(help="More than one: the table of all rules instead of the picture.")
    ] = 1,
    rho: Annotated[float, typer.Option(help="Demand as a share of all capacity.")] = 0.97,
    rule: Annotated[str, typer.Option(help="Rule of choice once coordination is on.")] = "patient",
    throttle: Annotated[
        bool, typer.Option(help="Agents use no more than servers grant, in proportion.")
    ] = True,
    liars: Annotated[int, typer.Option(help="How many of the 50 lie in the last phase.")] = 5,
    lie: Annotated[str, typer.Option(help="random, empty, full, flip, crowd or sly.")] = "random",
    kappa_percent: Annotated[
        int, typer.Option(help="Loss by overload: 100 collapses, 0 only saturates.")
    ] = 100,
    jobs: Annotated[int, typer.Option(help="Processes for --seeds; 0: one a core.")] = 0,
    fleet: Annotated[
        bool, typer.Option("--fleet", help="Real MicroPython processes; over two minutes.")
    ] = False,
    own_clocks: Annotated[
        bool,
        typer.Option("--own-clocks", help="Simulated agents do not act all at the same moment."),
    ] = False,
    policy: Annotated[
        Path | None, typer.Option(help="Of --rule policy: a network's file; default: ours.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="The picture; default: below --runs.")] = None,
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs"),
    json: Json = False,
) -> None:
    """Fifty agents share eight servers: greedy, then coordinated, a shock, liars; one picture."""
    given = dict(locals())
    from quelea.story.command import Options, command

    as_json = given.pop("json")
    raise typer.Exit(command(Options(**given), as_json=as_json))


@app.command()
def sim(
    scenario: Annotated[
        str | None, typer.Argument(help="A scenario's name or TOML file; default: list them.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The first seed; alone: only this one.")] = None,
    seeds: Annotated[int | None, typer.Option(help="How many; default: the scenario's.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes; default: 2.")] = None,
    runs: Annotated[Path, typer.Option(help="Where failing seeds are kept.")] = Path("runs"),
    engine: Annotated[
        bool, typer.Option("--engine", help="No scenario: sixteen seeds at once, in lanes.")
    ] = False,
    nodes: Annotated[int, typer.Option(help="Engine: of a seed.")] = 64,
    rounds: Annotated[int, typer.Option(help="Engine: of a seed.")] = 500,
    agents: Annotated[int, typer.Option(help="Engine: seeds held to real agents as well.")] = 8,
    plant: Annotated[str, typer.Option(help="Engine: an error to be found, or all.")] = "",
    firmware: Annotated[
        Path | None, typer.Option(help="Another copy of firmware/ that the nodes run.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a scenario in virtual time, many seeds of it; a failing seed replays bit for bit."""
    from quelea.simulator import command

    if engine or plant:
        from quelea.simulator.engine import command as lanes

        asked = (seed, seeds, nodes, rounds, jobs, agents, plant, firmware, runs, json, scenario)
        raise typer.Exit(lanes.engine(lanes.Asked(*asked)))
    if scenario is None:
        typer.echo(command.listing())
        raise typer.Exit
    raise typer.Exit(command.sim(scenario, seed, seeds, jobs, runs, firmware, as_json=json))


@app.command()
def sweep(
    seeds: Annotated[int, typer.Option(help="How many.")] = 20,
    seed: Annotated[int, typer.Option(help="The first of them.")] = 1,
    rules: Annotated[str, typer.Option(help="Rules, separated by commas.")] = "wmsr",
    attacks: Annotated[str, typer.Option(help="Attacks; none: nobody lies.")] = "drift",
    topologies: Annotated[str, typer.Option(help="Such as growth:5,complete.")] = "growth:5",
    nodes: Annotated[str, typer.Option(help="Sizes of the fleet, 2 to 4096.")] = "16",
    faults: Annotated[
        str, typer.Option(help="none, drawn (by the seed), or a fault's name:size.")
    ] = "none",
    mode: Annotated[str, typer.Option(help="resilient or exact.")] = "resilient",
    liars: Annotated[int, typer.Option(help="How many nodes lie.")] = 2,
    faults_max: Annotated[
        int | None, typer.Option(help="F of every node; default: the liars that a node meets.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Rounds under the faults.")] = 60,
    calm_rounds: Annotated[int, typer.Option(help="Rounds after them.")] = 60,
    period_ms: Annotated[int, typer.Option(help="Virtual time of a round.")] = 250,
    epoch_rounds: Annotated[int, typer.Option(help="Rounds between restarts; 0: never.")] = 40,
    jobs: Annotated[int, typer.Option(help="Processes; 0: one a core.")] = 0,
    dask: Annotated[
        str, typer.Option(metavar="ADDRESS", help="An existing Dask cluster instead.")
    ] = "",
    into: Annotated[
        Path | None, typer.Option(help="Folder of the results; one begun is gone on with.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Where sweeps are kept else.")] = Path("runs"),
    json: Json = False,
) -> None:
    """Run every combination of seeds, rules, attacks and graphs; resumable, on many cores."""
    from quelea.sweep.command import command
    from quelea.sweep.grid import Grid, sizes, words

    grid = Grid(
        seeds=seeds,
        seed_first=seed,
        rules=words(rules),
        attacks=words(attacks),
        topologies=words(topologies),
        nodes=sizes(nodes),
        faults=words(faults),
        mode=mode,
        liars=liars,
        faults_max=faults_max,
        rounds=rounds,
        calm_rounds=calm_rounds,
        period_ms=period_ms,
        epoch_rounds=epoch_rounds,
    )
    raise typer.Exit(command(grid, jobs=jobs, dask=dask, into=into, runs=runs, as_json=json))


@app.command()
def lockstep(
    nodes: Annotated[int, typer.Option(help="2 to 2^31; all ranks together hold them.")] = 100_000,
    topology: Annotated[
        str, typer.Option(help="cycles:K (random, degree 2K), ring, circulant:..., or as fleet.")
    ] = "cycles:4",
    mode: Annotated[str, typer.Option(help="resilient or exact.")] = "resilient",
    rule: Annotated[str, typer.Option(help="Rule of the resilient mode.")] = "wmsr",
    faults_max: Annotated[int, typer.Option(help="F of every node.")] = 0,
    liars: Annotated[int, typer.Option(help="How many nodes lie.")] = 0,
    attack: Annotated[str, typer.Option(help="const-max, const-min or noise.")] = "const-max",
    rounds: Annotated[int, typer.Option(help="Rounds in all.")] = 50,
    every: Annotated[int, typer.Option(help="Rounds between two looks at the spread.")] = 10,
    seed: Annotated[int, typer.Option(help="Of graph, inputs and liars.")] = 1,
    json: Json = False,
) -> None:
    """Run one huge fleet in synchronous rounds; under mpiexec over all ranks, the same bits."""
    from quelea.lockstep.command import Options, command

    options = Options(
        nodes=nodes,
        topology=topology,
        mode=mode,
        rule=rule,
        faults_max=faults_max,
        liars=liars,
        attack=attack,
        rounds=rounds,
        every=every,
        seed=seed,
    )
    raise typer.Exit(command(options, as_json=json))


for commands in (cli_break, cli_see, cli_share, cli_boards, cli_learn, cli_city, cli_frontier):
    commands.register(app)


def _version(asked: bool) -> None:
    if asked:
        from quelea import __version__

        typer.echo(f"quelea {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Nodes that agree, with nobody in charge, on how to share what is scarce."""


def main() -> None:
    """Run the command line; wrong input is one readable message and exit status 2."""
    try:
        app()
    except UserError as error:
        print(f"quelea: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPT)


if __name__ == "__main__":
    main()
