"""Second-order averaging on a circulant by integer flows: fewer rounds where news travels slowly,
and still not a unit lost.

    flow' = (b - 1) flow + b a (x[i] - x[j]);   x[i] -= flow', x[j] += flow'
    b = 2 / (1 + sqrt(1 - rho^2)),  a = 1 / (degree + 1)

Muthukrishnan, Ghosh and Schultz 1998. The coefficients are integers over 2^16, each edge carries
the remainder of its division, and both ends move by the same flow: so the sum is exact whatever
the coefficients. Momentum overshoots: values may leave the hull of the inputs for a while, so it
is for honest fleets only. It comes to rest within some units; guard bits make that less than 1 q.
"""

import math

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import Q_MAX

from quelea.errors import UserError
from quelea.kernels import _core
from quelea.kernels.graphs import Circulant

SCALE_BITS = 16
STATE_BITS = 29  # overshoot and flows stay within 32 bits


class Momentum:
    """Values on a circulant whose offsets come in pairs o and -o.

    momentum: b - 1 in 0..1; None for the best, from the graph's rho; 0 is first order.
    """

    def __init__(
        self,
        graph: Circulant,
        values_q: NDArray[np.integer],
        *,
        guard_bits: int = 0,
        momentum: float | None = None,
    ) -> None:
        offsets = {int(offset) for offset in graph.offsets}
        if any(graph.agents - offset not in offsets for offset in offsets):
            raise UserError("an offset without its opposite", "graph", "o and -o, both")
        if values_q.shape != (graph.agents,):
            raise UserError(
                f"values_q of shape {values_q.shape}", "values_q", f"({graph.agents},)"
            )
        largest = int(np.abs(values_q).max())
        if largest > Q_MAX or largest << guard_bits >= 1 << STATE_BITS:
            raise UserError(
                f"values up to {largest} with {guard_bits} guard bits",
                "guard_bits",
                f"|q| <= {Q_MAX} and |q| * 2^g < 2^{STATE_BITS}",
            )
        if momentum is None:
            momentum = 2 / (1 + math.sqrt(1 - graph.rho() ** 2)) - 1
        if not 0 <= momentum < 1:
            raise UserError(f"momentum {momentum}", "momentum", "0 <= b - 1 < 1")
        self.graph, self.guard_bits, self.rounds = graph, guard_bits, 0
        self._half = np.array(
            sorted(o for o in offsets if o <= graph.agents - o), np.int64
        )  # each edge once
        if 2 * int(self._half[-1]) == graph.agents:
            raise UserError("an offset of half of all agents", "graph", "it is its own opposite")
        self._momentum = round(momentum * (1 << SCALE_BITS))
        self._step = round((1 + momentum) / (graph.degree + 1) * (1 << SCALE_BITS))
        self.state = values_q.astype(np.int32) << np.int32(guard_bits)
        shape = (self._half.size, graph.agents)
        self._flow, self._rest = np.zeros(shape, np.int32), np.zeros(shape, np.int32)

    def run(self, rounds: int) -> None:
        """Move all agents `rounds` rounds on."""
        _core.run_flows(
            self.state,
            self._flow,
            self._rest,
            self._half,
            self._momentum,
            self._step,
            rounds,
        )
        self.rounds += rounds

    @property
    def spread_units(self) -> int:
        """Largest less smallest state, in units of 2^-g q."""
        return int(self.state.max()) - int(self.state.min())

    @property
    def total(self) -> int:
        """The exact sum of all states, in units of 2^-g q."""
        return int(self.state.sum(dtype=np.int64))
