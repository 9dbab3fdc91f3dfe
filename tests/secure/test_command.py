"""`quelea ca` and `quelea doctor`: what they print, refuse and leave behind."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from quelea.cli import app
from quelea.deploy.secrets import Secrets
from quelea.errors import UserError
from quelea.fleet.external import ExternalBroker
from quelea.secure import ca, certificates, deliver, keys
from quelea.secure.doctor import brokerlog, fleet, machine
from quelea.secure.doctor import certificates as looked_at
from quelea.secure.doctor import command as doctor
from quelea.secure.doctor.finding import ERROR, OK, WARNING
from quelea.topology.graph import node_id
from typer.testing import CliRunner

FLEET_FILE = """\
[fleet]
name = "demo"
nodes = 4
topology = "complete"
[limit]
limit_q = 10000
[broker]
host = "127.0.0.1"
port = {port}
"""


def quelea(*args: object, cwd: Path) -> tuple[int, Any, str]:
    """Return (exit status, the object printed or None, people's text)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        done = CliRunner().invoke(app, [str(arg) for arg in args])
    text = done.stderr
    if isinstance(done.exception, UserError):  # as main() says it
        return 2, None, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout) if done.stdout else None, text


def test_the_life_of_an_authority(tmp_path: Path) -> None:
    assert quelea("ca", "init", "demo", "--broker", "10.0.0.5", cwd=tmp_path)[0] == 0
    status, said, _ = quelea("ca", "issue", "n01", "n02", "--json", cwd=tmp_path)
    assert status == 0 and {row["id"] for row in said["results"]} >= {"n01", "n02", "host"}
    before = (tmp_path / "ca/nodes/n01/n01.key.der").read_bytes()
    assert "already" in quelea("ca", "issue", "n01", cwd=tmp_path)[2]
    assert (tmp_path / "ca/nodes/n01/n01.key.der").read_bytes() == before, "idempotent"
    assert quelea("ca", "revoke", "n02", cwd=tmp_path)[0] == 0
    said = quelea("ca", "list", "--json", cwd=tmp_path)[1]
    assert {row["id"] for row in said["results"] if row["revoked"]} == {"n02"}
    crl = x509.load_pem_x509_crl((tmp_path / "ca/broker/crl.pem").read_bytes())
    assert [f"{row.serial_number:x}" for row in crl] == [
        row["serial"] for row in said["results"] if row["id"] == "n02"
    ]
    for path in (tmp_path / "ca").rglob("*"):
        if ".key." in path.name or path.name in ("master.key", "acl"):
            assert path.stat().st_mode & 0o077 == 0, path
    assert (tmp_path / "ca").stat().st_mode & 0o077 == 0
    assert (tmp_path / "ca" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "args, text",
    [
        (("init", "Bad Name"), "cannot name a fleet"),
        (("init",), "one name"),
        (("issue", "n01"), "no folder of a fleet's authority"),
        (("sign",), "no verb"),
    ],
)
def test_what_cannot_be_is_one_message(args: tuple[str, ...], text: str, tmp_path: Path) -> None:
    status, _, said = quelea("ca", *args, cwd=tmp_path)
    assert status == 2 and text in said and "Traceback" not in said


def test_faulty_ids_leave_nothing(tmp_path: Path) -> None:
    authority = ca.create(tmp_path / "ca", "demo", ["localhost"])
    count = len(authority.issued)
    for name in ("host", "all", "broker", "doctor", "N01", "", "n" * 17, "a/b"):
        with pytest.raises(UserError, match="cannot be the id"):
            authority.issue(name)
    with pytest.raises(UserError, match="no valid certificate"):
        authority.revoke("n09")
    with pytest.raises(UserError, match="authority already"):
        ca.create(tmp_path / "ca", "demo", ["localhost"])
    assert len(ca.Authority(tmp_path / "ca").issued) == count


def test_a_certificate_serves_one_side(tmp_path: Path) -> None:
    authority = ca.create(tmp_path / "ca", "demo", ["broker.local", "192.168.1.10"])
    authority.issue("n01")
    node = x509.load_der_x509_certificate((tmp_path / "ca/nodes/n01/n01.cert.der").read_bytes())
    broker = certificates.read((tmp_path / "ca/broker/broker.cert.pem").read_bytes())
    for made, usage in ((node, ExtendedKeyUsageOID.CLIENT_AUTH),
                        (broker, ExtendedKeyUsageOID.SERVER_AUTH)):  # fmt: skip
        made.verify_directly_issued_by(authority.certificate)
        assert list(made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
            usage
        ]
        assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = broker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["broker.local"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["192.168.1.10"]
    assert node.subject.rfc4514_string() == "CN=n01"


def test_a_disk_that_is_full_leaves_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = ca.create(tmp_path / "ca", "demo", ["localhost"])
    authority.issue("n01")
    before = (tmp_path / "ca" / ca.STORE).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="cannot be written"):
        authority.revoke("n01")
    monkeypatch.undo()
    assert (tmp_path / "ca" / ca.STORE).read_bytes() == before
    assert ca.Authority(tmp_path / "ca").valid("n01") is not None


def test_boards_are_given_what_they_need(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET_FILE.format(port=8883))
    authority = ca.create(tmp_path / "ca", "demo", ["127.0.0.1"])
    assert deliver.deliver(authority, str(file), "pairwise") == [
        node_id(n, 4) for n in range(1, 5)
    ]
    assert deliver.deliver(authority, str(file), "pairwise") == []
    secrets = Secrets.beside(file)
    assert secrets.path.stat().st_mode & 0o077 == 0
    rows = [secrets.node(node_id(n, 4))["keys"] for n in range(1, 5)]
    assert {len(row["auth"]["peers"]) for row in rows} == {3}
    assert {row["auth"]["session_min"] for row in rows} == {ca.SESSION_STEP}
    assert len({row["tls"]["key"] for row in rows}) == 4
    with pytest.raises(UserError, match="authority is of"):
        other = ca.create(tmp_path / "other", "another", ["127.0.0.1"])
        deliver.deliver(other, str(file), "pairwise")
    with pytest.raises(UserError, match="no authentication"):
        deliver.deliver(authority, str(file), "odd")


def test_peers_are_neighbours_and_members() -> None:
    config = {"neighbours": [[2, "n02", 0]], "headroom": {"members": [[5, "n05"], [2, "n02"]]}}
    assert keys.peers_of(config) == [(2, "n02"), (5, "n05")]
    many = {n: {"id": f"n{n}", "neighbours": [[m, f"n{m}", 0] for m in range(66) if m != n]}
            for n in range(66)}  # fmt: skip
    with pytest.raises(UserError, match="65 peers"):
        keys.node_configs(many, "pairwise", {f"n{n}": 1 for n in range(66)})


def test_doctor_of_a_machine_alone(tmp_path: Path) -> None:
    status, said, text = quelea("doctor", "--json", cwd=tmp_path)
    assert status == 0 and said["verdict"] is True, text
    names = {row["name"] for row in said["results"]}
    assert {"python", "packages", "bytecode", "clock", "broker"} <= names


def test_doctor_of_a_broker_that_is_not_there(tmp_path: Path) -> None:
    status, said, text = quelea("doctor", "--broker", "mqtt://127.0.0.1:1", "--json", cwd=tmp_path)
    assert status == 1 and said["verdict"] is False
    assert "Remedy: start the broker" in text


@pytest.mark.parametrize(
    "version, bounds, fine",
    [
        ("2.1.0", ">=2.1,<3", True), ("3.0", ">=2.1,<3", False), ("2.0.9", ">=2.1,<3", False),
        ("1.29.0.post2", "==1.29.0.post2", True), ("1.29.0", "==1.29.0.post2", False),
        ("1.0", "", True), ("10.0", ">=9", True),
    ],
)  # fmt: skip
def test_bounds_of_packages(version: str, bounds: str, fine: bool) -> None:
    assert (machine.outside(version, bounds) == "") is fine


def test_a_clock_that_was_never_set_is_an_error() -> None:
    assert machine.clock(0).severity == ERROR and machine.clock(0).remedy
    assert machine.clock(time.time()).severity != ERROR


@pytest.mark.parametrize("days, severity", [(-1, ERROR), (10, WARNING), (1000, OK)])
def test_certificates_that_end(days: int, severity: str, tmp_path: Path) -> None:
    authority = ca.create(tmp_path / "ca", "demo", ["localhost"])
    authority.issue("n01", days=days)
    found = [one for one in looked_at.look(authority) if one.of == "n01"]
    assert [one.severity for one in found] == ([] if severity == OK else [severity])
    assert all("n01" in one.text and one.remedy for one in found)


def test_private_keys_that_others_may_read(tmp_path: Path) -> None:
    authority = ca.create(tmp_path / "ca", "demo", ["localhost"])
    (tmp_path / "ca" / "master.key").chmod(0o644)
    found = [one for one in looked_at.look(authority) if one.severity == ERROR]
    assert [one.name for one in found] == ["private"] and "master.key" in found[0].text


def test_a_log_names_cause_and_place() -> None:
    lines = [
        "1: New connection from 10.0.0.9:34336 on port 8883.",
        "1: OpenSSL Error[0]: error:0A0000C7:SSL routines::peer did not return a certificate",
        *["2: Client n04 already connected, closing old connection."] * 3,
        *["2: Client n05 already connected, closing old connection."] * 2,
    ]
    found = {(one.name, one.of): one for one in brokerlog.judge(lines)}
    assert set(found) == {("broker-refused", "10.0.0.9"), ("identity-twice", "n04")}
    assert "no certificate" in found["broker-refused", "10.0.0.9"].text
    assert all(one.severity == ERROR and one.remedy for one in found.values())


def test_every_refusal_is_named_with_its_node_and_a_remedy() -> None:
    for part, counter, smallest, severity, _, remedy in fleet.REFUSALS:
        few = {part: {counter: smallest - 1}}
        assert not list(fleet.refused("n03", few)), counter
        status = {part: {counter: smallest}, "auth_refused": {"n01": 2, "n05": 7}}
        (one,) = fleet.refused("n03", status)
        assert (one.severity, one.of, one.value) == (severity, "n03", smallest)
        assert one.text.startswith("n03: ") and (one.remedy == remedy)
        assert remedy or one.good
        if part == "auth" and counter != "muted":
            assert one.text.endswith("n05 (7), n01 (2)")
    assert [one.name for one in fleet.refused("n03", {"session_stored": False})] == ["session"]


def test_what_is_left_over_at_a_broker() -> None:
    ear = fleet.Ear(ExternalBroker("mqtt://127.0.0.1"), "demo", "doctor")
    for topic, payload in (
        ("n/n01/$state", b"ready"), ("n/n02/$state", b"lost"), ("n/n09/$state", b"lost"),
        ("n/n08/$state", b"ready"), ("n/n01/x", b"x"), ("old/topic", b"x"), ("cfg", b"{}"),
    ):  # fmt: skip
        ear._take("quelea/1/demo/" + topic, payload, True)
    ear._take("quelea/1/demo/n/n01/status", b'{"session":1}', False)
    found = [(one.name, one.of) for one in fleet.look(ear, ["n01", "n02", "n03"]) if not one.good]
    assert sorted(found) == [
        ("node", "n02"), ("node", "n03"), ("retained", ""), ("retained", ""), ("retained", "n09"),
        ("status", ""), ("stranger", "n08"),
    ]  # fmt: skip


def test_an_address_with_certificates(tmp_path: Path) -> None:
    ca.create(tmp_path / "ca", "demo", ["localhost"])
    one = ExternalBroker(f"mqtts://localhost?ca={tmp_path}/ca")
    assert one.port == 8883 and one.tls_context("host") is not None
    assert ExternalBroker("mqtt://localhost").tls_context("host") is None
    authority = ca.Authority(tmp_path / "ca")
    authority.issue("bridge", ca.HOST)
    assert (
        "user bridge\ntopic readwrite quelea/1/demo/#" in (tmp_path / "ca/broker/acl").read_text()
    )
    own = ExternalBroker(f"mqtts://localhost?ca={tmp_path}/ca&as=bridge").tls_context("host")
    assert own is not None
    with pytest.raises(UserError, match="has no certificate"):
        ExternalBroker(f"mqtts://localhost?ca={tmp_path}/ca&as=nobody").tls_context("host")
    for address in ("mqtts://localhost", "mqtts://localhost?key=x", "mqtt://localhost?ca=x"):
        with pytest.raises(UserError, match="no broker's address"):
            ExternalBroker(address)


def test_doctor_reads_the_broker_of_a_fleet_file(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(FLEET_FILE.format(port=1))
    authority = ca.create(tmp_path / "ca", "demo", ["127.0.0.1"])
    deliver.deliver(authority, str(file), "none")
    found = list(doctor.look(doctor.Asked(fleet_file=str(file))))
    assert next(one.text for one in found if one.name == "broker").startswith("127.0.0.1:1: ")
    assert any(one.name == "certificates" for one in found)
