"""Spectral figures: how fast a graph mixes, and the weights that averaging over it may use.

L is the Laplacian, 0 = l1 < l2 <= ... <= ln. W is a weights matrix with rows that sum to one, and
rho its second largest modulus: the error of x <- Wx shrinks by rho a round in the long run.
Sources: Xiao and Boyd 2004; Xiao, Boyd and Lall 2005; Boyd's CVX examples for 1 / max(d).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.topology.draws import Draws
from quelea.topology.graph import Topology, adjacency, is_connected

FloatArray = NDArray[np.float64]
Sparse = Any  # scipy.sparse.csr_array; scipy has no types

DENSE_NODES_MAX = 1500  # dense eigenvalues: 0.5 s and 18 MB a matrix at this size
RESTARTS_MAX = 150  # of 20 Lanczos steps, before slow mixers (rings, bands) go the direct way
# Tolerance of the vector (the value is right to about its square), and the share of the largest
# eigenvalue from which that is accepted. The eigenvalues next to lambda2 of a large random graph
# crowd, so that its vector converges slowly, though its value is settled long before.
PASSES = ((1e-5, 1e-2), (1e-8, 0.0))


@dataclass(frozen=True)
class Spectrum:
    """lambda2, lambda_max: second smallest and largest eigenvalue of L.

    fiedler: shape (n,), a unit eigenvector of lambda2: the graph's slowest shape.
    dense: all eigenvalues were computed, so lambda2 is proved up to rounding; with Lanczos
    steps it is what they converged to.
    """

    lambda2: float
    lambda_max: float
    fiedler: FloatArray
    dense: bool

    @property
    def best_constant(self) -> float:
        """The a that makes W = I - aL fastest: 2 / (l2 + ln)."""
        return 2.0 / (self.lambda2 + self.lambda_max)

    @property
    def best_constant_rho(self) -> float:
        """rho of that W: (ln - l2) / (ln + l2)."""
        return (self.lambda_max - self.lambda2) / (self.lambda_max + self.lambda2)


def laplacian(topology: Topology) -> Sparse:
    """L = D - A as scipy.sparse.csr_array, shape (n, n), node 1 in row 0."""
    from scipy.sparse import diags_array

    return (diags_array(topology.degrees.astype(float)) - adjacency(topology)).tocsr()


def spectrum(topology: Topology) -> Spectrum:
    """The Laplacian's ends. Dense up to DENSE_NODES_MAX nodes, sparse above; n >= 2."""
    lap = laplacian(topology)
    n = topology.node_count
    if n <= DENSE_NODES_MAX:
        values, vectors = np.linalg.eigh(lap.toarray())
        return Spectrum(max(0.0, float(values[1])), float(values[-1]), vectors[:, 1], True)
    if not is_connected(topology):  # Lanczos would have to tell two zeros apart
        return Spectrum(0.0, _largest(lap), _part_shape(topology), False)
    top = _largest(lap)
    lambda2, fiedler = _second(lap, np.full(n, n**-0.5), top)
    return Spectrum(max(0.0, lambda2), top, fiedler, False)


def lambda2_of(topology: Topology) -> float:
    """lambda2 alone, dense: a third of the time of `spectrum`; 2 <= n <= DENSE_NODES_MAX."""
    return max(0.0, float(np.linalg.eigvalsh(laplacian(topology).toarray())[1]))


def _part_shape(topology: Topology) -> FloatArray:
    from quelea.topology.graph import components

    shape = (components(topology) == 0).astype(float)
    shape -= shape.mean()
    return np.asarray(shape / np.linalg.norm(shape))


def _start(n: int) -> FloatArray:
    """The first Lanczos vector: seeded, so that figures are the same on every run."""
    return Draws(0).unit(n) - 0.5


def _largest(matrix: Sparse) -> float:
    from scipy.sparse.linalg import eigsh

    n = matrix.shape[0]
    (value,) = eigsh(matrix, k=1, which="LA", v0=_start(n), return_eigenvectors=False, tol=1e-5)
    return float(value)


def _second(matrix: Sparse, null: FloatArray, top: float) -> tuple[float, FloatArray]:
    """Second smallest eigenvalue, and its vector, of a symmetric matrix with values 0..top.

    null: its unit vector of the single eigenvalue 0.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    n = matrix.shape[0]

    def turned(x: FloatArray) -> FloatArray:
        y = x.ravel() - null * (null @ x.ravel())
        return np.asarray(top * y - matrix @ y)

    operator = LinearOperator((n, n), matvec=turned, dtype=float)
    for tolerance, share in PASSES:
        try:
            values, vectors = eigsh(
                operator, k=1, which="LA", v0=_start(n), maxiter=RESTARTS_MAX, tol=tolerance
            )
        except ArpackNoConvergence:
            break
        if top - values[0] >= share * top:
            return top - float(values[0]), vectors[:, 0]
    return _second_direct(matrix, null)


def _second_direct(matrix: Sparse, null: FloatArray) -> tuple[float, FloatArray]:
    """The same for slow mixers: thin graphs, whose factors stay thin, so look near zero."""
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import LinearOperator, eigsh, splu

    n = matrix.shape[0]
    shift = 1e-9  # above the rounding of the factors, below every gap that fits 65,535 nodes
    factors = splu((matrix + shift * eye_array(n)).tocsc(), permc_spec="MMD_AT_PLUS_A")

    def solved(x: FloatArray) -> FloatArray:
        y = x.ravel() - null * (null @ x.ravel())
        z = factors.solve(y)
        return np.asarray(z - null * (null @ z))

    operator = LinearOperator((n, n), matvec=solved, dtype=float)
    values, vectors = eigsh(operator, k=1, which="LA", v0=_start(n), tol=PASSES[-1][0])
    return 1.0 / float(values[0]) - shift, vectors[:, 0]


def max_degree(topology: Topology) -> Sparse:
    """W = I - L / d_max. A bipartite regular graph swaps for ever: rho = 1."""
    return _from_laplacian(topology, 1.0 / topology.degree_max)


def max_degree_lazy(topology: Topology) -> Sparse:
    """W = I - L / (d_max + 1): keeps a positive own weight."""
    return _from_laplacian(topology, 1.0 / (topology.degree_max + 1))


def best_constant(topology: Topology) -> Sparse:
    """W = I - aL with a = 2 / (l2 + ln)."""
    return _from_laplacian(topology, spectrum(topology).best_constant)


def metropolis(topology: Topology) -> Sparse:
    """w_ij = 1 / (1 + max(d_i, d_j)), the rest on the own value (Xiao, Boyd, Lall)."""
    return _from_pairs(topology, lambda a, b: 1.0 / (1 + np.maximum(a, b)))


def metropolis_cvx(topology: Topology) -> Sparse:
    """w_ij = 1 / max(d_i, d_j), the rest on the own value (CVX). K2 swaps for ever."""
    return _from_pairs(topology, lambda a, b: 1.0 / np.maximum(a, b))


def equal(topology: Topology) -> Sparse:
    """w_ij = 1 / (d_i + 1), own value too: what a rule does without trimming.

    Only on regular graphs is the limit the average: it is sum (d_i + 1) x_i / sum (d_i + 1).
    """
    return _from_pairs(topology, lambda a, b: 1.0 / (a + 1.0))


WEIGHTS: dict[str, Callable[[Topology], Sparse]] = {
    "max-degree": max_degree,
    "max-degree-lazy": max_degree_lazy,
    "best-constant": best_constant,
    "metropolis": metropolis,
    "metropolis-cvx": metropolis_cvx,
    "equal": equal,
}


def _from_laplacian(topology: Topology, step: float) -> Sparse:
    from scipy.sparse import eye_array

    return (eye_array(topology.node_count, format="csr") - step * laplacian(topology)).tocsr()


def _from_pairs(
    topology: Topology, weight: Callable[[FloatArray, FloatArray], FloatArray]
) -> Sparse:
    """w_ij = weight(d_i, d_j) for neighbours, and what is left of one on the diagonal."""
    from scipy.sparse import csr_array, diags_array

    n = topology.node_count
    degrees = topology.degrees.astype(float)
    near = weight(np.repeat(degrees, topology.degrees), degrees[topology.others - 1])
    off = csr_array((near, topology.others - 1, topology.starts), shape=(n, n))
    return (off + diags_array(1.0 - off.sum(axis=1))).tocsr()


def limit_shares(topology: Topology, weights: str) -> FloatArray:
    """Shape (n,), sums to 1: how much each node's first value counts in the limit of W."""
    shares = topology.degrees + 1.0 if weights == "equal" else np.ones(topology.node_count)
    return np.asarray(shares / shares.sum())


def rho(topology: Topology, weights: str = "equal") -> float:
    """The second largest modulus of the weights matrix named (a key of WEIGHTS); n >= 2.

    1.0 for a graph in parts or one that swaps for ever. KeyError for an unknown name.
    """
    matrix = WEIGHTS[weights](topology)
    n = topology.node_count
    # with shares p, W is p-reversible: sqrt(p) W / sqrt(p) is symmetric with the same values
    root = np.sqrt(limit_shares(topology, weights))
    if n <= DENSE_NODES_MAX:
        dense = matrix.toarray() * root[:, None] / root[None, :]
        values = np.linalg.eigvalsh((dense + dense.T) / 2 - np.outer(root, root))
        return _modulus(float(np.abs(values).max()))

    if not is_connected(topology):
        return 1.0
    from scipy.sparse import diags_array, eye_array

    # I - W turned symmetric is as a Laplacian: one zero, at `root`
    gap = (eye_array(n) - diags_array(root) @ matrix @ diags_array(1.0 / root)).tocsr()
    top = _largest(gap)
    smallest, _ = _second(gap, root, top)
    return _modulus(max(1.0 - smallest, top - 1.0))


def _modulus(value: float) -> float:
    """Rounding noise of the eigenvalues taken off at both ends of 0..1."""
    if value < 1e-12:
        return 0.0
    return 1.0 if value > 1.0 - 1e-12 else value


def rounds_predicted(rho_of_weights: float, ratio: float) -> int | None:
    """Rounds until the spread has shrunk `ratio`-fold: ceil(ln(ratio) / ln(1 / rho)).

    0 if ratio <= 1: nothing is to be done. 1 if rho is 0: one round reaches the limit. None if
    rho >= 1: it never shrinks. ValueError for a ratio or rho that is no number or below zero.
    """
    if not (rho_of_weights >= 0.0 and ratio >= 0.0) or math.isinf(ratio):
        raise ValueError(f"rho {rho_of_weights} and ratio {ratio} must be numbers from 0 up")
    if ratio <= 1.0:
        return 0
    if rho_of_weights >= 1.0:
        return None
    if rho_of_weights == 0.0:
        return 1
    rounds = math.log(ratio) / -math.log(rho_of_weights)
    return max(1, math.ceil(rounds - 1e-9))
