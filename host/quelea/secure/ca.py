"""The fleet's authority in a folder: who was issued what, and the files that each is given.

    <folder>/fleet.json          what was issued, and what was revoked
             ca.key.pem          private; whoever has it can join the fleet
             ca.cert.pem  crl.pem
             sign.key.pem        private; signs configurations and updates
             master.key          private; from it come the keys of pairs of nodes
             broker/             mosquitto.conf and all that it names
             nodes/<id>/         <id>.key.der  <id>.cert.der  ca.der  sign.public
             hosts/<name>/       <name>.key.pem  <name>.cert.pem  ca.cert.pem

Every file is written beside and renamed, so that a full disk leaves the old one.
"""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from quelea_proto import topics

from quelea.errors import UserError
from quelea.fleet.accounts import HOST_USER, RESERVED
from quelea.secure import brokerfiles, certificates, signing
from quelea.secure.certificates import CLIENT, SERVER, Certificate

AUTHORITY_DAYS = 20 * 365  # longer than what it issues
LEAF_DAYS = 5 * 365
PORT = 8883  # IANA's for MQTT over TLS
NODE, HOST, BROKER = "node", "host", "broker"
STORE = "fleet.json"
SESSION_STEP = 1024  # sessions of an enrolment begin so much higher than those of the one before


@dataclass(frozen=True)
class Issued:
    """One certificate. role: NODE, HOST or BROKER. not_after: ISO date."""

    id: str
    role: str
    serial: int
    not_after: str
    revoked: bool = False


class Authority:
    """folder: as `create` made it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            row: dict[str, Any] = json.loads((folder / STORE).read_text())
            self.fleet: str = row["fleet"]
            self.names: list[str] = row["broker"]
            self.port: int = row["port"]
            self.issued = [Issued(**one) for one in row["issued"]]
            self.sessions: dict[str, int] = row["sessions"]
            self.certificate = certificates.read((folder / "ca.cert.pem").read_bytes())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{folder} is no folder of a fleet's authority",
                why=str(error),
                remedy="`quelea ca init FLEET` makes one; --folder says where it is",
            ) from None

    @property
    def ca(self) -> tuple[Certificate, signing.Key]:
        """Certificate and private key."""
        return self.certificate, signing.load_key(self.folder / "ca.key.pem")

    def valid(self, name: str) -> Issued | None:
        """Return the certificate of an id that was not revoked, or None."""
        for one in reversed(self.issued):
            if one.id == name and not one.revoked:
                return one
        return None

    def place(self, role: str, name: str) -> Path:
        """Return the folder of the files of an id."""
        return self.folder / ("broker" if role == BROKER else f"{role}s/{name}")

    def issue(self, name: str, role: str = NODE, days: int = LEAF_DAYS) -> bool:
        """Make key and certificate of an id; False where it has a valid one already."""
        check_id(name, role)
        if self.valid(name) is not None:
            return False
        key = signing.new_key()
        side = SERVER if role == BROKER else CLIENT
        names = self.names if role == BROKER else ()
        made = certificates.leaf(self.ca, name, key, side, days, names)
        self.issued.append(
            Issued(name, role, made.serial_number, made.not_valid_after_utc.isoformat())
        )
        if role == NODE:
            self.sessions[name] = self.sessions.get(name, 0) + SESSION_STEP
        self._write(self.place(role, name), name, role, key, made)
        self.save()
        return True

    def _write(
        self, place: Path, name: str, role: str, key: signing.Key, made: Certificate
    ) -> None:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if role == NODE:
            write(place / f"{name}.key.der", certificates.key_der(key), private=True)
            write(place / f"{name}.cert.der", certificates.der(made))
            write(place / "ca.der", certificates.der(self.certificate))
            write(place / "sign.public", self.public_key())
        else:
            text = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            write(place / f"{name}.key.pem", text, private=True)
            write(place / f"{name}.cert.pem", certificates.pem(made))
            write(place / "ca.cert.pem", certificates.pem(self.certificate))

    def revoke(self, name: str) -> int:
        """Revoke every certificate of an id; return how many there were. UserError for none."""
        found = [one for one in self.issued if one.id == name and not one.revoked]
        if not found:
            known = ", ".join(sorted({one.id for one in self.issued if not one.revoked}))
            raise UserError(f"{name!r} has no valid certificate", why=f"there are {known}")
        self.issued = [
            Issued(one.id, one.role, one.serial, one.not_after, one.revoked or one.id == name)
            for one in self.issued
        ]
        self.save()
        return len(found)

    def save(self) -> None:
        """Write the store, the CRL and the broker's files."""
        row = {
            "v": 1,
            "fleet": self.fleet,
            "broker": self.names,
            "port": self.port,
            "sessions": self.sessions,
            "issued": [vars(one) for one in self.issued],
        }
        write(self.folder / STORE, json.dumps(row, indent=1).encode())
        revoked = [one.serial for one in self.issued if one.revoked]
        crl = certificates.revocations(self.ca, revoked, AUTHORITY_DAYS)
        write(self.folder / "crl.pem", crl)
        broker = self.folder / "broker"
        broker.mkdir(exist_ok=True, mode=0o700)
        hosts = {one.id for one in self.issued if one.role == HOST and not one.revoked}
        write(broker / "crl.pem", crl)
        write(broker / "acl", brokerfiles.access(self.fleet, hosts).encode(), private=True)
        text = brokerfiles.configuration(broker.resolve(), "", self.port)
        write(broker / "mosquitto.conf", text.encode())

    def public_key(self) -> bytes:
        """Return the key that boards check configurations and updates with, 64 bytes."""
        return signing.public_bytes(self.signer())

    def signer(self) -> signing.Key:
        """Return the private key of configurations and updates."""
        return signing.load_key(self.folder / "sign.key.pem")

    def master(self) -> bytes:
        """Return the secret from which the keys of pairs come, 32 bytes."""
        return (self.folder / "master.key").read_bytes()

    def days_left(self, one: Issued) -> float:
        """Return for how many days a certificate is valid from now on."""
        place = self.place(one.role, one.id)
        if one.role == NODE:
            from cryptography import x509

            made = x509.load_der_x509_certificate((place / f"{one.id}.cert.der").read_bytes())
        else:
            made = certificates.read((place / f"{one.id}.cert.pem").read_bytes())
        return certificates.days_left(made)


def create(folder: Path, fleet: str, names: Sequence[str], port: int = PORT) -> Authority:
    """Make an authority, and certificates of its broker, the host and `doctor`.

    names: host names and addresses by which boards reach the broker. UserError where one is.
    """
    if not topics.is_id(fleet):
        raise UserError(
            f"{fleet!r} cannot name a fleet", "FLEET", "1 to 16 of a-z, 0-9 and inner dashes"
        )
    if (folder / STORE).exists():
        raise UserError(
            f"{folder} is an authority already",
            why="a new one would shut out every board that knows the old one",
            remedy="choose another --folder",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UserError(f"{folder} cannot be made", why=error.strerror or "") from None
    key = signing.new_key()
    made = certificates.authority(f"quelea {fleet}", key, AUTHORITY_DAYS)
    signing.save_key(folder / "ca.key.pem", key)
    signing.save_key(folder / "sign.key.pem", signing.new_key())
    write(folder / "master.key", secrets.token_bytes(32), private=True)
    write(folder / ".gitignore", b"*\n")  # it may lie in a work tree: nothing of it goes there
    write(folder / "ca.cert.pem", certificates.pem(made))
    row = {"fleet": fleet, "broker": list(names), "port": port, "sessions": {}, "issued": []}
    write(folder / STORE, json.dumps(row).encode())
    authority = Authority(folder)
    authority.issue(BROKER, BROKER)
    authority.issue(HOST_USER, HOST)
    authority.issue(brokerfiles.DOCTOR, HOST)
    return authority


def check_id(name: str, role: str = NODE) -> None:
    """UserError for a name that cannot be a node's, or a host's."""
    taken = (*RESERVED, BROKER, brokerfiles.DOCTOR) if role == NODE else ()
    if not topics.is_id(name) or name in taken:
        raise UserError(
            f"{name!r} cannot be the id of a {role}",
            why=f"1 to 16 of a-z, 0-9 and inner dashes, none of {', '.join(taken)}"
            if taken
            else "1 to 16 of a-z, 0-9 and inner dashes",
            remedy="name it n01, for example",
        )


def write(path: Path, data: bytes, private: bool = False) -> None:
    """Write a file beside and rename it; private: only its owner may read it."""
    new = path.with_name(path.name + ".new")
    mode = 0o600 if private else 0o644
    try:
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
        os.replace(new, path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written", why=error.strerror or "", remedy="make room, and repeat"
        ) from None
