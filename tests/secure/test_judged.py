"""Whoever is not a member, on real nodes and a real broker: nothing accepted, counted, named."""

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from quelea.secure import ca, keys, signing
from quelea_proto import topics
from quelea_proto.frames import NODE, SEQ, SESSION, STATE, Frame, frame_bytes, pack
from village import FLEET, IDS, WAIT_S, Village, until

HOUR = 3600  # frames of one neighbour in an hour at one a second
PORTION = 600


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    made = Village(tmp_path_factory.mktemp("village"))
    yield made
    made.close()


def frame(number: int, session: int, seq: int) -> bytes:
    """Return a well-formed frame without tags."""
    made = Frame(3)
    made.kind = STATE
    made.head[NODE], made.head[SESSION], made.head[SEQ] = number, session, seq
    buffer = bytearray(frame_bytes(STATE, 3))
    pack(made, buffer)
    return bytes(buffer)


def named(village: Village, name: str, of: str) -> str:
    """Return what doctor says under this name of this node."""
    found = village.doctor()
    texts = [one.text for one in found if one.name == name and one.of == of]
    assert texts, [f"{one.name} {one.of}: {one.text}" for one in found]
    assert all(one.remedy for one in found)
    return texts[0]


def refused(status: dict[str, Any], *causes: str) -> int:
    return sum(status["auth"].get(cause, 0) for cause in causes)


def replay(
    village: Village,
    recorded: dict[str, list[bytes]],
    node_id: str,
    enough: Callable[[dict[str, Any]], bool],
) -> None:
    """Say recorded messages by topic again until a node has refused enough of them.

    In portions, at QoS 0: a broker drops what a slow client does not take.
    """
    deadline_s = time.monotonic() + 2 * WAIT_S
    while not enough(village.status(node_id)):
        assert time.monotonic() < deadline_s, village.status(node_id)
        said = len(village.spy.of(node_id, "status"))
        for topic, payloads in recorded.items():
            for at in range(PORTION):
                village.spy.say(topic, payloads[at % len(payloads)])
        until(lambda s=said: len(village.spy.of(node_id, "status")) > s, WAIT_S, "a status")


def test_a_healthy_fleet_has_no_errors(village: Village) -> None:
    village.settle()
    assert village.doctor() == []
    for node_id in IDS.values():
        counts = village.counts(node_id)
        assert counts["taken"] > 10
        assert not set(counts) - {"sealed", "taken", "greetings", "echo"}


def test_a_node_listens_on_nothing(village: Village) -> None:
    """Of all sockets that the nodes' processes have, none is in the state LISTEN (0A)."""
    listening = {
        line.split()[9]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" or table.startswith("udp")
    }
    sockets = []
    for node_id in IDS.values():
        for link in Path(f"/proc/{village.processes[node_id].child.pid}/fd").iterdir():
            target = os.readlink(link)
            if target.startswith("socket:["):
                sockets.append(target[8:-1])
    assert len(sockets) >= len(IDS), "no connection to the broker was seen"
    assert not listening & set(sockets)


def test_a_replayed_hour_of_traffic(village: Village) -> None:
    topic = topics.build("frame", FLEET, "n02")
    village.settle()
    until(lambda: len(village.spy.of("n02", "frame")) >= 40, WAIT_S, "traffic")
    recorded = village.spy.of("n02", "frame")
    before = village.counts("n01").get("replay", 0)
    wanted = before + HOUR
    replay(village, {topic: recorded}, "n01", lambda row: row["auth"].get("replay", 0) >= wanted)
    status = village.status("n01")
    assert status["auth_refused"]["n02"] >= HOUR
    assert not {"stale", "duplicate", "session_old", "equivocation"} & set(status["agent"])
    said = named(village, "auth-replay", "n01")
    assert "n02" in said, said
    # a node that has just booted knows none of the numbers
    village.restart(1)
    village.settle()
    replay(village, {topic: recorded}, "n01", lambda row: refused(row, "echo", "replay") >= 200)
    status = village.status("n01")
    assert status["session"] == 1025
    assert not {"stale", "duplicate", "session_old", "equivocation"} & set(status["agent"])


def test_a_replay_to_a_node_that_hears_nobody_else(village: Village) -> None:
    recorded = {
        topics.build("frame", FLEET, node_id): village.spy.of(node_id, "frame")[:60]
        for node_id in ("n02", "n04")
    }
    for number in (2, 4):
        village.processes[IDS[number]].kill()
    village.restart(3)
    causes = ("echo", "replay", "session", "greetings")
    replay(village, recorded, "n03", lambda row: refused(row, *causes) >= 120)
    assert village.status("n03")["live"] <= 1
    for number in (2, 4):
        village.start(number)
    village.settle()


def test_a_forged_neighbour(village: Village) -> None:
    """With the host's rights at the broker; first without keys, then with those of n04."""
    village.settle()
    topic = topics.build("frame", FLEET, "n03")
    master = village.security.authority.master()
    own = keys.pair_key(master, FLEET, "n04", "n01")
    bare = frame(3, 99, 1)
    before = village.counts("n01")
    sessions = [village.status(IDS[n])["session"] for n in (1, 2, 4)]
    for number in range(20):
        village.spy.say(topic, frame(3, 99, number + 1))
        village.spy.say(topic, keys.seal(bare, topic, 99, number + 1, sessions, [own] * 3))
    village.until_status(
        "n01",
        lambda row: (
            row["auth"].get("mac", 0) >= before.get("mac", 0) + 20
            and row["auth"].get("form", 0) + row["auth"]["mac"]
            >= before.get("form", 0) + before.get("mac", 0) + 40
        ),
    )
    assert "n03" in named(village, "auth-mac", "n01")
    assert not {"session_old", "equivocation"} & set(village.counts("n01", "agent"))
    village.settle()  # the real n03 is heard on


def test_without_a_certificate_or_with_one_of_another_authority(
    village: Village, tmp_path: Path
) -> None:
    place = ("127.0.0.1", village.broker.port)
    for context in (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), None):
        with socket.create_connection(place, 10) as raw:
            if context is not None:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            with pytest.raises((ssl.SSLError, OSError)):
                link = context.wrap_socket(raw) if context else raw
                link.sendall(b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x0a\x00\x03n03")
                if not link.recv(4):
                    raise OSError("closed")
    # a real node with a certificate that says n03, from an authority of its own making
    other = ca.create(tmp_path / "other", FLEET, ["localhost", "127.0.0.1"])
    other.issue("n03")
    config = dict(village.configs[3], broker=village.place())
    files = village.security.complete(config)
    for name in ("n03.key.der", "n03.cert.der"):
        files[name] = (other.folder / "nodes" / "n03" / name).read_bytes()
    before = len(village.broker.log.read_text())
    process = village.launch("impostor", config, files)
    process_says = "no broker: untrusted"
    until(lambda: any(process_says in line for line in process.noise), WAIT_S, "the refusal")
    process.kill()
    assert "as n03" not in village.broker.log.read_text()[before:]
    texts = [one.text for one in village.doctor() if one.name == "broker-refused"]
    assert any("no certificate" in text for text in texts), texts
    assert any("another authority" in text for text in texts), texts


class FalseBroker:
    """Takes anybody, and shows the certificate it is given; `said` is what a client told it."""

    def __init__(self, cert: Path, key: Path) -> None:
        self.said = b""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(cert, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            raw.settimeout(WAIT_S)
            with contextlib.suppress(OSError), self._context.wrap_socket(raw, True) as link:
                self.said += link.recv(1)

    def close(self) -> None:
        self._listener.close()


def pem_of(authority: ca.Authority, node_id: str, folder: Path) -> tuple[Path, Path]:
    """Return a node's certificate and key as PEM."""
    place = authority.folder / "nodes" / node_id
    cert = ssl.DER_cert_to_PEM_cert((place / f"{node_id}.cert.der").read_bytes())
    (folder / "cert.pem").write_text(cert)
    key = load_der_private_key((place / f"{node_id}.key.der").read_bytes(), None)
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


def test_a_node_does_not_believe_another_broker(village: Village, tmp_path: Path) -> None:
    """Neither another authority's broker of the same name, nor a member; its own it does."""
    other = ca.create(tmp_path / "other", FLEET, ["localhost", "127.0.0.1"])
    own = village.security.authority
    shown = {
        "another": [
            other.folder / "broker" / name for name in ("broker.cert.pem", "broker.key.pem")
        ],
        "member": pem_of(own, "n02", tmp_path),
        "right": [own.folder / "broker" / name for name in ("broker.cert.pem", "broker.key.pem")],
    }
    for name, (cert, key) in shown.items():
        false = FalseBroker(cert, key)
        config = dict(village.configs[3], broker={**village.place(), "port": false.port})
        process = village.launch("lured-" + name, config, village.security.complete(config))
        if name == "right":
            until(lambda f=false: f.said, WAIT_S, "CONNECT, or this test shows nothing")
        else:
            until(lambda p=process: any("untrusted" in one for one in p.noise), WAIT_S, name)
            assert false.said == b""
        process.kill()
        false.close()


def test_with_the_identity_of_another_member(village: Village) -> None:
    """n04's files in a device that calls itself n03: the broker takes it for n04 and no other."""
    village.settle()
    connects = village.status("n03")["mqtt"]["connects"]
    config = dict(village.configs[3], broker=village.place())
    village.security.complete(config)
    stolen = dict(village.configs[4], broker=village.place())
    files = village.security.complete(stolen)
    config["tls"] = stolen["tls"]
    config["auth"] = {**config["auth"], "session_min": 1}
    config["sensor"] = {"kind": "constant", "value_q": 7_777_777}
    start = len(village.spy.of("n03", "frame"))
    village.launch("thief", config, {**files, "session": b"60"})
    until(lambda: village.broker.log.read_text().count("Client n04 already connected") >= 3,
          WAIT_S, "both n04 throw each other out")  # fmt: skip
    village.processes["thief"].kill()
    until(lambda: len(village.spy.of("n03", "frame")) > start + 5, WAIT_S, "the real n03")
    for payload in village.spy.of("n03", "frame")[start:]:
        assert payload[4] | payload[5] << 8 != 61, "a frame of the thief"
    assert village.status("n03")["mqtt"]["connects"] == connects, "n03 was thrown out"
    assert named(village, "identity-twice", "n04")


def test_a_lost_boot_counter(village: Village) -> None:
    """What was recorded in its early life would be fresh again: it stays mute, and is named."""
    recorded = village.spy.of("n01", "frame")[:50]
    village.processes["n02"].kill()
    for expected in (1, 2):  # no number of boots makes it speak
        if expected == 1:
            (village.folder / "n02" / "session").unlink()
        start = len(village.spy.of("n02", "frame"))
        village.start(2)
        village.until_status("n02", lambda row, e=expected: row["session"] == e and row["auth"])
        for payload in recorded:
            village.spy.say(topics.build("frame", FLEET, "n01"), payload)
        village.until_status("n02", lambda row: row["auth"].get("muted", 0) > len(recorded))
        status = village.status("n02")
        assert "taken" not in status["auth"] and status["live"] == 0
        assert len(village.spy.of("n02", "frame")) == start
        assert named(village, "auth-muted", "n02")
        village.processes["n02"].kill()
    village.security.renew("n02")  # as `quelea ca issue --renew n02`, and enrolled with it
    village.start(2)
    village.until_status("n02", lambda row: row["session"] == 2 * ca.SESSION_STEP)
    village.settle()


def test_a_revoked_certificate(village: Village) -> None:
    village.security.authority.revoke("n04")
    village.broker.restart()
    start = len(village.spy.of("n04", "frame"))
    process = village.processes["n04"]
    until(lambda: any("untrusted" in line for line in process.noise), WAIT_S, "the refusal")
    for node_id in ("n01", "n02", "n03"):
        village.until_status(node_id, lambda row: row["live"] == 2)
    assert len(village.spy.of("n04", "frame")) == start
    assert any(one.name == "broker-refused" for one in village.doctor())


def test_configurations_by_epoch_and_signature(village: Village) -> None:
    """REQ-AUTH-7. Last, since what it leaves retained is the configuration from then on."""
    topic = topics.build("config", FLEET)

    def document(epoch: object, key: object = None, fleet: str = FLEET) -> bytes:
        body = f'{{"fleet":"{fleet}","seq":5,"epoch":{epoch}}}'.encode()
        if key is None:
            return village.security.sign(body)
        return signing.sign(key, b"cfg", body)

    def said(counter: str, count: int) -> None:
        village.until_status("n01", lambda row: row["cfg"].get(counter, 0) >= count)

    good = document(10)
    village.spy.say(topic, good, 1, True)
    said("taken", 1)
    village.until_status("n01", lambda row: row["cfg_epoch"] == 10 and row["cfg_seq"] == 5)
    village.spy.say(topic, good, 1, True)
    said("repeated", 1)
    wrongs = (
        ("epoch", document(9)),
        ("epoch", document(10)),
        ("signature", document(11, signing.new_key())),
        ("signature", b'{"seq":9}'),
        ("signature", good[:-2] + b"1}"),
        ("body", document(12, fleet="other")),
        ("body", document('"13"')),
        ("body", document(2**30)),
    )
    for number, (counter, wrong) in enumerate(wrongs):
        before = village.counts("n01", "cfg").get(counter, 0)
        village.spy.say(topic, wrong, 1)
        said(counter, before + 1)
        assert village.status("n01")["cfg_epoch"] == 10, number
    village.restart(1)
    village.until_status("n01", lambda row: row["cfg_epoch"] == 10 and row["cfg"].get("repeated"))
    village.spy.say(topic, document(9), 1)
    said("epoch", 1)
    village.spy.say(topic, document(11), 1, True)
    village.until_status("n01", lambda row: row["cfg_epoch"] == 11)
    assert named(village, "cfg-epoch", "n01")
