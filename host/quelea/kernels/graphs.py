"""Who hears whom, for fleets of up to many millions: a table, or a rule that needs no table."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.errors import UserError
from quelea.kernels import _core

AGENTS_MAX = (
    1 << 26
)  # indices of 32 bits would go further; the tables of 64 million take gigabytes
TILED_FROM_BYTES = 3 << 19  # a smaller state is gathered directly: from a second cache of 2 MB
SWAPS_MAX = 1000  # tries to replace one double edge; each fails with probability near degree^2/n

Index = NDArray[np.uint32]


class Table:
    """Any graph in which all agents hear the same number of others.

    neighbours: (agents, degree), the numbers 0..agents-1 of those heard; repeats count twice.
    is_tiled: whether rounds gather by tiles (src/tiles.h); None: if the state is large.
    """

    def __init__(self, neighbours: NDArray[np.integer], is_tiled: bool | None = None) -> None:
        self.is_tiled = is_tiled
        if neighbours.ndim != 2 or not 1 <= neighbours.shape[1] <= NEIGHBOURS_MAX:
            raise UserError(
                f"neighbours of shape {neighbours.shape}",
                "neighbours",
                f"(agents, 1..{NEIGHBOURS_MAX}) is needed",
            )
        self.agents, self.degree = neighbours.shape
        if not 1 <= self.agents <= AGENTS_MAX:
            raise UserError(f"{self.agents} agents", "neighbours", f"1..{AGENTS_MAX}")
        if int(neighbours.min()) < 0 or int(neighbours.max()) >= self.agents:
            raise UserError(
                f"neighbours from {neighbours.min()} to {neighbours.max()}",
                "neighbours",
                f"numbers of agents, 0..{self.agents - 1}",
            )
        self.neighbours: Index = np.ascontiguousarray(neighbours, dtype=np.uint32)
        self._tiles: dict[int, _core.Tiles] = {}

    @cached_property
    def grouped(self) -> Index:
        """The table as rounds read it: [agent / 256][slot][agent % 256], padded by agent 0."""
        group = _core.group()
        groups = -(-self.agents // group)
        padded = np.zeros((groups * group, self.degree), np.uint32)
        padded[: self.agents] = self.neighbours
        return np.ascontiguousarray(
            padded.reshape(groups, group, self.degree).transpose(0, 2, 1)
        ).ravel()

    def is_tiled_for(self, width: int) -> bool:
        """Return whether rounds on a state of `width` bytes gather by tiles."""
        is_large = self.agents * width >= TILED_FROM_BYTES
        return is_large if self.is_tiled is None else self.is_tiled

    def tiles(self, width: int) -> _core.Tiles | None:
        """The edges sorted for a state of `width` bytes; None: gather directly."""
        if not self.is_tiled_for(width):
            return None
        if width not in self._tiles:
            self._tiles[width] = _core.Tiles(self.grouped, self.degree, width)
        return self._tiles[width]

    def edges(self) -> Index:
        """The undirected edges, (count, 2), of a table in which hearing is mutual."""
        ends = np.repeat(np.arange(self.agents, dtype=np.uint32), self.degree)
        others = self.neighbours.ravel()
        once = ends < others
        if 2 * int(once.sum()) != ends.size:
            raise UserError("some agents hear others who do not hear them", "neighbours")
        return np.ascontiguousarray(np.stack([ends[once], others[once]], axis=1))


class Circulant:
    """Agent i hears i + offset for every offset, modulo agents: no table, memory read in order.

    offsets: not 0, all different modulo agents. A ring lattice of degree 8 is ring(agents, 4).
    """

    def __init__(self, agents: int, offsets: Iterable[int]) -> None:
        if not 2 <= agents <= AGENTS_MAX:
            raise UserError(f"{agents} agents", "agents", f"2..{AGENTS_MAX}")
        reduced = [offset % agents for offset in offsets]
        if 0 in reduced or len(set(reduced)) != len(reduced):
            raise UserError(
                f"offsets {reduced} modulo {agents}", "offsets", "all different and none 0"
            )
        if not 1 <= len(reduced) <= NEIGHBOURS_MAX:
            raise UserError(f"{len(reduced)} offsets", "offsets", f"1..{NEIGHBOURS_MAX}")
        self.agents = agents
        self.degree = len(reduced)
        self.offsets: NDArray[np.int64] = np.array(reduced, np.int64)

    @classmethod
    def ring(cls, agents: int, reach: int) -> "Circulant":
        """Each agent hears the `reach` nearest on either side."""
        return cls(agents, [*range(1, reach + 1), *(-step for step in range(1, reach + 1))])

    def table(self) -> Table:
        """The same graph as a table: for tests, and to measure what the table costs."""
        agents = np.arange(self.agents, dtype=np.int64)[:, None]
        return Table((agents + self.offsets) % self.agents)

    def eigenvalues(self) -> NDArray[np.float64]:
        """Eigenvalues of plain averaging with equal weights 1 / (degree + 1); the first is 1.

        With offsets in pairs o and -o they are real.
        """
        row = np.zeros(self.agents)
        row[0] = 1
        row[self.offsets] = 1
        return np.fft.fft(row).real / (self.degree + 1)

    def rho(self) -> float:
        """The largest modulus of all eigenvalues but the first: the error's factor a round."""
        return float(np.abs(self.eigenvalues()[1:]).max())


def random_regular(agents: int, degree: int, seed: int) -> Table:
    """A random simple regular graph: degree / 2 random cycles through all agents laid together.

    Double edges (a few, whatever the size) are switched away. degree: even, 2 or more.
    """
    if degree < 2 or degree % 2 or degree >= agents // 2:
        raise UserError(
            f"degree {degree} among {agents} agents",
            "degree",
            "even, 2 or more, below half of all",
        )
    random = np.random.default_rng(seed)
    table = np.empty((agents, degree), np.uint32)
    for cycle in range(degree // 2):
        order = random.permutation(agents).astype(np.uint32)
        table[order, 2 * cycle] = np.roll(order, 1)
        table[order, 2 * cycle + 1] = np.roll(order, -1)
    _switch_doubles(table, random)
    return Table(table)


def _doubles(table: Index) -> list[tuple[int, int]]:
    """Return the edges that stand twice, each once."""
    ordered = np.sort(table, axis=1)
    agents, slots = np.nonzero(ordered[:, 1:] == ordered[:, :-1])
    return sorted(
        {(int(a), int(ordered[a, s])) for a, s in zip(agents, slots) if a < ordered[a, s]}
    )


def _replace(table: Index, agent: int, old: int, new: int) -> None:
    slot = int(np.nonzero(table[agent] == old)[0][0])
    table[agent, slot] = new


def _switch_doubles(table: Index, random: np.random.Generator) -> None:
    """Replace edges (a, b), (c, d) by (a, c), (b, d) until no edge stands twice."""
    agents, degree = table.shape
    while pairs := _doubles(table):
        for a, b in pairs:
            if int((table[a] == b).sum()) < 2:
                continue  # a switch for another pair has taken it away already
            for _ in range(SWAPS_MAX):
                c = int(random.integers(agents))
                d = int(table[c, random.integers(degree)])
                fresh = c not in table[a] and d not in table[b]
                if fresh and len({a, b, c, d}) == 4:
                    for agent, old, new in ((a, b, c), (b, a, d), (c, d, a), (d, c, b)):
                        _replace(table, agent, old, new)
                    break
