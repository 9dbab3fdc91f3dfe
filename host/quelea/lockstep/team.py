"""The ranks of a run: MPI's, or one process alone with the same calls."""

import os
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError

Array = NDArray[Any]
STARTERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_RANK")  # what mpiexec leaves behind


class Team(Protocol):
    """rank: 0..size-1."""

    rank: int
    size: int

    def swap(self, parts: Sequence[Array]) -> list[Array]:
        """Send parts[r] to rank r; return what each rank sent here. One type, one width."""
        ...

    def least(self, row: Array) -> Array:
        """Return the smallest of every rank's row, place by place."""
        ...

    def total(self, row: Array) -> Array:
        """Return the sum of every rank's row, place by place."""
        ...

    def chain(self, text: bytes) -> list[bytes] | None:
        """Return every rank's bytes in order of rank, at rank 0; None elsewhere."""
        ...


class Alone:
    """A single process."""

    rank, size = 0, 1

    def swap(self, parts: Sequence[Array]) -> list[Array]:
        return [parts[0]]

    def least(self, row: Array) -> Array:
        return row

    def total(self, row: Array) -> Array:
        return row

    def chain(self, text: bytes) -> list[bytes] | None:
        return [text]


class Mpi:
    """All ranks of mpiexec, by mpi4py on buffers: no pickling on the way."""

    def __init__(self) -> None:
        try:
            from mpi4py import MPI
        except (ImportError, RuntimeError) as error:
            raise UserError(
                "MPI is not installed",
                why=str(error),
                remedy="run `pip install quelea[mpi]`, then start by its mpiexec",
            ) from None
        self._mpi: Any = MPI
        self._world: Any = MPI.COMM_WORLD
        self.rank = int(self._world.Get_rank())
        self.size = int(self._world.Get_size())

    def swap(self, parts: Sequence[Array]) -> list[Array]:
        kind, width = parts[0].dtype, parts[0].shape[1:]
        each = int(np.prod(width, dtype=np.int64)) * kind.itemsize
        counts = np.array([len(part) for part in parts], dtype=np.int64)
        theirs = np.empty_like(counts)
        self._world.Alltoall(counts, theirs)
        out = [np.empty((count, *width), kind) for count in theirs.tolist()]
        waits = []
        for step in range(1, self.size):
            source, dest = (self.rank - step) % self.size, (self.rank + step) % self.size
            if theirs[source] and each:
                waits.append(self._world.Irecv([out[source], self._mpi.BYTE], source))
            if counts[dest] and each:
                sent = np.ascontiguousarray(parts[dest])
                waits.append(self._world.Isend([sent, self._mpi.BYTE], dest))
        out[self.rank] = parts[self.rank]
        self._mpi.Request.Waitall(waits)
        return out

    def least(self, row: Array) -> Array:
        out = np.empty_like(row)
        self._world.Allreduce(row, out, self._mpi.MIN)
        return out

    def total(self, row: Array) -> Array:
        out = np.empty_like(row)
        self._world.Allreduce(row, out, self._mpi.SUM)
        return out

    def chain(self, text: bytes) -> list[bytes] | None:
        return self._world.gather(text, 0)  # type: ignore[no-any-return]

    def abort(self, status: int) -> None:
        """End all ranks: one that waits for another would wait for ever."""
        self._world.Abort(status)


def make() -> Team:
    """Return MPI's ranks where mpiexec has started us, else one process alone."""
    return Mpi() if any(name in os.environ for name in STARTERS) else Alone()


def share(nodes: int, team: Team, rank: int | None = None) -> tuple[int, int]:
    """Return (first, last + 1) of a rank's nodes: equal parts, to one node."""
    at = team.rank if rank is None else rank
    return at * nodes // team.size, (at + 1) * nodes // team.size
