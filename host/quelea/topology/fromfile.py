"""A graph from a file: lines `a b` with # comments, or JSON {"edges": [[a, b], ...]}.

Nodes are numbered from 1. Each link is named once, in either direction. Whatever is wrong is
refused with file and line.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from quelea_proto.limits import NODE_MAX

from quelea.errors import UserError
from quelea.topology.family import FLAG, Family, refuse
from quelea.topology.graph import Topology, build, components

FORM = "file:PATH"
FILE_BYTES_MAX = 64 << 20  # about five million links; a larger file is surely another file

Edge = tuple[int, int]
Placed = tuple[int, object, object]  # line, and the two ends as they were written


def make(text: str, nodes: int, seed: int) -> Topology:
    """`nodes` is the fleet's size, or 0 for what the file holds: its largest number."""
    if not text:
        raise refuse(
            f"the path is missing in '{FORM}'.",
            "Allowed: a readable text or JSON file.",
            f"write {FLAG} file:links.txt",
        )
    path = Path(text).expanduser()
    content = _read(path)
    read = _from_json if content.lstrip()[:1] == "{" else _from_lines
    placed = read(path, content)
    edges = _checked(path, placed, nodes)
    count = nodes or max(max(edge) for edge in edges)
    topology = build(
        f"file:{text}", f"{len(edges)} links read from {text}", count, np.array(edges)
    )
    parts = components(topology)
    if parts.any():
        lost = int(np.flatnonzero(parts)[0]) + 1
        raise UserError(
            f"there is no path between node 1 and node {lost} of {count}.",
            where=str(path),
            why="A fleet in parts cannot agree.",
            remedy=f"add a link that joins node {lost}, or give fewer --nodes",
        )
    return topology


def _read(path: Path) -> str:
    why = "Allowed: a readable text or JSON file."
    remedy = f"check the path; write {FLAG} file:PATH"
    try:
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            raise UserError(
                f"the file has {size} bytes.",
                where=str(path),
                why=f"Allowed: at most {FILE_BYTES_MAX} bytes.",
                remedy=remedy,
            )
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        reason = problem.strerror or "it cannot be opened"
        raise UserError(f"{reason}.", where=str(path), why=why, remedy=remedy) from None
    except UnicodeDecodeError as problem:
        raise UserError(
            f"byte {problem.start} is no UTF-8 text.", where=str(path), why=why, remedy=remedy
        ) from None
    except ValueError:  # a path with a zero byte
        raise UserError(
            "this is no path.", where=repr(str(path)), why=why, remedy=remedy
        ) from None


def _from_lines(path: Path, content: str) -> Iterator[Placed]:
    for line, text in enumerate(content.splitlines(), start=1):
        words = text.split("#", 1)[0].split()
        if not words:
            continue
        if len(words) != 2:
            raise UserError(
                f"'{text.strip()[:60]}' does not name two nodes.",
                where=f"{path}:{line}",
                why="Allowed: two node numbers separated by blanks, and a # comment.",
                remedy="write one link a line, such as: 1 2",
            )
        yield line, words[0], words[1]


def _from_json(path: Path, content: str) -> Iterator[Placed]:
    why = 'Allowed: {"edges": [[1, 2], [2, 3]]}.'
    remedy = "write each link as a list of two node numbers"
    try:
        whole = json.loads(content)
    except json.JSONDecodeError as problem:
        raise UserError(
            f"this is no JSON: {problem.msg}.",
            where=f"{path}:{problem.lineno}",
            why=why,
            remedy="mend the line; a file that begins with { is read as JSON",
        ) from None
    except RecursionError:
        raise UserError("this JSON is nested too deeply.", str(path), why, remedy) from None
    edges = whole.get("edges")
    if not isinstance(edges, list):
        shown = "is missing" if edges is None else "is no list"
        raise UserError(f"'edges' {shown}.", where=f"{path}:1", why=why, remedy=remedy)
    for line, edge in zip(_lines_of_edges(content), edges):
        if not isinstance(edge, list) or len(edge) != 2:
            raise UserError(
                f"{json.dumps(edge)[:60]} does not name two nodes.",
                where=f"{path}:{line}",
                why=why,
                remedy=remedy,
            )
        yield line, edge[0], edge[1]


def _lines_of_edges(content: str) -> Iterator[int]:
    """The line each element of "edges" begins on; json gives values without their places."""
    decoder = json.JSONDecoder()
    key = re.search(r'"edges"\s*:\s*\[', content)
    at = key.end() if key else 0
    line = content.count("\n", 0, at) + 1
    while True:
        gap = re.compile(r"[\s,]*").match(content, at)
        start = gap.end() if gap else at
        line += content.count("\n", at, start)
        yield line
        try:
            _, at = decoder.raw_decode(content, start)
        except json.JSONDecodeError:  # the end of the list, or a second "edges" elsewhere
            at = start
        line += content.count("\n", start, at)


def _checked(path: Path, placed: Iterator[Placed], nodes: int) -> list[Edge]:
    """The links, with every number in range, no loop and none given twice."""
    high = nodes or NODE_MAX
    lines: dict[Edge, int] = {}
    for line, first, second in placed:
        a, b = _number(path, line, first, high), _number(path, line, second, high)
        edge = (min(a, b), max(a, b))
        if a == b:
            raise UserError(
                f"node {a} is linked to itself.",
                where=f"{path}:{line}",
                why="Allowed: links between two different nodes.",
                remedy="take the line out",
            )
        if edge in lines:
            raise UserError(
                f"the link {a} {b} is given again; line {lines[edge]} has it.",
                where=f"{path}:{line}",
                why="Allowed: each link once; a link works in both directions.",
                remedy="take the line out",
            )
        lines[edge] = line
    if not lines:
        raise UserError(
            "the file names no link.",
            where=str(path),
            why="Allowed: one link or more.",
            remedy="write one link a line, such as: 1 2",
        )
    return list(lines)


def _number(path: Path, line: int, word: object, high: int) -> int:
    text = word if isinstance(word, str) else json.dumps(word)
    if isinstance(word, bool) or not re.fullmatch(r"[0-9]{1,9}", text):
        raise UserError(
            f"'{text[:40]}' is no node number.",
            where=f"{path}:{line}",
            why=f"Allowed: whole numbers 1..{high}.",
            remedy="number the nodes from 1",
        )
    if not 1 <= int(text) <= high:
        raise UserError(
            f"node {text} is out of range.",
            where=f"{path}:{line}",
            why=f"Allowed: whole numbers 1..{high}.",
            remedy="number the nodes from 1" if int(text) == 0 else f"write --nodes {text}",
        )
    return int(text)


FAMILY = Family("file", FORM, "links from a text or JSON file", make)
