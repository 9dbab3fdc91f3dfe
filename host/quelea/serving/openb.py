"""openb: a public record of 1213 GPU nodes and 8152 pods, read from the user's files, and placed.

A workload is drawn from the pods, with replacement, until they ask for so much of all GPUs; what
is allocated then, as a share of all GPUs, is the allocation ratio. Nobody ever leaves. A pod asks
for processors, memory, and a part of one GPU or several whole ones; it stays pending when no node
that its policy looks at can take it.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.topology.draws import Draws

GPUS_MAX = 8  # of a node
WHOLE = 1000  # thousandths of a GPU
SHARES = (0.8, 0.9, 1.0, 1.2, 1.3)  # of all GPUs, asked for: where the ratio is read
NODE_COLUMNS = ("cpu_milli", "memory_mib", "gpu", "model")
POD_COLUMNS = ("cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec")
_LANE = 90
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Trace:
    """Columns. gpus: of a node. milli: of each GPU that a pod asks for. specs: models a pod may
    run on, empty for any.
    """

    cpu_milli: Ints
    memory_mib: Ints
    gpus: Ints
    models: tuple[str, ...]
    pod_cpu_milli: Ints
    pod_memory_mib: Ints
    pod_gpus: Ints
    pod_milli: Ints
    specs: tuple[frozenset[str], ...]


def _read(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [name for name in columns if name not in (rows.fieldnames or ())]
            if missing:
                raise UserError(f"no column {missing[0]}", f"{path}:1", f"needed: {columns}")
            found = list(rows)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"cannot read {path}", "--openb", str(error),
            "a folder with nodes.csv and pods.csv of the trace openb (github.com/alibaba/"
            "clusterdata, cluster-trace-gpu-v2023)",
        ) from None  # fmt: skip
    if not found:
        raise UserError(f"{path} has no rows", "--openb")
    return found


def _ints(rows: list[dict[str, str]], name: str, path: Path) -> Ints:
    numbers = []
    for line, row in enumerate(rows, 2):
        text = row[name]
        try:
            number = int(text or 0)
        except (ValueError, TypeError):
            number = -1
        if not 0 <= number < 1 << 40:
            raise UserError(f"{name} {text!r} is no whole number from 0", f"{path}:{line}")
        numbers.append(number)
    return np.array(numbers, np.int64)


def _one_of(folder: Path, *names: str) -> Path:
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])


def load(folder: Path) -> Trace:
    """Read nodes.csv and pods.csv (or the names that they have where they are published)."""
    nodes_path = _one_of(folder, "nodes.csv", "openb_node_list_gpu_node.csv")
    pods_path = _one_of(folder, "pods.csv", "openb_pod_list_default.csv")
    nodes, pods = _read(nodes_path, NODE_COLUMNS), _read(pods_path, POD_COLUMNS)
    gpus = _ints(nodes, "gpu", nodes_path)
    if gpus.max() > GPUS_MAX:
        raise UserError(f"a node has {gpus.max()} GPUs", str(nodes_path), f"at most {GPUS_MAX}")
    return Trace(
        _ints(nodes, "cpu_milli", nodes_path), _ints(nodes, "memory_mib", nodes_path), gpus,
        tuple(row["model"] or "" for row in nodes),
        _ints(pods, "cpu_milli", pods_path), _ints(pods, "memory_mib", pods_path),
        _ints(pods, "num_gpu", pods_path), _ints(pods, "gpu_milli", pods_path),
        tuple(frozenset((row["gpu_spec"] or "").split("|")) - {""} for row in pods),
    )  # fmt: skip


class Cluster:
    """What is free: cpu, memory, by node; free_milli, shape (nodes, GPUS_MAX), 0 for no GPU."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.cpu = trace.cpu_milli.copy()
        self.memory = trace.memory_mib.copy()
        self.free_milli = np.where(
            np.arange(GPUS_MAX) < trace.gpus[:, None], WHOLE, 0
        )  # fmt: skip
        self.models = np.array(trace.models)
        self.allocated_milli = 0

    def copy(self) -> "Cluster":
        """Return one that does not change with this."""
        other = Cluster(self.trace)
        other.cpu, other.memory = self.cpu.copy(), self.memory.copy()
        other.free_milli = self.free_milli.copy()
        return other

    def able(self, nodes: Ints, pod: int) -> NDArray[np.bool_]:
        """Return which of nodes can take a pod."""
        trace = self.trace
        able = (self.cpu[nodes] >= trace.pod_cpu_milli[pod]) & (
            self.memory[nodes] >= trace.pod_memory_mib[pod]
        )
        count, milli = trace.pod_gpus[pod], trace.pod_milli[pod]
        if count:
            able &= (self.free_milli[nodes] >= max(1, milli)).sum(axis=1) >= count
        if trace.specs[pod]:
            able &= np.isin(self.models[nodes], sorted(trace.specs[pod]))
        return np.asarray(able)

    def places(self, nodes: Ints, pod: int) -> tuple[Ints, Ints]:
        """Return every way to put a pod on nodes (each able): the node, and its free_milli then.

        A part of a GPU may go on each that has so much free, alike ones counted once; whole ones
        go on the first.
        """
        count, milli = int(self.trace.pod_gpus[pod]), int(self.trace.pod_milli[pod])
        free = self.free_milli[nodes]
        if count != 1 or milli == WHOLE:
            free = free.copy()
            if count:
                order = np.argsort(free < milli, axis=1, kind="stable")[:, :count]
                free[np.arange(len(nodes))[:, None], order] -= milli
            return nodes, free
        rows, gpus = np.nonzero(free >= max(1, milli))
        _, first = np.unique(rows * (WHOLE + 1) + free[rows, gpus], return_index=True)
        rows, gpus = rows[first], gpus[first]
        after = free[rows]
        after[np.arange(len(rows)), gpus] -= milli
        return nodes[rows], after

    def put(self, node: int, free_milli: Ints, pod: int) -> None:
        """Put a pod on a node whose GPUs then have free_milli left."""
        self.free_milli[node] = free_milli
        self.cpu[node] -= self.trace.pod_cpu_milli[pod]
        self.memory[node] -= self.trace.pod_memory_mib[pod]
        self.allocated_milli += int(self.trace.pod_gpus[pod] * self.trace.pod_milli[pod])


class Mix:
    """The kinds of pods that are about, and how much of a node's free GPUs each could not use.

    Fragmentation gradient descent (Weng and others, USENIX ATC 2023): a node scores a pod by how
    much it would raise this, weighed by how common each kind is. Node-local but for the mix.
    """

    def __init__(self, trace: Trace, kinds_max: int = 64) -> None:
        asked = np.stack([trace.pod_cpu_milli, trace.pod_gpus, trace.pod_milli], axis=1)
        kinds, counts = np.unique(asked, axis=0, return_counts=True)
        common = np.argsort(-counts, kind="stable")[:kinds_max]
        self.kinds = kinds[common]
        self.weights = counts[common] / counts[common].sum()

    def fragments(self, cpu: Ints, free: Ints) -> NDArray[np.float64]:
        """Return the expected milli of GPU that the next pod could not use, by node."""
        kind_cpu, count, milli = self.kinds.T
        total = free.sum(axis=1)
        fits = free[:, :, None] >= np.maximum(1, milli)  # (nodes, GPUs, kinds)
        usable = (free[:, :, None] * fits).sum(axis=1)
        able = cpu[:, None] >= kind_cpu
        able &= (fits.sum(axis=1) >= count) & (count > 0)
        lost = np.where(able, total[:, None] - usable, total[:, None])
        return np.asarray(lost @ self.weights)


def workload(trace: Trace, seed: int) -> Ints:
    """Return pods, drawn with replacement until they ask for SHARES[-1] of all GPUs."""
    draws = Draws(seed, _LANE)
    asked = trace.pod_gpus * trace.pod_milli
    wanted = SHARES[-1] * int(trace.gpus.sum()) * WHOLE
    mean = max(1.0, float(asked.mean()))
    pods = draws.below(len(asked), int(1.5 * wanted / mean) + 100)
    total = np.cumsum(asked[pods])
    return pods[: int(np.searchsorted(total, wanted)) + 1]
