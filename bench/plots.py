"""Two pictures: what a round costs from a hundred agents to ten million, and how many rounds
agreement takes as the graph mixes ever more slowly.
"""

from functools import partial
from pathlib import Path

import numpy as np
from quelea import kernels
from quelea.errors import UserError

from bench.measure import cpu

SIZES = (100, 300, 1_000, 3_000, 10_000, 100_000, 1_000_000, 10_000_000)
DEGREE, FAULTS = 8, 2
RINGS = (32, 64, 128, 256, 512, 1024)
GUARD_BITS, RANGE, ROUNDS_MAX = 10, 65_536, 200_000


def costs() -> dict[str, list[tuple[int, float]]]:
    """Return for each kind of graph (agents, nanoseconds an agent and round)."""
    found: dict[str, list[tuple[int, float]]] = {}
    for agents in SIZES:
        start = np.random.default_rng(1).integers(-32768, 32768, agents, dtype=np.int32)
        half = np.random.default_rng(2).choice(agents // 2 - 1, DEGREE // 2, replace=False) + 1
        graphs: dict[str, tuple[kernels.Table | kernels.Circulant, type]] = {
            "random 8-regular": (kernels.random_regular(agents, DEGREE, 3), np.int16),
            "circulant, random offsets": (kernels.Circulant(agents, [*half, *-half]), np.int16),
            "ring lattice": (kernels.Circulant.ring(agents, DEGREE // 2), np.int32),
        }
        rounds = max(1, min(2000, 2_000_000 // agents))
        for name, (graph, kind) in graphs.items():
            fleet = kernels.Fleet(graph, start.astype(kind), "trimmed-mean", FAULTS)
            took_s = cpu([partial(fleet.run, rounds)], 3)[0]
            found.setdefault(name, []).append((agents, took_s / rounds / agents * 1e9))
    return found


def rounds_to_agree() -> dict[str, list[tuple[float, int]]]:
    """Return for first and second order (1 / (1 - rho), rounds to a spread of 1 q) on rings."""
    found: dict[str, list[tuple[float, int]]] = {}
    for agents in RINGS:
        graph = kernels.Circulant.ring(agents, DEGREE // 2)
        values = np.random.default_rng(4).integers(0, RANGE, agents)
        for name, momentum in (("first order", 0.0), ("with momentum", None)):
            run = kernels.Momentum(graph, values, guard_bits=GUARD_BITS, momentum=momentum)
            total = run.total
            while run.spread_units > 1 << GUARD_BITS and run.rounds < ROUNDS_MAX:
                run.run(1 if run.rounds < 1000 else 100)
            assert run.total == total
            if run.spread_units <= 1 << GUARD_BITS:
                found.setdefault(name, []).append((1 / (1 - graph.rho()), run.rounds))
    return found


def draw(folder: Path) -> list[Path]:
    """Measure both and write cost.png and rounds.png; return their paths."""
    try:
        import matplotlib
    except ImportError as missing:
        raise UserError(
            "matplotlib is not installed", "--plot", remedy="pip install 'quelea[plot]'"
        ) from missing
    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    cost_path, rounds_path = folder / "cost.png", folder / "rounds.png"
    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name, cost_points in costs().items():
        axes.loglog(*zip(*cost_points), marker="o", label=name)
    axes.set(
        xlabel="agents",
        ylabel="ns an agent and round",
        title=f"Trimmed-mean round, degree 8, one core ({kernels.ISA})",
    )
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(cost_path, dpi=120, bbox_inches="tight")
    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name, round_points in rounds_to_agree().items():
        axes.loglog(*zip(*round_points), marker="o", label=name)
    axes.set(
        xlabel="1 / (1 - rho)",
        ylabel="rounds from 16 bits to 1 q",
        title="Exact averaging on rings of degree 8",
    )
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(rounds_path, dpi=120, bbox_inches="tight")
    return [cost_path, rounds_path]
