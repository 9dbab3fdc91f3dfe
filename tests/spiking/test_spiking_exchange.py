"""NIR: a network that another library wrote spikes here as there, and ours come back unchanged."""

import json
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from conftest import need
from quelea.errors import UserError
from quelea.spiking import exchange, network

DATA = Path(__file__).parent / "data"
FREE_SPIKES_MIN = 0.93  # share of equal spikes where weights had to be rounded to 4 bits


@pytest.fixture(autouse=True)
def nir():
    need(find_spec("nir"), "nir", "pip install quelea[spiking]")
    import nir

    return nir


def spikes_of(row, inputs):
    """Return the spikes of every layer, shape (layers, steps, samples, neurons)."""
    state = [(np.zeros((inputs.shape[1], r.neurons), np.int64),) * 2 for r in row.layers]
    seen = [[] for _ in row.layers]
    for spikes in inputs:
        for k, layer in enumerate(row.layers):
            u, v, spikes = network.layer_step(layer, *state[k], spikes)
            state[k] = (u, v)
            seen[k].append(spikes)
    return [np.array(one) for one in seen]


@pytest.mark.parametrize("kind", ["leaky", "synaptic"])
@pytest.mark.parametrize("weights", ["grid", "free"])
def test_snntorchs_network_spikes_as_snntorch_has_it(kind, weights):
    name = f"snntorch-{kind}-{weights}"
    row = exchange.load(DATA / f"{name}.nir", 8, 16)
    told = json.loads((DATA / f"{name}.json").read_text())
    seen = spikes_of(row, np.array(told["inputs"], np.int64))
    for ours, theirs in zip(seen, (told["hidden"], told["outputs"])):
        assert 0.03 < np.mean(theirs) < 0.4  # it does spike
        equal = np.mean(ours == np.array(theirs))
        print(name, equal)
        assert equal == 1.0 if weights == "grid" else equal >= FREE_SPIKES_MIN
    assert row.layers[0].du == (4095 if kind == "leaky" else 2047)
    assert row.layers[0].dv == 512


@pytest.mark.parametrize("name", ["digits", "surge"])
def test_ours_comes_back_with_every_integer(name, tmp_path):
    row = network.shipped(name)
    exchange.save(row, tmp_path / "n.nir")
    again = exchange.load(tmp_path / "n.nir", row.steps, row.top)
    values = np.random.default_rng(2).integers(0, 17, (200, row.layers[0].inputs))
    for mine, theirs in zip(row.layers, again.layers):
        assert (mine.weights == theirs.weights).all()
        assert (mine.du, mine.dv) == (theirs.du, theirs.dv)
    ours, others = network.run(row, values), network.run(again, values)
    assert np.mean(ours.classes == others.classes) == 1.0
    assert ours.spikes == others.spikes


def test_what_cannot_be_run_is_refused(nir, tmp_path):
    full = np.ones(2)

    def written(*nodes):
        names = ["input", *[str(k) for k in range(len(nodes))], "output"]
        ends = nir.Input({"input": np.array([2])}), nir.Output({"output": np.array([2])})
        graph = nir.NIRGraph(
            dict(zip(names, [ends[0], *nodes, ends[1]])), list(pairwise(names)),
            type_check=False,
        )  # fmt: skip
        nir.write(str(tmp_path / "n.nir"), graph)
        return tmp_path / "n.nir"

    linear = nir.Linear(np.eye(2))
    mixed = nir.LIF(tau=np.array([1e-3, 2e-3]), r=full, v_leak=full * 0, v_threshold=full)
    held = nir.LIF(tau=full, r=full, v_leak=full * 0, v_threshold=full, v_reset=full)
    for nodes, word in (
        ((linear,), "alternate"),
        ((linear, mixed), "differ in tau"),
        ((linear, held), "v_reset"),
        ((nir.Threshold(full), mixed), "Threshold and LIF"),
    ):
        with pytest.raises(UserError, match=word):
            exchange.load(written(*nodes), 8, 16)
    (tmp_path / "bad.nir").write_text("no")
    with pytest.raises(UserError, match="cannot read"):
        exchange.load(tmp_path / "bad.nir", 8, 16)
