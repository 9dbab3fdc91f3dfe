"""A whole fleet in memory, moved round by round: every agent applies the rule to the values that
its neighbours had in the round before (two states change places, so the order of agents is of no
matter).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import Q_MAX

from quelea.errors import UserError
from quelea.kernels import _core
from quelea.kernels.columns import IntArray, check_range, check_threads, plan
from quelea.kernels.graphs import Circulant, Table

KEY_BIAS = 1 << 30  # as in src/kernel.h
HALF_BIAS = 1 << 15
LINE_BYTES = 64
LANES_UNIT = 16  # seeds come in whole vectors
STRIPES = 16  # as in src/striped.c
HALF_SPAN = (1 << 16) - 1  # the widest spread that 16 bits hold
LOOK_ROUNDS = 8  # rounds until a wide state is looked at again: looking costs a thirtieth of one


def _aligned(count: int, kind: type[np.generic]) -> NDArray[Any]:
    """Return `count` zeros on a cache line's start, with a line to spare behind them."""
    size = np.dtype(kind).itemsize
    memory = np.zeros(count * size + 2 * LINE_BYTES, np.uint8)
    skip = -memory.ctypes.data % LINE_BYTES
    aligned: NDArray[Any] = memory[skip : skip + count * size].view(kind)
    return aligned


class Fleet:
    """Agents on a graph, each with a value, or on a Table with one value for each of many seeds.

    values_q: (agents,) int32, or int16 for half the memory traffic; or (agents, seeds) int32 on a
    Table, seeds a multiple of 16. |q| < 2^23. rule, faults_max: as for a node. held: numbers of
    agents that never change their value (liars that insist, or the silent). threads: 1 or more;
    a result never depends on it.

    Rules commute with adding a constant and stay between the least and the largest value. So once
    all values of a large Table lie within 2^16, the state is kept in 16 bits, as distances from
    the least, whatever the type of values_q: half the memory traffic, the same results.
    """

    def __init__(
        self,
        graph: Table | Circulant,
        values_q: IntArray,
        rule: str = "trimmed-mean",
        faults_max: int = 0,
        *,
        held: Sequence[int] | NDArray[np.integer] = (),
        threads: int = 1,
    ) -> None:
        self.graph, self.threads = graph, threads
        self.rounds = 0
        self._check(values_q)
        check_threads(threads)
        self._plan = plan(rule, graph.degree, faults_max)
        self._kind = values_q.dtype
        self._seeds = values_q.shape[1] if values_q.ndim == 2 else 0
        self._striped = (
            isinstance(graph, Circulant)
            and self._kind == np.int32
            and _core.can_stripe(graph.offsets, graph.agents)
        )
        self._held = np.unique(self._places(np.asarray(held, np.int64))).astype(np.uint32)
        room = graph.agents * max(self._seeds, 1)
        if not self._seeds and isinstance(graph, Table):
            room = -(-room // _core.group()) * _core.group()
        kind = np.uint16 if self._kind == np.int16 else np.int32
        self._now, self._other = _aligned(room, kind), _aligned(room, kind)
        self._least_key: int | None = None  # while the state is narrow: what its zero stands for
        self.values_q = values_q

    def _check(self, values_q: IntArray) -> None:
        shape, dimensions = values_q.shape, 2 if isinstance(self.graph, Table) else 1
        if not 1 <= len(shape) <= dimensions or shape[0] != self.graph.agents:
            raise UserError(
                f"values_q of shape {shape}",
                "values_q",
                f"({self.graph.agents},), or on a Table ({self.graph.agents}, seeds)",
            )
        halves = values_q.dtype == np.int16 and len(shape) == 1
        if values_q.dtype != np.int32 and not halves:
            raise UserError(
                f"values_q of type {values_q.dtype}",
                "values_q",
                "int32; int16 is for one value an agent",
            )
        if len(shape) == 2 and (shape[1] == 0 or shape[1] % LANES_UNIT):
            raise UserError(f"{shape[1]} seeds", "values_q", "a multiple of 16")

    def _places(self, agents: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where agents stand in the state."""
        last = self.graph.agents - 1
        if agents.size and not 0 <= int(agents.min()) <= int(agents.max()) <= last:
            raise UserError(f"agents {agents.min()}..{agents.max()}", "agents", f"0..{last}")
        rows = self.graph.agents // STRIPES
        return agents % rows * STRIPES + agents // rows if self._striped else agents

    @property
    def values_q(self) -> IntArray:
        """The agents' values, a copy, of the shape and type given at the start."""
        now = self._now[: self.graph.agents * max(self._seeds, 1)]
        if self._least_key is not None:
            return np.asarray(now.astype(np.int32) + np.int32(self._least_key - KEY_BIAS))
        if self._kind == np.int16:
            return np.asarray(now ^ np.uint16(HALF_BIAS)).view(np.int16)
        values_q = np.asarray(now - np.int32(KEY_BIAS))
        if self._striped:
            return np.ascontiguousarray(values_q.reshape(-1, STRIPES).T).ravel()
        return values_q.reshape(self.graph.agents, -1) if self._seeds else values_q

    @values_q.setter
    def values_q(self, values_q: IntArray) -> None:
        self._check(values_q)
        check_range(values_q)
        self._widen()
        flat = np.ascontiguousarray(values_q).ravel()
        if self._striped:
            flat = np.ascontiguousarray(flat.reshape(STRIPES, -1).T).ravel()
        if self._kind == np.int16:
            self._now[: flat.size] = flat.view(np.uint16) ^ np.uint16(HALF_BIAS)
        else:
            self._now[: flat.size] = flat + np.int32(KEY_BIAS)

    def set(self, agents: NDArray[np.integer], values_q: IntArray | int) -> None:
        """Change some agents' values between rounds: what an adversary says next."""
        wide = np.asarray(values_q, np.int64)
        low, high = (-HALF_BIAS, HALF_BIAS - 1) if self._kind == np.int16 else (-Q_MAX, Q_MAX)
        if wide.size and not low <= int(wide.min()) <= int(wide.max()) <= high:
            raise UserError(
                f"values from {wide.min()} to {wide.max()}", "values_q", f"{low}..{high}"
            )
        bias = HALF_BIAS if self._kind == np.int16 else KEY_BIAS
        self._widen()
        now = self._now[: self.graph.agents * max(self._seeds, 1)]
        rows = now.reshape(self.graph.agents, -1) if self._seeds else now
        rows[self._places(np.asarray(agents, np.int64))] = (wide + bias).astype(now.dtype)

    def run(self, rounds: int) -> None:
        """Move all agents `rounds` rounds on."""
        if rounds < 0:
            raise UserError(f"{rounds} rounds", "rounds", "0 or more")
        self.rounds += rounds
        while rounds and not self._plan.holds:
            at_once = rounds
            if self._is_wide_table and not self._narrow():
                at_once = min(rounds, LOOK_ROUNDS)
            if self._run(at_once):
                self._now, self._other = self._other, self._now
            rounds -= at_once

    @property
    def _is_wide_table(self) -> bool:
        """Whether the state is in memory that 16 bits would spare."""
        if not isinstance(self.graph, Table) or self._seeds:
            return False
        return self._now.itemsize == 4 and self.graph.is_tiled_for(4)

    def _narrow(self) -> bool:
        """Keep the state in 16 bits if it fits; return whether it does."""
        keys = self._now[: self.graph.agents]
        least = int(keys.min())
        if int(keys.max()) - least > HALF_SPAN:
            return False
        now = _aligned(self._now.size, np.uint16)
        np.subtract(keys, np.int32(least), out=now[: keys.size], casting="unsafe")
        self._now, self._other = now, _aligned(now.size, np.uint16)
        self._least_key = least
        return True

    def _widen(self) -> None:
        """Keep the state in 32 bits again: what comes next may not fit."""
        if self._least_key is not None:
            now = self._now
            self._now, self._other = _aligned(now.size, np.int32), _aligned(now.size, np.int32)
            self._now[:] = now.astype(np.int32) + np.int32(self._least_key)
            self._least_key = None

    def _run(self, rounds: int) -> bool:
        """Run the kernels; return whether the result is in the other state."""
        graph = self.graph
        state = (self._now, self._other, self._held, rounds, self.threads)
        if isinstance(graph, Circulant):
            return bool(
                _core.run_circulant(self._plan, graph.offsets, graph.agents, *state, self._striped)
            )
        if self._seeds:
            return bool(_core.run_lanes(self._plan, graph.neighbours, self._seeds, *state))
        tiles = graph.tiles(self._now.itemsize)
        return bool(_core.run_table(self._plan, graph.grouped, tiles, *state))
