"""Topology files: what is read, and that whatever is wrong is refused with file and line."""

import json
import random
from pathlib import Path

import pytest
from quelea.errors import UserError
from quelea.topology import parse
from topology_graphs import cvx


def _read(tmp_path: Path, text: str, nodes: int = 0):
    file = tmp_path / "links.txt"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return parse(f"file:{file}", nodes, 1)


def test_links_a_line(tmp_path: Path) -> None:
    text = "# a triangle and a tail\n\n1 2\n 3\t2  # back\r\n1 3\n4 3"
    topology = _read(tmp_path, text)
    assert topology.edges == ((1, 2), (1, 3), (2, 3), (3, 4))
    assert topology.node_count == 4
    assert topology.name == f"file:{tmp_path / 'links.txt'}"
    assert "4 links read" in topology.origin


def test_json(tmp_path: Path) -> None:
    assert _read(tmp_path, '{"edges": [[1, 2], [3, 2]]}').edges == ((1, 2), (2, 3))
    assert _read(tmp_path, '\ufeff\n{"edges": [[1, 2]], "name": "x"}').edges == ((1, 2),)


def test_what_to_dict_gives_is_read_back(tmp_path: Path) -> None:
    for topology in (cvx(), parse("growth:3", 12, 1)):
        assert _read(tmp_path, json.dumps(topology.to_dict())).edges == topology.edges


def test_the_fleet_decides_how_many_nodes(tmp_path: Path) -> None:
    assert _read(tmp_path, "1 2\n2 3", nodes=3).node_count == 3
    with pytest.raises(UserError) as caught:
        _read(tmp_path, "1 2\n2 3", nodes=4)
    assert "no path between node 1 and node 4 of 4" in str(caught.value)


BAD = (
    ("1 2\n2\n", ":2", "does not name two nodes"),
    ("1 2\n\n# x\n1 2 0.5\n", ":4", "does not name two nodes"),
    ("1 2\n2 x\n", ":2", "'x' is no node number"),
    ("1 2\n2 3.0\n", ":2", "'3.0' is no node number"),
    ("1 2\n2 -3\n", ":2", "'-3' is no node number"),
    ("1 2\n2 ٣\n", ":2", "is no node number"),
    ("0 1\n", ":1", "number the nodes from 1"),
    ("1 2\n2 65536\n", ":2", "1..65535"),
    ("1 2\n2 9999999999\n", ":2", "no node number"),
    ("1 2\n3 3\n", ":2", "linked to itself"),
    ("1 2\n2 3\n2 1\n", ":3", "line 1 has it"),
    ("", "", "names no link"),
    ("# nothing\n", "", "names no link"),
    ("1 2\n3 4\n", "", "no path between node 1 and node 3"),
    ('{"edges": [[1, 2],\n [2, 3],\n [3]]}', ":3", "does not name two nodes"),
    ('{"edges": [\n[1, 2],\n\n[2, "a"]\n]}', ":4", "'a' is no node number"),
    ('{"edges": [[1, 2], [2, true]]}', ":1", "'true' is no node number"),
    ('{"edges": [[1, 2],\n[2, 3.0]]}', ":2", "'3.0' is no node number"),
    ('{"edges": [[1, 2],\n[2, 1]]}', ":2", "line 1 has it"),
    ('{"edges": [[1, 2],\n5]}', ":2", "does not name two nodes"),
    ('{"edges": [[1,\n 2],\n[\n4, 4]]}', ":3", "linked to itself"),
    ('{"edges": [[1, 2]\n', ":2", "this is no JSON"),
    ('{"links": [[1, 2]]}', ":1", "'edges' is missing"),
    ('{"edges": {"1": 2}}', ":1", "'edges' is no list"),
    ('{"edges": []}', "", "names no link"),
    ('{"edges": ' + "[" * 100_000, "", "JSON"),
)


@pytest.mark.parametrize(("text", "line", "says"), BAD)
def test_wrong_lines_are_refused(tmp_path: Path, text: str, line: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        _read(tmp_path, text)
    assert caught.value.where.startswith(f"{tmp_path / 'links.txt'}{line}")
    assert says in str(caught.value)
    assert caught.value.why
    assert caught.value.remedy


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"1 2\n\xff\xfe\x00")
    for path, says in (
        (tmp_path / "absent", "No such file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "bytes", "no UTF-8"),
        ("\0", "no path"),
        ("", "path is missing"),
    ):
        with pytest.raises(UserError) as caught:
            parse(f"file:{path}", 0, 1)
        assert says in str(caught.value)
        assert caught.value.remedy


def test_a_path_may_hold_colons(tmp_path: Path) -> None:
    file = tmp_path / "a:b"
    file.write_text("1 2\n")
    assert parse(f"file:{file}", 2, 1).edges == ((1, 2),)


def test_mutated_files_are_read_or_refused(tmp_path: Path, seed: int) -> None:
    """Nothing but UserError leaves the reader, whatever the bytes."""
    rng = random.Random(seed)
    sources = [b"1 2\n2 3\n3 4 # x\n4 1\n", b'{"edges": [[1, 2], [2, 3], [1, 3]]}\n']
    refused = 0
    for _ in range(400):
        text = bytearray(rng.choice(sources))
        for _ in range(rng.randrange(1, 4)):
            text[rng.randrange(len(text))] = rng.choice(b'0123456789 []{}",:#\n\xc3\x00-.ex')
        try:
            _read(tmp_path, bytes(text))
        except UserError:
            refused += 1
    assert 100 < refused < 400
