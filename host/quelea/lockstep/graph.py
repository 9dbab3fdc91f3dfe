"""Rows of a graph for one rank: the neighbours of a range of nodes, without the rest if possible.

ring and circulant are computed from the numbers; `cycles:K` is K random Hamiltonian cycles, so a
random graph of degree 2K (less where two coincide), of which each rank computes its rows alone.
Any other family of quelea.topology is built whole by every rank and cut.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.errors import UserError
from quelea.topology import parse

Ints = NDArray[np.int64]

NODES_MAX = 1 << 31
CYCLES_MAX = 16
MIX = 0x9E3779B97F4A7C15  # 2^64 / golden ratio
ROUNDS = 4  # of the Feistel network; four make a permutation that passes for random


@dataclass(frozen=True)
class Rows:
    """Nodes from first on, counted from 0; others[starts[i]:starts[i + 1]] are those of one."""

    first: int
    starts: Ints
    others: Ints

    @property
    def count(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def degrees(self) -> Ints:
        """Neighbours of each node."""
        return np.diff(self.starts)

    @cached_property
    def nodes(self) -> Ints:
        """The node at the near end of every entry of others."""
        return np.repeat(np.arange(self.first, self.first + self.count), self.degrees)


def rows(spec: str, nodes: int, seed: int, first: int, last: int) -> Rows:
    """Return the rows of nodes first..last - 1 of the graph `spec`; UserError for none."""
    name, _, text = spec.partition(":")
    here = np.arange(first, last, dtype=np.int64)
    if name == "cycles":
        near = _cycles(text, nodes, seed, here)
    elif name == "ring" and not text and nodes > 2:
        near = np.column_stack([(here - 1) % nodes, (here + 1) % nodes])
    elif name == "circulant" and nodes > 2:
        steps = _steps(text, nodes)
        near = (here[:, None] + np.concatenate([steps, -steps])) % nodes
    else:
        topology = parse(spec, nodes, seed, nodes_max=NODES_MAX)
        starts = topology.starts[first : last + 1]
        others = topology.others[starts[0] : starts[-1]] - 1
        return Rows(first, starts - starts[0], others)
    return _distinct(first, near)


def _distinct(first: int, near: Ints) -> Rows:
    """Sort each row and drop what it has twice."""
    near = np.sort(near, axis=1)
    fresh = np.ones(near.shape, dtype=bool)
    fresh[:, 1:] = near[:, 1:] != near[:, :-1]
    starts = np.concatenate([[0], np.cumsum(fresh.sum(axis=1))])
    return Rows(first, starts.astype(np.int64), near[fresh])


def _steps(text: str, nodes: int) -> Ints:
    """Return the offsets, checked as quelea.topology.circulant does, which would build it all.

    Every rank checks: one that went on alone would wait for the others for ever.
    """
    parts = text.split(",")
    found = {int(part) for part in parts if re.fullmatch("[0-9]{1,10}", part)}
    allowed = all(1 <= step <= nodes // 2 for step in found)
    if len(found) != len(parts) or not allowed or 2 * len(found) > NEIGHBOURS_MAX:
        raise UserError(
            f"circulant:{text} with {nodes} nodes",
            "--topology",
            f"different offsets from 1 to {nodes // 2}, at most {NEIGHBOURS_MAX // 2} of them",
            "write circulant:1,2",
        )
    common = math.gcd(nodes, *found)
    if common > 1:
        raise UserError(
            f"circulant:{text} falls into {common} parts with {nodes} nodes",
            "--topology",
            remedy=f"add the offset 1: circulant:1,{text}",
        )
    return np.array(sorted(found))


def _cycles(text: str, nodes: int, seed: int, here: Ints) -> Ints:
    if not re.fullmatch("[0-9]{1,2}", text) or not 1 <= int(text) <= CYCLES_MAX or nodes < 3:
        raise UserError(
            f"cycles:{text} with {nodes} nodes",
            "--topology",
            f"cycles:K with K from 1 to {CYCLES_MAX}, and 3 nodes or more",
            "write cycles:4",
        )
    columns = []
    for cycle in range(int(text)):
        order = Order(nodes, seed * CYCLES_MAX + cycle)
        place = order.place(here)
        columns += [order.node((place + step) % nodes) for step in (-1, 1)]
    return np.column_stack(columns)


def mixed(values: NDArray[np.uint64], key: int) -> NDArray[np.uint64]:
    """Return 64 mixed bits of each value (the finaliser of splitmix64, Steele et al. 2014)."""
    out = values + np.uint64(MIX * (key + 1) & (1 << 64) - 1)
    out = (out ^ out >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    out = (out ^ out >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return np.asarray(out ^ out >> np.uint64(31))


class Order:
    """A random order of 0..count-1 that needs no table: a Feistel network, walked into range."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.half = np.uint64(max(1, ((count - 1).bit_length() + 1) // 2))
        self.mask = (np.uint64(1) << self.half) - np.uint64(1)
        self.seed = seed

    def node(self, places: Ints) -> Ints:
        """Return who stands at these places."""
        return self._walk(places, range(ROUNDS))

    def place(self, nodes: Ints) -> Ints:
        """Return where these nodes stand."""
        return self._walk(nodes, range(ROUNDS - 1, -1, -1))

    def _walk(self, values: Ints, turns: range) -> Ints:
        out = self._step(values.astype(np.uint64), turns)
        outside = np.flatnonzero(out >= self.count)
        while len(outside):
            out[outside] = self._step(out[outside], turns)
            outside = outside[out[outside] >= self.count]
        return out.astype(np.int64)

    def _step(self, values: NDArray[np.uint64], turns: range) -> NDArray[np.uint64]:
        left, right = values >> self.half, values & self.mask
        for turn in turns:
            key = self.seed * ROUNDS + turn
            if turns.step > 0:
                left, right = right, left ^ (mixed(right, key) & self.mask)
            else:
                left, right = right ^ (mixed(left, key) & self.mask), left
        return np.asarray(left << self.half | right)
