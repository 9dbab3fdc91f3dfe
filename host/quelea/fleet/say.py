"""The end of a run in words: one line a check, what was predicted, where the journal is."""

from typing import Any

from rich.console import Console
from rich.table import Table

from quelea.fleet.plan import Plan
from quelea.fleet.verdict import Verdict
from quelea.journal import RunFolder

VIOLATIONS_SHOWN = 5


def print_verdict(console: Console, verdict: Verdict, plan: Plan, folder: RunFolder) -> None:
    """Print the verdict for people."""
    options, topology = plan.options, plan.topology
    liars = ", ".join(topology.id_of(number) for number in plan.liars) or "none"
    console.print(
        f"\n{topology.node_count} nodes on {topology.name}, {plan.certificate}; "
        f"liars: {liars}" + (f" ({options.attack})" if plan.liars else "")
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("", "left"), ("check", "left"), ("found", "right"), ("bound", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for check in verdict.checks:
        mark = "[green]holds[/]" if check.ok else "[red]FAILS[/]"
        unit = f" {check.unit}" if check.unit else ""
        found = "never" if check.value is None else f"{check.value}{unit}"
        table.add_row(mark, check.name, found, f"{check.bound}{unit}")
    console.print(table)
    for text in verdict.violations[:VIOLATIONS_SHOWN]:
        console.print(f"  {text}", style="red", markup=False)
    figures = verdict.figures
    if "rounds_predicted" in figures:
        console.print(
            f"plain averaging on this graph would need {figures['rounds_predicted']} rounds "
            f"(rho {figures['rho']})"
        )
    if "journal_share" in figures:
        away = figures["frames_lost_while_broker_away"]
        rest = f"; {away:,} more were spoken while the broker was away" if away else ""
        console.print(
            f"{figures['journal_share']:.3%} of {figures['frames_spoken'] - away:,} honest "
            f"frames reached the journal{rest}"
        )
    if "journal_incomplete" in figures:
        console.print(
            f"the journal is incomplete: {figures['journal_incomplete']}", style="yellow"
        )
    if "hull_frames_checked" in figures:
        console.print(
            f"{figures['hull_frames_checked']:,} honest frames of {figures['hull_epochs']} "
            "epochs were held against their hull"
        )
    if "fired" in figures:
        fired = ", ".join(f"{name} {count}" for name, count in sorted(figures["fired"].items()))
        console.print(
            f"scenario {figures['scenario']}, seed {options.seed}, {figures['speed']:g} times as "
            f"fast as simulated; took effect: {fired or 'nothing'}"
        )
    if "steps_verified" in figures:
        named = f"; liars named: {figures['liars_named']} of {len(plan.liars)}"
        console.print(
            f"audit: {figures['steps_verified']:,} steps verified, "
            f"{figures['steps_wrong']:,} wrong{named if plan.liars else ''}"
        )
    if "delegates" in figures:
        _print_clusters(console, figures["delegates"])
    end = "[bold green]The verdict holds.[/]" if verdict.ok else "[bold red]The verdict fails.[/]"
    console.print(f"{end} Journal: {folder.journal}")
    console.print("more of it: quelea journal show", style="dim")


def _print_clusters(console: Console, said: dict[str, Any]) -> None:
    console.print(
        f"clusters of {said['sizes']} at {said['values_q']}: the fleet is at "
        f"{said['fleet_q']}; not weighted by size it would be at {said['unweighted_q']}"
    )
