"""The instances: nodes with memory and time, models, demands, links; drawn from a seed.

hard    20 models of real sizes on nodes of 8 to 32 GB; demand is 0.9 of what the nodes can do
trace   79 checkpoints of one size on nodes of 1 to 4 slots; demand is 0.8, mixed as in a record of
        requests: a few users ask for most, and each for few checkpoints

A demand is time of a processor, in milliseconds a second; so its worth grows with its work. It
may be split, among its own node and that node's neighbours. Answered at home it is worth all of
it, over a link `worth_percent` of it, and a link carries so many kilobytes a second.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from quelea.errors import UserError
from quelea.topology import regular
from quelea.topology.draws import Draws

NODES, NODES_MIN, NODES_MAX = 12, 6, 40
DEGREE = 4
SEED_MAX = (1 << 26) - 1
NAMES = ("hard", "trace")
# name, MB in memory, ms of processor a request, KB over a link a request
MODELS = (
    ("resnet50", 200, 9, 150), ("whisper-small", 970, 250, 480), ("embed-large", 1300, 15, 8),
    ("bert-large", 1340, 22, 4), ("clip-large", 1700, 25, 150), ("rerank", 2300, 60, 16),
    ("sam-large", 2600, 450, 600), ("text-1b", 2600, 700, 8), ("whisper-large", 3100, 900, 480),
    ("speech", 3800, 1200, 400), ("sd-1-5", 4300, 2500, 900), ("controlnet", 5700, 3200, 1800),
    ("translate-3b", 6100, 1500, 8), ("text-3b", 6500, 1800, 8), ("sdxl", 7000, 6000, 1500),
    ("music", 9200, 5200, 1200), ("code-7b", 13500, 3000, 12), ("text-7b", 14000, 3500, 8),
    ("vision-7b", 15500, 4200, 400), ("text-13b", 26500, 6500, 8),
)  # fmt: skip
HARD_MEMORIES_MB = (8000, 16000, 24000, 32000)
HARD_LOAD, HARD_SKEW, HARD_SHARED, HARD_WORTH_PERCENT = 0.9, 1.2, 0.5, 80
HARD_LINK_KB = (200, 400, 800)
CHECKPOINTS = 79
TRACE_SLOTS = (1, 2, 3, 4)
TRACE_LOAD, TRACE_WORTH_PERCENT = 0.8, 90
TRACE_REQUESTS, TRACE_GROUPS = 26_823, 4_247
TRACE_SKEW, GROUP_SKEW = 1.4, 1.0  # of checkpoints, and of how much a group asks
FAVOURITES_MAX = 5  # checkpoints that a group uses
CHECKPOINT_MS, CHECKPOINT_KB = 24_000, 1_500
TRACE_LINK_KB = (60, 120, 240)
SPEEDS = (600, 800, 1000, 1400, 2000)  # ms of the slowest processor's work a second
_LANE = 70


@dataclass(frozen=True)
class Instance:
    """Integers. By node: memories (MB or slots), times_ms (a second), neighbours (ascending,
    0-based). By model: sizes, work_ms and link_kb of a request. demands_ms: shape (nodes,
    models). links_kb: by (asking, answering) node.
    """

    name: str
    seed: int
    memories: tuple[int, ...]
    times_ms: tuple[int, ...]
    sizes: tuple[int, ...]
    work_ms: tuple[int, ...]
    link_kb: tuple[int, ...]
    demands_ms: tuple[tuple[int, ...], ...]
    neighbours: tuple[tuple[int, ...], ...]
    links_kb: dict[tuple[int, int], int]
    worth_percent: int

    @property
    def nodes(self) -> int:
        return len(self.memories)

    @property
    def models(self) -> int:
        return len(self.sizes)

    @cached_property
    def demand_ms(self) -> int:
        """What is asked for in all, ms a second."""
        return sum(map(sum, self.demands_ms))

    def reach(self, node: int) -> tuple[int, ...]:
        """Return who may answer for a node: itself, then its neighbours."""
        return (node, *self.neighbours[node])


def draw(name: str, seed: int, nodes: int = NODES, requests: Path | None = None) -> Instance:
    """Return the instance of a name and seed; requests: a record to take the trace's mix from."""
    if name not in NAMES:
        raise UserError(f"no instance named {name!r}", "--instance", f"one of: {', '.join(NAMES)}")
    if not 0 <= seed <= SEED_MAX:
        raise UserError(f"{seed} is out of range", "--seed", f"0 to {SEED_MAX}")
    if not NODES_MIN <= nodes <= NODES_MAX:
        raise UserError(f"{nodes} is out of range", "--nodes", f"{NODES_MIN} to {NODES_MAX}")
    draws = Draws(seed, _LANE + NAMES.index(name))
    graph = regular.make(str(DEGREE), nodes, seed)
    neighbours = tuple(
        tuple(number - 1 for number in graph.neighbours(own)) for own in graph.nodes
    )
    if name == "hard":
        return _hard(seed, draws, nodes, neighbours)
    return _trace(seed, draws, nodes, neighbours, requests)


def _pick(draws: Draws, values: tuple[int, ...], count: int) -> tuple[int, ...]:
    return tuple(values[int(k)] for k in draws.below(len(values), count))


def _links(
    draws: Draws, neighbours: tuple[tuple[int, ...], ...], choices: tuple[int, ...]
) -> dict[tuple[int, int], int]:
    links: dict[tuple[int, int], int] = {}
    for node, row in enumerate(neighbours):
        for other in row:
            if node < other:
                links[node, other] = links[other, node] = _pick(draws, choices, 1)[0]
    return links


def _scaled(shares: np.ndarray, total: float) -> tuple[tuple[int, ...], ...]:
    whole = np.floor(shares / shares.sum() * total).astype(int)
    return tuple(tuple(int(ms) for ms in row) for row in whole)


def _hard(
    seed: int, draws: Draws, nodes: int, neighbours: tuple[tuple[int, ...], ...]
) -> Instance:
    """Popularity by Zipf's law, ranked half alike at all nodes and half anew at each."""
    memories = _pick(draws, HARD_MEMORIES_MB, nodes)
    times_ms = _pick(draws, SPEEDS, nodes)
    count = len(MODELS)
    zipf = (np.arange(count) + 1.0) ** -HARD_SKEW
    shared = zipf[draws.order(count)]
    shares = np.array(
        [HARD_SHARED * shared + (1 - HARD_SHARED) * zipf[draws.order(count)] for _ in range(nodes)]
    )
    shares *= (0.5 + draws.unit(nodes))[:, None]
    shares *= np.sqrt(
        [row[2] for row in MODELS]
    )  # the work of a request counts, but not all of it
    return Instance(
        "hard", seed, memories, times_ms,
        tuple(row[1] for row in MODELS), tuple(row[2] for row in MODELS),
        tuple(row[3] for row in MODELS),
        _scaled(shares, HARD_LOAD * sum(times_ms)), neighbours,
        _links(draws, neighbours, HARD_LINK_KB), HARD_WORTH_PERCENT,
    )  # fmt: skip


def _trace(
    seed: int, draws: Draws, nodes: int, neighbours: tuple[tuple[int, ...], ...],
    requests: Path | None,
) -> Instance:  # fmt: skip
    """Each group of users is at home at one node; what it asks for is asked for there."""
    counts = _recorded(requests) if requests else _mixed(draws)
    groups = sorted({group for group, _ in counts})
    checkpoints = sorted({checkpoint for _, checkpoint in counts})
    home = dict(zip(groups, draws.below(nodes, len(groups)).tolist(), strict=True))
    shares = np.zeros((nodes, len(checkpoints)))
    for (group, checkpoint), seconds in sorted(counts.items()):
        shares[home[group], checkpoints.index(checkpoint)] += seconds
    slots = _pick(draws, TRACE_SLOTS, nodes)
    times_ms = _pick(draws, SPEEDS, nodes)
    return Instance(
        "trace", seed, slots, times_ms, (1,) * len(checkpoints),
        (CHECKPOINT_MS,) * len(checkpoints), (CHECKPOINT_KB,) * len(checkpoints),
        _scaled(shares, TRACE_LOAD * sum(times_ms)), neighbours,
        _links(draws, neighbours, TRACE_LINK_KB), TRACE_WORTH_PERCENT,
    )  # fmt: skip


def _mixed(draws: Draws) -> Counter[tuple[str, str]]:
    """Return seconds of work by (group, checkpoint), drawn with the record's sizes."""
    groups = np.cumsum((np.arange(TRACE_GROUPS) + 1.0) ** -GROUP_SKEW)
    popular = np.cumsum((np.arange(CHECKPOINTS) + 1.0) ** -TRACE_SKEW)
    favourites = np.searchsorted(
        popular / popular[-1], draws.unit(TRACE_GROUPS * FAVOURITES_MAX)
    ).reshape(TRACE_GROUPS, FAVOURITES_MAX)
    who = np.searchsorted(groups / groups[-1], draws.unit(TRACE_REQUESTS))
    which = draws.below(FAVOURITES_MAX, TRACE_REQUESTS)
    counts: Counter[tuple[str, str]] = Counter()
    for group, choice in zip(who.tolist(), which.tolist(), strict=True):
        counts[f"G{group:04d}", f"M{favourites[group, choice]:04d}"] += 1
    return counts


def _recorded(path: Path) -> Counter[tuple[str, str]]:
    """Read a CSV file with columns groupId, checkpoint_model_version_id, exec_time_seconds."""
    counts: Counter[tuple[str, str]] = Counter()
    needed = ("groupId", "checkpoint_model_version_id", "exec_time_seconds")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [name for name in needed if name not in (rows.fieldnames or ())]
            if missing:
                raise UserError(f"no column {missing[0]}", f"{path}:1", f"needed: {needed}")
            for line, row in enumerate(rows, 2):
                try:
                    seconds = max(1, round(float(row["exec_time_seconds"] or 0)))
                except ValueError:
                    raise UserError(
                        f"exec_time_seconds {row['exec_time_seconds']!r} is no number",
                        f"{path}:{line}",
                    ) from None
                if row.get("predict_status", "SUCCEED") == "SUCCEED" and row[needed[1]]:
                    counts[row["groupId"], row[needed[1]]] += seconds
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}", "--requests", str(error)) from None
    if not counts:
        raise UserError(f"{path} has no requests", "--requests")
    return counts
