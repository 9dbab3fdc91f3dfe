"""The host's half: releases, what nodes say, versions, and bytes that are none of it."""

import json
import os
import random
from types import SimpleNamespace

import pytest
from quelea.errors import UserError
from quelea.secure import signing
from quelea.update import course, release
from quelea.update.command import Asked, _version, target
from quelea.update.course import Course
from quelea_agent.port import release as board

FUZZ = int(os.environ.get("QUELEA_FUZZ", 10000))
FILES = (("a/b.mpy", b"x" * 3000), ("c.mpy", b""), ("a/d.py", b"print()"))


def made(version: int = 7) -> release.Release:
    return release.of_files(FILES, version, 6)


def test_a_board_reads_what_the_host_writes() -> None:
    one = made()
    body, problem = board.body(one.body("demo", ["n02", "n01"]), "demo", 6)
    assert problem == "" and (body.version, body.nodes) == (7, ["n01", "n02"])
    assert (body.list_bytes, body.list_digest) == (len(one.list_text), one.digest)
    rows = [board.line(line) for line in one.list_text.splitlines(keepends=True)]
    assert [(size, path) for _, size, path in rows] == [
        (len(data), path) for path, data in sorted(FILES)
    ]
    data = one.chunk(1, 2048)
    assert board.chunk(data) == (7, 1, 2048) and data[board.CHUNK_HEAD :] == b"x" * 952
    for number, at in ((1, 3000), (4, 0), (-1, 0), (0, -1), (3, 0)):
        assert one.chunk(number, at) is None
    need = release.parse_need(board.need(7, 1, 1024))
    assert (need.version, need.file, need.at) == (7, 1, 1024)


@pytest.mark.parametrize(
    ("rows", "version"),
    [
        ([("A.mpy", b"")], 1),
        ([("../a.mpy", b"")], 1),
        ([("cfg.json", b"")], 1),
        ([("a.mpy", bytes(300000))], 1),
        ([(f"f{n}.mpy", b"") for n in range(256)], 1),
        ([], 1),
    ],
)
def test_what_no_board_takes_is_refused(rows, version) -> None:
    with pytest.raises(UserError):
        release.of_files(rows, version, 6)


def test_names_that_do_not_fit_one_message_are_refused() -> None:
    with pytest.raises(UserError, match="does not fit"):
        made().body("demo", [f"node-{n:03}" for n in range(200)])
    with pytest.raises(UserError, match="no version"):
        release.make(SimpleNamespace(files=(), mpy=6, path=None), 0)


def test_the_same_firmware_keeps_its_number_and_another_gets_the_next() -> None:
    key = signing.new_key()

    def version_of(announced: bytes, *tops: int) -> int:
        nodes = {str(n): Course(str(n), top=tops[n]) for n in range(len(tops))}
        server = SimpleNamespace(courses=nodes, announced=announced)
        return _version(server, made(), "demo", key)

    same = signing.sign(key, b"ota", made(7).body("demo"))
    other = signing.sign(key, b"ota", release.of_files(FILES[:1], 9, 6).body("demo"))
    foreign = signing.sign(signing.new_key(), b"ota", made(50).body("demo"))
    assert version_of(b"") == 1
    assert version_of(b"", 3, 5) == 6
    assert version_of(same, 3, 7) == 7, "goes on"
    assert version_of(same, 8) == 9, "a node has tried a higher one"
    assert version_of(other, 3) == 10
    assert version_of(foreign, 3) == 4, "who else signed counts for nothing"


TOML = """
[fleet]
name = "garage"
nodes = 4
[limit]
limit_q = 32000
[load]
floor_q = 1000
most_q = 16000
[broker]
host = "10.0.0.2"
[board]
load = { kind = "pilot", pin = 27 }
"""


def test_where_the_fleet_is(tmp_path) -> None:
    key = tmp_path / "key.pem"
    found = target(Asked("", "mqtt://h:1", "garage", key, ("sharing",)))
    assert (found.endpoint.host, found.fleet, found.key) == ("h", "garage", key)
    assert found.parts == {"sharing", "update"}
    for asked in (Asked(), Asked(broker="nats"), Asked(broker="mqtt://h:1")):
        with pytest.raises(UserError):
            target(asked)


def test_a_fleet_of_boards_is_known_from_its_file(tmp_path) -> None:
    (tmp_path / "fleet.toml").write_text(TOML)
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[host]\npassword = "x"\n')
    secrets.chmod(0o600)
    with pytest.raises(UserError, match="signed"):
        target(Asked(str(tmp_path / "fleet.toml")))
    found = target(Asked(str(tmp_path / "fleet.toml"), key=tmp_path / "k"))
    assert (found.endpoint.host, found.fleet) == ("10.0.0.2", "garage")
    assert found.parts == {"drivers", "sharing", "update"}


def status(**figures) -> bytes:
    return json.dumps({"v": 1, "update": figures}).encode()


@pytest.mark.parametrize(
    ("said", "stand", "cause"),
    [
        ([("status", status(version=7, top=7, trial=True))], "trial", ""),
        ([("status", status(version=7, top=7, trial=False))], "good", ""),
        ([("status", status(version=6, top=7, cause="crash"))], "back", "crash"),
        ([("status", status(version=6, top=8))], "newer", ""),
        ([("status", status(version=6, top=6, state="fetching"))], "fetching", ""),
        ([("event", b'{"event":"update-failed","version":7,"cause":"hash"}')], "failed", "hash"),
        ([("event", b'{"event":"update-failed","version":6,"cause":"hash"}')], "waiting", ""),
        ([("event", b'{"event":"update-refused","cause":"signature"}')], "refused", "signature"),
        ([("event", b'{"event":"update-back","version":7,"cause":"alone"}')], "back", "alone"),
        ([("status", b'{"v":1}')] * 2, "no updates", ""),
        ([("status", b"[]"), ("event", b"{"), ("state", b"\xff")], "waiting", ""),
    ],
)
def test_what_became_of_it(said, stand, cause) -> None:
    one = Course("n01")
    for name, payload in said:
        course.heard(one, name, payload, 7)
    assert (one.stand, one.cause) == (stand, cause)


def test_nothing_that_nodes_say_raises(seed) -> None:
    """QUELEA_FUZZ=1000000 before pytest makes it a million."""
    rng = random.Random(seed)
    good = (
        board.need(7, 1, 1024), status(version=7, top=7, trial=True, bytes=5),
        b'{"event":"update-failed","version":7,"cause":"hash"}', b"ready",
    )  # fmt: skip
    one = Course("n01")
    needs = 0
    for _ in range(FUZZ):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.1:
            data = bytearray(rng.randbytes(rng.randrange(300)))
        payload = bytes(data)
        need = release.parse_need(payload)
        if need is not None:
            needs += 1
            assert min(need.version, need.file, need.at) >= 0
            made_chunk = made().chunk(need.file, need.at) if needs < 50 else None
            assert made_chunk is None or len(made_chunk) <= board.CHUNK_HEAD + board.CHUNK_BYTES
        course.heard(one, rng.choice(("state", "status", "event", "need")), payload, 7)
        assert len(one.cause) <= 40 and len(one.state) <= 20
    assert needs > FUZZ // 40
    assert release.parse_need(b"[" * 100) is None
