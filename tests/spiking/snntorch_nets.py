"""Write the networks of another library that the tests load: data/*.nir and what they spike.

    python tests/spiking/snntorch_nets.py        (needs pip install quelea[spiking-train])

Two kinds of neuron; weights on a grid of 15 steps, where nothing is lost, or free.
"""

import json
from pathlib import Path

import nir
import numpy as np
import snntorch
import torch
from snntorch import utils
from snntorch.export_nir import export_to_nir

INPUTS, HIDDEN, OUTPUTS = 12, 20, 5
STEPS, SAMPLES = 30, 8
FOLDER = Path(__file__).parent / "data"


def neurons(kind, count, last):
    """Return a layer that is reset to 0 at once, as NIR has it."""
    common = {
        "beta": torch.full((count,), 0.875), "threshold": torch.ones(count), "init_hidden": True,
        "reset_mechanism": "zero", "reset_delay": False, "output": last,
    }  # fmt: skip
    if kind == "leaky":
        return snntorch.Leaky(**common)
    return snntorch.Synaptic(alpha=torch.full((count,), 0.5), **common)


def build(kind, grid):
    """Return a network with fixed random weights."""
    draw = torch.Generator().manual_seed(5)
    layers = []
    for wide, narrow, step, spread in ((INPUTS, HIDDEN, 0.11, 0.45), (HIDDEN, OUTPUTS, 0.09, 0.5)):
        linear = torch.nn.Linear(wide, narrow, bias=False)
        if grid:
            weights = torch.randint(-7, 8, (narrow, wide), generator=draw).float() * step
        else:
            weights = torch.randn(narrow, wide, generator=draw) * spread
        linear.weight.data = weights
        layers += [linear, neurons(kind, narrow, narrow == OUTPUTS)]
    return torch.nn.Sequential(*layers)


def main():
    """Write all four."""
    FOLDER.mkdir(exist_ok=True)
    inputs = np.random.default_rng(1).random((STEPS, SAMPLES, INPUTS)) < 0.3
    for kind in ("leaky", "synaptic"):
        for grid in (True, False):
            name = f"snntorch-{kind}-{'grid' if grid else 'free'}"
            nir.write(
                str(FOLDER / f"{name}.nir"), export_to_nir(build(kind, grid), torch.zeros(INPUTS))
            )
            network = build(kind, grid)
            utils.reset(network)
            hidden = []
            network[1].register_forward_hook(lambda m, i, o, hidden=hidden: hidden.append(o))
            spikes = [network(torch.tensor(now, dtype=torch.float32))[0] for now in inputs]
            told = {
                "inputs": inputs.astype(int).tolist(),
                "hidden": [now.detach().int().tolist() for now in hidden],
                "outputs": [now.detach().int().tolist() for now in spikes],
            }
            (FOLDER / f"{name}.json").write_text(json.dumps(told, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
