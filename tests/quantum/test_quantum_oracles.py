"""The state vector, the noise and the formulas, held to stim and qiskit-aer."""

from importlib.util import find_spec

import numpy as np
import pytest
from conftest import need
from quelea.quantum import resources, search, theory
from quelea.quantum.noise import Noise, measure
from quelea.quantum.state import S_DAGGER, H, States, X, bits, rotation_y

INSTALL = "pip install quelea[quantum]"
NOISES = (
    Noise(depolarise=0.07),
    Noise(wait=0.3, t2=2.0),
    Noise(wait=0.2, t2=0.6),
    Noise(depolarise=0.04, wait=0.15, t2=1.1, readout=0.03),
)
SIGMAS_MAX = 5.0  # fixed seeds, so a fall outside is an error and not chance


@pytest.fixture(scope="module")
def oracle():
    need(find_spec("qiskit_aer"), "qiskit-aer", INSTALL)
    import qiskit_aer

    return qiskit_aer


def run(oracle, circuit, method):
    """Return the state or density matrix at the end of a circuit; qubit k is bit k there too."""
    save = {"statevector": "save_statevector", "density_matrix": "save_density_matrix"}[method]
    getattr(circuit, save)()
    simulator = oracle.AerSimulator(method=method, fusion_enable=False)
    return np.asarray(simulator.run(circuit).result().data(0)[method])


def same(ours, theirs):
    """Return whether two state vectors are equal up to a phase."""
    return abs(abs(np.vdot(ours, theirs)) - 1) < 1e-9


def test_random_circuits_give_the_same_state(oracle, seed):
    from qiskit import QuantumCircuit

    random = np.random.default_rng(seed)
    for qubits in (1, 2, 5, 12):
        ours, circuit = States(qubits), QuantumCircuit(qubits)
        for _ in range(40):
            qubit = int(random.integers(qubits))
            control = int(random.integers(qubits))
            angle = float(random.uniform(-3, 3))
            if control != qubit:
                ours.gate(rotation_y(angle), qubit, control=control)
                circuit.cry(angle, control, qubit)
                ours.gate(X, control, control=qubit)
                circuit.cx(qubit, control)
            ours.gate(H, qubit)
            circuit.h(qubit)
            ours.gate(S_DAGGER, qubit)
            circuit.sdg(qubit)
        assert same(ours.amplitudes[0], run(oracle, circuit, "statevector"))


def test_w_and_ghz_are_what_the_oracle_prepares(oracle):
    from qiskit import QuantumCircuit

    for nodes in (2, 3, 7, 12):
        ghz = QuantumCircuit(nodes)
        ghz.h(nodes - 1)
        for node in range(nodes - 1):
            ghz.cx(nodes - 1, node)
        assert same(resources.ghz(nodes).amplitudes[0], run(oracle, ghz, "statevector"))
        wanted = np.zeros(1 << nodes)
        wanted[1 << np.arange(nodes)] = nodes**-0.5
        w = QuantumCircuit(nodes)
        w.initialize(wanted)
        assert same(resources.w(nodes).amplitudes[0], run(oracle, w, "statevector"))


def test_grover_rounds_are_those_of_a_circuit(oracle):
    from qiskit import QuantumCircuit

    qubits, marked = 4, 11
    for rounds in range(5):
        circuit = QuantumCircuit(qubits)
        circuit.h(range(qubits))
        for _ in range(rounds):
            for flipped in ([q for q in range(qubits) if not marked >> q & 1], range(qubits)):
                if flipped == range(qubits):
                    circuit.h(range(qubits))
                circuit.x(flipped)
                circuit.mcp(np.pi, list(range(qubits - 1)), qubits - 1)
                circuit.x(flipped)
            circuit.h(range(qubits))
        ours = search.after(np.arange(1 << qubits) == marked, rounds)
        assert same(ours, run(oracle, circuit, "statevector"))
        assert abs(ours[marked] ** 2 - theory.grover(16, 1, rounds)) < 1e-12


def noisy(oracle, kind, nodes, noise, basis):
    """Return the chance of every reading, from the oracle's density matrix."""
    from qiskit import QuantumCircuit
    from qiskit_aer.noise import amplitude_damping_error, depolarizing_error, pauli_error

    prepared = resources.ghz(nodes) if kind == "GHZ" else resources.w(nodes)
    circuit = QuantumCircuit(nodes)
    circuit.set_density_matrix(np.outer(prepared.amplitudes[0], prepared.amplitudes[0].conj()))
    errors = (
        depolarizing_error(4 * noise.depolarise / 3, 1),
        amplitude_damping_error(noise.damped),
        pauli_error([("Z", noise.dephased), ("I", 1 - noise.dephased)]),
    )
    for node in range(nodes):
        for error in errors:
            circuit.append(error.to_instruction(), [node])
        if basis == "X":
            circuit.h(node)
    chances = np.real(np.diag(run(oracle, circuit, "density_matrix")))
    wrong = np.array([[1 - noise.readout, noise.readout], [noise.readout, 1 - noise.readout]])
    mixed = np.ones((1, 1))
    for _ in range(nodes):
        mixed = np.kron(mixed, wrong)
    return mixed @ chances


@pytest.mark.parametrize("noise", NOISES)
def test_the_formulas_of_noise_are_exact(oracle, noise):
    for nodes in (2, 4, 5):
        ones = bits(np.arange(1 << nodes), nodes).sum(axis=1)
        ghz = noisy(oracle, "GHZ", nodes, noise, "Z")
        assert abs(ghz[[0, -1]].sum() - theory.agree(noise.transfer(), nodes)) < 1e-9
        parity = noisy(oracle, "GHZ", nodes, noise, "X")[ones % 2 == 0].sum()
        assert abs(parity - theory.even_parity(noise.coherence(), nodes)) < 1e-9
        one = noisy(oracle, "W", nodes, noise, "Z")[ones == 1].sum()
        assert abs(one - theory.one_leader(noise.transfer(), nodes)) < 1e-9


@pytest.mark.parametrize("noise", NOISES)
def test_trajectories_have_the_oracles_chances(oracle, noise):
    shots, nodes = 20_000, 3
    for kind, prepared in (("GHZ", resources.ghz(nodes)), ("W", resources.w(nodes))):
        for basis in "XZ":
            wanted = noisy(oracle, kind, nodes, noise, basis)
            random = np.random.default_rng(5)
            seen = measure(prepared, noise, shots, random, basis * nodes)
            shares = np.bincount(seen, minlength=1 << nodes) / shots
            sigma = np.sqrt(wanted * (1 - wanted) / shots) + 1e-9
            assert np.abs((shares - wanted) / sigma).max() < SIGMAS_MAX, (kind, basis)


def test_a_noisy_ghz_coin_agrees_as_often_as_stims():
    need(find_spec("stim"), "stim", INSTALL)
    import stim

    nodes, shots, p = 10, 20_000, 0.03
    circuit = stim.Circuit()
    circuit.append("H", [0])
    for node in range(1, nodes):
        circuit.append("CX", [node - 1, node])
    circuit.append("DEPOLARIZE1", range(nodes), p)
    circuit.append("M", range(nodes))
    theirs = circuit.compile_sampler(seed=7).sample(shots).sum(axis=1)
    read = measure(resources.ghz(nodes), Noise(depolarise=p), 4000, np.random.default_rng(7))
    ours = bits(read, nodes).sum(axis=1)
    chance = theory.agree(Noise(depolarise=p).transfer(), nodes)
    for ones in (theirs, ours):
        share = np.mean((ones == 0) | (ones == nodes))
        assert abs(share - chance) < SIGMAS_MAX * (chance * (1 - chance) / len(ones)) ** 0.5
