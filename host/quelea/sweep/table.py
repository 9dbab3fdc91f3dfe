"""The results as a table: Parquet where pyarrow is installed, else CSV; a summary for people."""

import csv
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.table import Table

from quelea.sweep.grid import Grid
from quelea.sweep.store import Row

KEYS = ("topology", "nodes", "faults", "rule", "attack")
NO_PARQUET = "pyarrow is not installed, so the results are CSV: pip install quelea[parquet]"


def write(folder: Path, rows: Sequence[Row]) -> tuple[Path, str]:
    """Write rows, which have the same keys; return (file, a note or "")."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        path = folder / "results.csv"
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path, NO_PARQUET
    path = folder / "results.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    return path, ""


def summary(grid: Grid, rows: Sequence[Row]) -> list[Row]:
    """Return one row a (topology, nodes, faults, rule, attack): counts and medians over seeds."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda row: int(row["index"])):
        groups.setdefault(tuple(row[key] for key in KEYS), []).append(row)
    out = []
    for group, found in groups.items():
        rounds = [row["rounds"] for row in found if row["rounds"] is not None]
        out.append(
            dict(zip(KEYS, group, strict=True))
            | {
                "seeds": len(found),
                "kept": sum(row["kept"] for row in found),
                "agreed": sum(row["agreed"] for row in found),
                "outside_hull": sum(row["outside_hull"] for row in found),
                "captured": sum(row["captured"] for row in found),
                "rounds_median": round(median(rounds), 2) if rounds else None,
                "final_spread_q_max": max(row["final_spread_q"] for row in found),
                "shift_q_median": round(median(row["shift_q"] for row in found)),
            }
        )
    return out


COLUMNS = (
    ("seeds", "seeds"), ("kept", "kept"), ("agreed", "agreed"), ("outside_hull", "outside"),
    ("captured", "captured"), ("rounds_median", "rounds"), ("final_spread_q_max", "spread"),
    ("shift_q_median", "shift"),
)  # fmt: skip


def shown(groups: Sequence[Row]) -> Table:
    """Return the summary for a terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("topology, nodes, faults, rule, attack")
    for _, name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in groups:
        case = " ".join(str(row[key]) for key in KEYS)
        cells = ("-" if row[key] is None else str(row[key]) for key, _ in COLUMNS)
        table.add_row(case, *cells)
    return table
