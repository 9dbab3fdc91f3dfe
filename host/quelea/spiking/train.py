"""Training by surrogate gradient, with the weights rounded to 4 bits while it trains.

The forward pass is the integer equations without their rounding, in units where the threshold is
1; the backward pass takes a smooth slope for the spike (fast sigmoid, Zenke and Ganguli 2018) and
lets the rounding of weights through as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from quelea_agent.spiking import DECAY, THRESHOLD_MAX, UNIT_BITS

from quelea.errors import UserError
from quelea.spiking.network import Integers, LayerRow, NetworkRow, coded

WEIGHT_SHIFT = 4  # thresholds are so 16 times finer than weights
WEIGHT_MAX = 7
SLOPE = 5.0  # of the fast sigmoid at the threshold


@dataclass(frozen=True)
class Setting:
    """What a training is given. busy: cost of a hidden spike a neuron, beside the cross-entropy.

    class_weights: of the classes in the loss; empty: all alike.
    """

    hidden: int
    classes: int
    steps: int
    top: int
    code: str = "latency"
    du: int = 4095
    dv: int = 256
    epochs: int = 60
    rate: float = 0.005
    busy: float = 0.0
    start: float = 1.5  # spread of the first weights, times the root of a neuron's inputs
    noise: float = 0.0  # of the inputs, uniform, in units of top
    class_weights: tuple[float, ...] = ()
    seed: int = 1


def need_torch() -> Any:
    """Return torch; UserError if it is missing."""
    try:
        import torch
    except ImportError:
        raise UserError(
            "training needs torch", "--train", "", "pip install 'quelea[spiking-train]'"
        ) from None
    return torch


def _rounded(torch: Any, weight: Any) -> tuple[Any, Any]:
    """Return (weights on the 4-bit grid, its step); the gradient passes straight through."""
    step = weight.detach().abs().max(dim=0).values.max() * 0.8 / WEIGHT_MAX
    grid = torch.clamp(torch.round(weight / step), -WEIGHT_MAX - 1, WEIGHT_MAX) * step
    return weight + (grid - weight).detach(), step


def _spike(torch: Any) -> Any:
    class Spike(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(context: Any, above: Any) -> Any:
            context.save_for_backward(above)
            return (above > 0).to(above.dtype)

        @staticmethod
        def backward(context: Any, slope: Any) -> Any:
            (above,) = context.saved_tensors
            return slope / (1 + SLOPE * above.abs()) ** 2

    return Spike.apply


def _forward(torch: Any, spike: Any, weights: Any, biases: Any, inputs: Any, s: Setting) -> Any:
    """Return (charges of the last layer, hidden spikes a neuron and sample)."""
    kept_u, kept_v = 1 - (s.du + 1) / DECAY, 1 - s.dv / DECAY
    first, second = weights
    batch = inputs.shape[1]
    u = v = torch.zeros(batch, first.shape[1])
    out_u = out_v = torch.zeros(batch, second.shape[1])
    fired = torch.zeros(())
    for now in inputs:
        u = kept_u * u + now @ first
        v = kept_v * v + u + biases[0]
        spikes = spike(v - 1)
        v = v * (1 - spikes)
        fired = fired + spikes.mean()
        out_u = kept_u * out_u + spikes @ second
        out_v = kept_v * out_v + out_u + biases[1]
    return out_v, fired


def fit(
    values: Integers, classes: Integers, s: Setting, made_by: str, say: Any, vary: Any = None
) -> NetworkRow:
    """Train on samples (samples, inputs) with classes 0..; return the network as integers.

    vary(samples, random): another look at the same samples, each epoch; default: as they are.
    """
    torch = need_torch()
    torch.manual_seed(s.seed)
    random = np.random.default_rng(s.seed)
    inputs = values.shape[1]
    spike = _spike(torch)
    weights = [
        torch.nn.Parameter(torch.randn(inputs, s.hidden) * s.start / inputs**0.5),
        torch.nn.Parameter(torch.randn(s.hidden, s.classes) * s.start / s.hidden**0.5),
    ]
    biases = [
        torch.nn.Parameter(torch.zeros(s.hidden)),
        torch.nn.Parameter(torch.zeros(s.classes)),
    ]
    optimiser = torch.optim.Adam([*weights, *biases], lr=s.rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, s.epochs)
    cost = torch.nn.CrossEntropyLoss(
        weight=torch.tensor(s.class_weights) if s.class_weights else None
    )
    for epoch in range(s.epochs):
        total = 0.0
        for rows in np.array_split(random.permutation(len(values)), max(1, len(values) // 64)):
            shaken = values[rows] if vary is None else vary(values[rows], random)
            if s.noise:
                shake = random.uniform(-s.noise * s.top, s.noise * s.top, shaken.shape)
                shake = np.where(shaken > 0, shake, 0)
                shaken = np.clip(np.rint(shaken + shake), 0, s.top).astype(np.int64)
            spikes = torch.tensor(coded(shaken, s.steps, s.top, s.code), dtype=torch.float32)
            rounded = [_rounded(torch, weight)[0] for weight in weights]
            charges, fired = _forward(torch, spike, rounded, biases, spikes, s)
            loss = cost(charges, torch.tensor(classes[rows])) + s.busy * fired
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(rows)
        schedule.step()
        if epoch % 10 == 9:
            say(f"epoch {epoch + 1} of {s.epochs}: loss {total / len(values):.4f}")
    return _as_integers(torch, weights, biases, s, made_by)


def _as_integers(torch: Any, weights: Any, biases: Any, s: Setting, made_by: str) -> NetworkRow:
    rows = []
    for k, (weight, bias) in enumerate(zip(weights, biases)):
        grid, step = _rounded(torch, weight.detach())
        units = float((1 << WEIGHT_SHIFT) / step)  # of a weight that equals the threshold
        last = k == len(weights) - 1
        rows.append(
            LayerRow(
                weights=np.rint((grid / step).numpy()).astype(np.int64),
                weight_shift=WEIGHT_SHIFT,
                du=s.du,
                dv=s.dv,
                threshold=THRESHOLD_MAX if last else round(units),
                biases=np.rint(bias.detach().numpy() * units * (1 << UNIT_BITS)).astype(np.int64),
            )
        )
    return NetworkRow(tuple(rows), s.steps, s.top, s.code, made_by)
