"""Spectral figures against published values, closed forms and plain iteration."""

import math

import numpy as np
import pytest
from quelea.topology import parse
from quelea.topology import spectral as sp
from topology_graphs import bipartite, cvx, from_zero, path, petersen, star

CVX_RHO = {  # published for Boyd's small example, and what they reach in tau = 1 / ln(1 / rho)
    "max-degree": (0.7793, 4.0093),
    "metropolis-cvx": (0.7743, 3.9094),
    "best-constant": (0.7119, 2.9422),
}


def test_cvx_laplacian() -> None:
    figures = sp.spectrum(cvx())
    assert figures.lambda2 == pytest.approx(1.103729, abs=1e-6)
    assert figures.lambda_max == pytest.approx(6.557279, abs=1e-6)
    assert figures.best_constant == pytest.approx(0.261062, abs=1e-6)
    assert figures.best_constant_rho == pytest.approx(0.7119, abs=5e-5)
    lap = sp.laplacian(cvx())
    assert np.abs(lap @ figures.fiedler - figures.lambda2 * figures.fiedler).max() < 1e-12


@pytest.mark.parametrize("weights", sorted(CVX_RHO))
def test_cvx_weights(weights: str) -> None:
    published, tau = CVX_RHO[weights]
    found = sp.rho(cvx(), weights)
    assert found == pytest.approx(published, abs=5e-5)
    assert 1.0 / math.log(1.0 / found) == pytest.approx(tau, abs=5e-5)


def test_the_two_metropolis_weights_are_told_apart() -> None:
    assert sp.rho(cvx(), "metropolis") == pytest.approx(0.8126, abs=5e-5)
    assert sp.rho(cvx(), "metropolis-cvx") == pytest.approx(0.7743, abs=5e-5)


def test_fastest_weights_of_cvx_are_faster_than_all_of_ours() -> None:
    """Minimise rho over all symmetric weights: FDLA, published as 0.6433."""
    topology = cvx()
    fastest = _fastest_rho(topology.edge_array - 1, 8)
    assert fastest == pytest.approx(0.6433, abs=2e-4)
    for name in set(sp.WEIGHTS) - {"equal"}:  # equal weights are not symmetric
        assert sp.rho(topology, name) > fastest


def _fastest_rho(edges: np.ndarray, n: int) -> float:
    """The spectral norm of I - sum w_e b_e b_e' - J, minimised by way of Schatten norms."""
    from scipy.optimize import minimize

    signs = np.zeros((n, len(edges)))
    signs[edges[:, 0], np.arange(len(edges))] = 1.0
    signs[edges[:, 1], np.arange(len(edges))] = -1.0
    base = np.eye(n) - np.ones((n, n)) / n
    w = np.full(len(edges), 0.2)

    def norm(w: np.ndarray, p: float) -> tuple[float, np.ndarray]:
        values, vectors = np.linalg.eigh(base - (signs * w) @ signs.T)
        top = np.abs(values).max()
        powers = (np.abs(values) / top) ** p
        total = powers.sum()
        slopes = np.sign(values) * (np.abs(values) / top) ** (p - 1) * total ** (1 / p - 1)
        along = (signs.T @ vectors) ** 2
        return float(top * total ** (1 / p)), -along @ slopes

    for p in (4.0, 16.0, 64.0, 256.0, 1024.0, 8192.0):
        w = minimize(norm, w, args=(p,), jac=True, method="BFGS").x
    return float(np.abs(np.linalg.eigvalsh(base - (signs * w) @ signs.T)).max())


@pytest.mark.parametrize("n", [2, 5, 16, 40])
def test_closed_forms(n: int) -> None:
    best = lambda topology: sp.spectrum(topology).best_constant_rho  # noqa: E731
    assert best(path(n)) == pytest.approx(math.cos(math.pi / n), abs=1e-9)
    if n > 2:
        assert best(star(n)) == pytest.approx((n - 1) / (n + 1), abs=1e-9)
        figures = sp.spectrum(parse("ring", n))
        assert figures.lambda2 == pytest.approx(2 - 2 * math.cos(2 * math.pi / n), abs=1e-9)
    complete = parse("complete", n)
    assert sp.spectrum(complete).lambda2 == pytest.approx(n, abs=1e-9)
    assert best(complete) == pytest.approx(0.0, abs=1e-12)
    assert sp.rho(complete, "equal") == 0.0
    assert sp.rho(complete, "metropolis") == 0.0


def test_more_closed_forms() -> None:
    ring = sp.spectrum(parse("ring", 8))
    lambda2 = 2 - 2 * math.cos(2 * math.pi / 8)
    assert ring.best_constant_rho == pytest.approx((4 - lambda2) / (4 + lambda2), abs=1e-12)
    assert ring.best_constant_rho == pytest.approx(0.744521, abs=5e-7)
    for dimension in range(1, 8):
        cube = parse("hypercube", 1 << dimension)
        expected = (dimension - 1) / (dimension + 1)
        assert sp.spectrum(cube).best_constant_rho == pytest.approx(expected, abs=1e-9)
        assert sp.rho(cube, "best-constant") == pytest.approx(expected, abs=1e-9)
    assert sp.spectrum(petersen()).best_constant_rho == pytest.approx(3 / 7, abs=1e-12)
    assert sp.rho(petersen(), "metropolis") == pytest.approx(0.5, abs=1e-12)
    assert sp.spectrum(bipartite(4, 4)).lambda_max == pytest.approx(8.0, abs=1e-9)


def test_graphs_that_swap_for_ever() -> None:
    assert sp.rho(parse("complete", 2), "metropolis-cvx") == 1.0
    assert sp.rho(parse("complete", 2), "metropolis") == 0.0
    assert sp.rho(bipartite(3, 3), "max-degree") == 1.0
    assert sp.rho(bipartite(3, 3), "max-degree-lazy") < 1.0
    assert sp.rho(from_zero(4, [(0, 1), (2, 3)]), "equal") == 1.0


@pytest.mark.parametrize("name", sorted(sp.WEIGHTS))
def test_weights_are_what_they_claim(name: str) -> None:
    topology = parse("k-out:3", 20, 1)
    matrix = sp.WEIGHTS[name](topology).toarray()
    assert np.allclose(matrix.sum(axis=1), 1.0)
    shares = sp.limit_shares(topology, name)
    assert np.allclose(shares @ matrix, shares)
    allowed = np.eye(20, dtype=bool)
    allowed[topology.edge_array[:, 0] - 1, topology.edge_array[:, 1] - 1] = True
    assert not matrix[~(allowed | allowed.T)].any()
    # rho by iteration: the error's shrinking over many rounds
    x = np.linalg.matrix_power(matrix, 60) - shares
    ratio = np.linalg.norm(np.linalg.matrix_power(matrix, 120) - shares) / np.linalg.norm(x)
    assert ratio ** (1 / 60) == pytest.approx(sp.rho(topology, name), rel=1e-3)


def test_single_weights() -> None:
    topology = path(3)  # degrees 1, 2, 1
    assert sp.metropolis(topology).toarray()[0, 1] == pytest.approx(1 / 3)
    assert sp.metropolis_cvx(topology).toarray()[0, 1] == pytest.approx(1 / 2)
    assert sp.equal(topology).toarray()[0].tolist() == pytest.approx([1 / 2, 1 / 2, 0])
    assert sp.equal(topology).toarray()[1].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    assert sp.max_degree(topology).toarray()[0, 1] == pytest.approx(1 / 2)


def test_equal_weights_miss_the_average() -> None:
    """800 on node 1 (from 0) of Boyd's example, average 100: equal weights agree on 141.176."""
    x = np.zeros(8)
    x[1] = 800.0
    shares = sp.limit_shares(cvx(), "equal")
    assert shares @ x == pytest.approx(141.17647, abs=5e-6)
    matrix = sp.equal(cvx())
    for _ in range(200):
        x = matrix @ x
    assert x == pytest.approx(np.full(8, 141.17647), abs=5e-6)
    assert sp.limit_shares(cvx(), "metropolis") == pytest.approx(np.full(8, 0.125))


SPARSE = (
    ("regular:4", 60),
    ("growth:3", 90),
    ("ring", 50),
    ("geometric:0.3", 70),
    ("k-out:2", 40),
)


@pytest.mark.parametrize(("spec", "nodes"), SPARSE)
def test_sparse_figures_are_the_dense_ones(
    spec: str, nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    topology = parse(spec, nodes, 2)
    dense, dense_rho = sp.spectrum(topology), sp.rho(topology, "equal")
    monkeypatch.setattr(sp, "DENSE_NODES_MAX", 10)
    for restarts in (150, 1):  # 1: the steps do not suffice, and the direct way is taken
        monkeypatch.setattr(sp, "RESTARTS_MAX", restarts)
        sparse = sp.spectrum(topology)
        assert not sparse.dense
        assert sparse.lambda2 == pytest.approx(dense.lambda2, rel=1e-6)
        assert sparse.lambda_max == pytest.approx(dense.lambda_max, rel=1e-5)
        assert sp.rho(topology, "equal") == pytest.approx(dense_rho, rel=1e-6)


def test_sparse_closed_forms() -> None:
    cube = parse("hypercube", 2048)
    assert sp.spectrum(cube).lambda2 == pytest.approx(2.0, rel=1e-7)
    assert sp.rho(cube, "equal") == pytest.approx(10 / 12, rel=1e-7)
    ring = parse("ring", 2000)
    exact = 2 - 2 * math.cos(2 * math.pi / 2000)
    assert sp.spectrum(ring).lambda2 == pytest.approx(exact, rel=1e-4)
    assert 1 - sp.rho(ring, "equal") == pytest.approx(exact / 3, rel=1e-2)
    parts = from_zero(2000, ((i, i + 1) for i in range(1999) if i != 1000))
    assert sp.spectrum(parts).lambda2 == 0.0
    assert sp.rho(parts) == 1.0


def test_random_regular_graphs_come_near_their_limit(seed: int) -> None:
    limit = 2 * math.sqrt(7) / 8  # 0.661438, Alon and Boppana
    found = 1 - sp.spectrum(parse("regular:8", 2000, seed)).lambda2 / 8
    assert limit - 0.02 < found < limit + 0.02


@pytest.mark.parametrize(
    ("rho", "ratio", "rounds"),
    [
        (0.5, 1024, 10),
        (0.5, 1025, 11),
        (0.1, 1000, 3),
        (0.5, 1, 0),
        (0.5, 0, 0),
        (1.0, 1, 0),
        (0.0, 2, 1),
        (0.9, 1.0001, 1),
        (1.0, 2, None),
        (1.5, 2, None),
        (0.999946, 1e6, 255836),
    ],
)
def test_rounds_predicted(rho: float, ratio: float, rounds: int | None) -> None:
    assert sp.rounds_predicted(rho, ratio) == rounds


@pytest.mark.parametrize(("rho", "ratio"), [(math.nan, 2), (0.5, math.nan), (-0.1, 2), (0.5, -1)])
def test_rounds_predicted_of_no_number(rho: float, ratio: float) -> None:
    with pytest.raises(ValueError, match="must be numbers"):
        sp.rounds_predicted(rho, ratio)


def test_rounds_predicted_hold_for_real_rounds() -> None:
    topology = parse("growth:3", 30, 1)
    matrix = sp.metropolis(topology)
    rounds = sp.rounds_predicted(sp.rho(topology, "metropolis"), 1e6)
    x = sp.spectrum(topology).fiedler.copy()
    start = np.ptp(x)
    for _ in range(rounds):
        x = matrix @ x
    assert 1e5 < start / np.ptp(x) < 1e8


def test_unknown_weights() -> None:
    with pytest.raises(KeyError):
        sp.rho(cvx(), "fastest")
