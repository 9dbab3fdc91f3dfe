"""Who may log in at the broker and say what: one password a node, one access list a fleet.

A node's user name is its id, so one pattern with the user name in it (mosquitto's %u) holds every
node to its own topics: it writes below its own `n/<id>/` and `d/<id>/`, and reads what the
protocol has it read. The host's user may do all. Where the lists come from: `TOPICS`.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from quelea_proto import topics

from quelea.errors import UserError

HOST_USER = "host"
RESERVED = (HOST_USER, "all")  # `all` addresses every node in cmd/all/<verb>

# mosquitto_passwd's own number of rounds. Passwords here are 128 random bits, which no number of
# rounds needs to protect, and 400 nodes that connect at once cost the broker each of them.
_HASH_ROUNDS = 101
_SALT_BYTES = 12
_PASSWORD_BYTES = 16


@dataclass(frozen=True)
class Accounts:
    """passwords: by user name, the host's included."""

    fleet: str
    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def create(cls, fleet: str, node_ids: Iterable[str]) -> "Accounts":
        """Draw a random password for each node and for the host."""
        passwords = {HOST_USER: secrets.token_urlsafe(_PASSWORD_BYTES)}
        for node_id in node_ids:
            if node_id in RESERVED or not topics.is_id(node_id):
                raise UserError(
                    f"{node_id!r} cannot be a node's id",
                    why="ids are 1 to 16 of a-z, 0-9 and inner dashes, not `host` or `all`",
                    remedy="name the node n01, for example",
                )
            passwords[node_id] = secrets.token_urlsafe(_PASSWORD_BYTES)
        return cls(fleet, passwords)

    def of(self, user: str) -> tuple[str, str]:
        """Return (user, password); KeyError for a user that was not created."""
        return user, self.passwords[user]


def node_writes(fleet: str, node_id: str) -> tuple[str, ...]:
    """Return the topic filters that a node may publish to."""
    root = topics.build("state", fleet, node_id).rpartition("/")[0]
    return (root + "/#", topics.build("direct", fleet, node_id, "+"))


def node_reads(fleet: str, node_id: str) -> tuple[str, ...]:
    """Return the topic filters that a node may receive from."""
    return (
        topics.build("frame", fleet, "+"),
        topics.build("headroom", fleet, "+"),
        topics.build("cluster", fleet, "+"),
        topics.build("table", fleet, "+"),
        topics.build("direct", fleet, "+", node_id),
        topics.build("state", fleet, node_id),
        topics.build("command", fleet, node_id, "+"),
        topics.build("command", fleet, "all", "+"),
        topics.build("config", fleet),
        topics.build("update", fleet),
        topics.build("chunk", fleet, node_id),
    )


def mosquitto_acl(fleet: str) -> str:
    """Return the text of mosquitto's acl_file."""
    lines = [f"pattern write {topic}" for topic in node_writes(fleet, "%u")]
    lines += [f"pattern read {topic}" for topic in node_reads(fleet, "%u")]
    lines += [f"user {HOST_USER}", "topic readwrite #", "topic read $SYS/#"]
    return "\n".join(lines) + "\n"


def nats_users(accounts: Accounts) -> list[dict[str, object]]:
    """Return nats-server's `authorization.users`; its subjects are topics with other signs.

    The host's user has no `permissions`, which means all.
    """
    rows: list[dict[str, object]] = []
    for user, password in sorted(accounts.passwords.items()):
        row: dict[str, object] = {"user": user, "password": password}
        if user != HOST_USER:
            row["permissions"] = {
                "publish": [_subject(topic) for topic in node_writes(accounts.fleet, user)],
                "subscribe": [_subject(topic) for topic in node_reads(accounts.fleet, user)],
            }
        rows.append(row)
    return rows


def _subject(topic: str) -> str:
    return topic.replace("/", ".").replace("+", "*").replace("#", ">")


def mosquitto_hash(password: str, salt: bytes | None = None) -> str:
    """Return the hash as mosquitto 2.0 writes it: $7$rounds$salt$PBKDF2-SHA512 in base64."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _HASH_ROUNDS)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    return "$7$" + "$".join((str(_HASH_ROUNDS), *parts))


def mosquitto_passwords(accounts: Accounts) -> str:
    """Return the text of mosquitto's password_file."""
    rows = sorted(accounts.passwords.items())
    return "".join(f"{user}:{mosquitto_hash(password)}\n" for user, password in rows)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whatever it was before."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
