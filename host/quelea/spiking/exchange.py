"""NIR, the exchange format of spiking networks (Pedersen and others 2024): save and load.

A NIR file holds differential equations; a step of DT_S of forward Euler turns them into ours:

    u keeps 1 - DT/tau_syn, v keeps 1 - DT/tau_mem, a spike of weight w adds w * gain

`LIF` and `LI` have no current of their own (du = 4095). Weights are divided by their neuron's
threshold and gain, then rounded to 4 bits a layer on the grid that errs least; thresholds follow.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_agent.spiking import DECAY, SUM_MAX, THRESHOLD_MAX, UNIT_BITS

from quelea.errors import UserError
from quelea.spiking.network import LayerRow, NetworkRow
from quelea.spiking.train import WEIGHT_SHIFT

DT_S = 1e-4  # the step that snntorch and others take for NIR
LONG = 1e6  # a time constant of so many times 4096 steps stands for no leak at all
GRIDS = (7.0, 8.0, 7.5, 8.75, 10.0)  # steps tried: the largest weight over each
SILENT_UNITS = 1 << WEIGHT_SHIFT  # the unit of a layer that never spikes


def need_nir() -> Any:
    """Return nir; UserError if it is missing."""
    try:
        import nir
    except ImportError:
        raise UserError("NIR files need nir", "", "", "pip install 'quelea[spiking]'") from None
    return nir


def save(row: NetworkRow, path: Path) -> None:
    """Write the network as NIR; steps, top and code are not part of that format."""
    nir = need_nir()
    first, last = row.layers[0].inputs, row.layers[-1].neurons
    nodes: dict[str, Any] = {"input": nir.Input({"input": np.array([first])})}
    for k, layer in enumerate(row.layers):
        units = SILENT_UNITS if layer.threshold == THRESHOLD_MAX else layer.threshold
        scale = (1 << layer.weight_shift) / units
        nodes[f"weights{k}"] = nir.Linear(weight=(layer.weights.T * scale).astype(np.float64))
        nodes[f"neurons{k}"] = _neurons(nir, layer, layer.biases / (units << UNIT_BITS))
    nodes["output"] = nir.Output({"output": np.array([last])})
    names = list(nodes)
    nir.write(str(path), nir.NIRGraph(nodes, list(pairwise(names))))


def _neurons(nir: Any, layer: LayerRow, biases: NDArray[np.float64]) -> Any:
    """Return the node whose Euler step is the layer's; a bias is what v leaks to."""
    full = np.ones(layer.neurons)
    syn = DT_S * DECAY / (layer.du + 1)
    mem = DT_S * DECAY / layer.dv if layer.dv else DT_S * DECAY * LONG
    if layer.du == DECAY - 1:
        common = {"tau": full * mem, "r": full * mem / DT_S, "v_leak": biases * mem / DT_S}
        if layer.threshold == THRESHOLD_MAX:
            return nir.LI(**common)
        return nir.LIF(**common, v_threshold=full)
    common = {
        "tau_syn": full * syn, "tau_mem": full * mem, "r": full * mem / DT_S,
        "v_leak": biases * mem / DT_S, "w_in": full * syn / DT_S,
    }  # fmt: skip
    if layer.threshold == THRESHOLD_MAX:
        return nir.CubaLI(**common)
    return nir.CubaLIF(**common, v_threshold=full)


def load(path: Path, steps: int, top: int, code: str = "latency") -> NetworkRow:
    """Return the network of a NIR file; UserError if it is no row of weights and neurons.

    steps, top, code: how its inputs are fed, which the file does not say.
    """
    nir = need_nir()
    try:
        graph = nir.read(str(path))
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"cannot read {path}", "", str(error)) from None
    chain = _chain(graph, str(path))
    if len(chain) % 2 or not chain:
        raise UserError("weights and neurons do not alternate", str(path), "Linear, LIF, ...")
    layers = tuple(
        _layer(nir, chain[k], chain[k + 1], f"{path}, layer {k // 2 + 1}")
        for k in range(0, len(chain), 2)
    )
    return NetworkRow(layers, steps, top, code, f"loaded from {path.name}")


def _chain(graph: Any, where: str) -> list[Any]:
    """Return the nodes from input to output."""
    following: dict[str, str] = {}
    for source, target in graph.edges:
        if source in following and source != target:
            raise UserError(f"{source} has two successors", where, "one row of layers is read")
        following[source] = target
    here = next((name for name, node in graph.nodes.items() if _kind(node) == "Input"), "")
    nodes: list[Any] = []
    while here in following and len(nodes) <= len(graph.nodes):
        here = following[here]
        if _kind(graph.nodes[here]) not in ("Output", "Flatten"):
            nodes.append(graph.nodes[here])
    return nodes


def _kind(node: Any) -> str:
    return type(node).__name__


def _same(values: Any, what: str, where: str) -> float:
    """Return the one value that all neurons of a layer have."""
    array = np.asarray(values, float).ravel()
    if not np.allclose(array, array[0], rtol=1e-4):
        raise UserError(f"neurons differ in {what}", where, "one value a layer is supported")
    return float(array[0])


def _layer(nir: Any, weights: Any, neurons: Any, where: str) -> LayerRow:
    kind = _kind(neurons)
    if _kind(weights) not in ("Linear", "Affine") or kind not in (
        "LIF",
        "CubaLIF",
        "LI",
        "CubaLI",
    ):
        raise UserError(
            f"{_kind(weights)} and {kind}", where, "Linear or Affine, then a LIF or LI"
        )
    reset = getattr(neurons, "v_reset", None)
    if reset is not None and np.any(np.asarray(reset)):
        raise UserError("v_reset is not 0", where, "charges are reset to 0")
    mem = _same(neurons.tau if kind in ("LIF", "LI") else neurons.tau_mem, "tau", where)
    gain = np.asarray(neurons.r, float) * DT_S / mem
    du = DECAY - 1
    if kind.startswith("Cuba"):
        syn = _same(neurons.tau_syn, "tau_syn", where)
        gain = gain * np.asarray(neurons.w_in, float) * DT_S / syn
        du = round(DECAY * DT_S / syn) - 1
    spikes = kind.endswith("LIF")
    height = np.asarray(neurons.v_threshold, float) if spikes else np.ones(1)
    scaled = np.asarray(weights.weight, float).T * (gain / height)
    bias = np.asarray(getattr(weights, "bias", np.zeros(scaled.shape[1])), float) * gain / height
    if du != DECAY - 1 and np.any(bias):
        raise UserError("a bias passes through the current", where, "only LIF and LI have that")
    bias = bias + np.asarray(neurons.v_leak, float) * DT_S / mem / height
    grid, step = rounded(scaled)
    shift = _shift(grid, step)
    units = (1 << shift) / step
    row = LayerRow(
        grid, shift, du, min(DECAY - 1, round(DECAY * DT_S / mem)),
        round(units) if spikes else THRESHOLD_MAX,
        np.rint(bias * units * (1 << UNIT_BITS)).astype(np.int64),
    )  # fmt: skip
    row.check(where)
    return row


def _shift(grid: NDArray[np.int64], step: float) -> int:
    """Return the largest shift that 16-bit sums and 17-bit thresholds leave room for."""
    most = int(np.abs(grid).sum(axis=0).max())
    fits = [k for k in range(9) if most << k <= SUM_MAX and (1 << k) / step < THRESHOLD_MAX - 1]
    return max(fits, default=0)


def rounded(weights: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """Return (-8..7, step): weights on the grid of those tried that errs least."""
    largest = float(np.abs(weights).max()) or 1.0
    best: tuple[float, NDArray[np.int64], float] | None = None
    for count in GRIDS:
        step = largest / count
        grid = np.clip(np.rint(weights / step), -8, 7).astype(np.int64)
        error = float(((grid * step - weights) ** 2).sum())
        if best is None or error < best[0] * (1 - 1e-9) - 1e-12:
            best = (error, grid, step)
    assert best is not None
    return best[1], best[2]
