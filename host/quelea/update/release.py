"""A release: the staged firmware as a list of hashes, a body to be signed, and chunks.

The forms are those of `firmware/quelea_agent/port/release.py`, written here a second time: the
tests hold the two to each other.
"""

import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from quelea_agent.port.release import (
    BODY_BYTES_MAX,
    CHUNK_BYTES,
    FILE_BYTES_MAX,
    FILES_MAX,
    LIST_BYTES_MAX,
    VERSION_MAX,
    is_path,
)

from quelea.errors import UserError
from quelea.fleet.staging import Board

LIB = "lib/"


@dataclass(frozen=True)
class Release:
    """files: (path below the set, content), by path. list_text: a line a file."""

    version: int
    mpy: int
    files: tuple[tuple[str, bytes], ...]
    list_text: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the list, in hex: what the content is, whatever the version."""
        return hashlib.sha256(self.list_text).hexdigest()

    @property
    def total_bytes(self) -> int:
        """Size of all files."""
        return sum(len(content) for _, content in self.files)

    def body(self, fleet: str, nodes: Iterable[str] | None = None) -> bytes:
        """Return what is signed. nodes: only these ids; None: every node of the fleet."""
        row: dict[str, Any] = {
            "v": 1,
            "fleet": fleet,
            "version": self.version,
            "mpy": self.mpy,
            "list": [len(self.list_text), self.digest],
        }
        if nodes is not None:
            row["nodes"] = sorted(nodes)
        text = json.dumps(row, separators=(",", ":")).encode()
        if len(text) > BODY_BYTES_MAX:
            raise UserError(
                f"an update of {len(row.get('nodes', ()))} named nodes does not fit one message",
                where="--only",
                why=f"{len(text)} bytes are more than {BODY_BYTES_MAX}",
                remedy="name fewer nodes, or all by leaving --only out",
            )
        return text

    def chunk(self, number: int, at: int) -> bytes | None:
        """Return the message with the chunk of file `number` (0: the list) at an offset, or None
        where there is none."""
        if not 0 <= number <= len(self.files) or at < 0:
            return None
        content = self.list_text if number == 0 else self.files[number - 1][1]
        data = content[at : at + CHUNK_BYTES]
        return struct.pack("<IHI", self.version, number, at) + data if data else None


def make(board: Board, version: int) -> Release:
    """Return the release of a staged board; UserError for what no board would take."""
    if not 1 <= version <= VERSION_MAX:
        raise UserError(
            f"{version} is no version of an update",
            where="--release",
            why=f"it is a whole number from 1 to {VERSION_MAX}",
            remedy="leave it out for the next one",
        )
    rows = []
    for file in board.files:
        if file.target.startswith(LIB):
            rows.append((file.target[len(LIB) :], (board.path / file.target).read_bytes()))
    return of_files(rows, version, board.mpy)


def of_files(rows: Iterable[tuple[str, bytes]], version: int, mpy: int) -> Release:
    """Return the release of (path, content) rows; UserError for what no board would take."""
    files = tuple(sorted(rows))
    for path, content in files:
        if not is_path(path) or len(content) > FILE_BYTES_MAX:
            raise UserError(
                f"{path} cannot be in an update",
                why=f"{len(content)} bytes; a board takes .mpy and .py files of lower-case names "
                f"and at most {FILE_BYTES_MAX} bytes",
            )
    text = "".join(
        f"{hashlib.sha256(data).hexdigest()} {len(data)} {path}\n" for path, data in files
    )
    if len(text) > LIST_BYTES_MAX or not 1 <= len(files) <= FILES_MAX:
        raise UserError(
            f"{len(files)} files do not fit an update",
            why=f"a board takes 1 to {FILES_MAX} files and a list of {LIST_BYTES_MAX} bytes",
        )
    return Release(version, mpy, files, text.encode())


@dataclass(frozen=True)
class Need:
    """Which chunk a node asks for."""

    version: int
    file: int
    at: int


def parse_need(payload: bytes) -> Need | None:
    """Return what a node asks for, or None for anything else; never raises."""
    if len(payload) > 200:
        return None
    try:
        row = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or row.get("v") != 1:
        return None
    version, file, at = (row.get(key) for key in ("version", "file", "at"))
    if not (_is_count(version) and _is_count(file) and _is_count(at)):
        return None
    return Need(version, file, at)


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= VERSION_MAX
