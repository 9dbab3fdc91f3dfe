"""Keys of pairs of nodes, all from one secret of the host; a node is given its own pairs' only.

A key is HKDF-SHA256 (RFC 5869) of the secret, with the fleet as salt and the two ids, ascending,
as info. So the host can make a node's keys again, and nobody else can make any.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quelea.errors import UserError

MODES = ("none", "fleet", "pairwise")
KEY_BYTES = 32
TAG_BYTES = 8
HEAD_BYTES = 6  # session and number, see firmware/quelea_agent/port/auth.py
FLEET = 128
# sealed frames must fit into a packet of the board: limits.PACKET_BYTES_MAX less topic and head
PEERS_MAX = 64


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """Return 32 bytes (RFC 5869 with SHA-256: extract, then one block of expand)."""
    root = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(root, info + b"\x01", hashlib.sha256)


def pair_key(master: bytes, fleet: str, one: str, other: str) -> bytes:
    """Return the key that two nodes share, whichever asks."""
    info = b"pair " + "/".join(sorted((one, other))).encode()
    return hkdf(master, b"quelea " + fleet.encode(), info)


def fleet_key(master: bytes, fleet: str) -> bytes:
    """Return the key that all nodes share."""
    return hkdf(master, b"quelea " + fleet.encode(), b"fleet")


def key_file(master: bytes, fleet: str, mode: str, node_id: str, peers: Iterable[str]) -> bytes:
    """Return `auth.keys` of a node. peers: ids, ascending by number."""
    if mode == "fleet":
        return fleet_key(master, fleet)
    return b"".join(pair_key(master, fleet, node_id, other) for other in peers)


def peers_of(config: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return (number, id) of all that a node hears frames or rows from, ascending by number."""
    found = {row[0]: row[1] for row in config["neighbours"]}
    found |= {row[0]: row[1] for row in (config.get("headroom") or {}).get("members", ())}
    return sorted(found.items())


def node_configs(
    configs: Mapping[int, Mapping[str, Any]], mode: str, sessions: Mapping[str, int]
) -> dict[int, dict[str, Any]]:
    """Return `auth` of cfg.json by node number. UserError for more peers than tags have room.

    sessions: by id, with which a node begins after its enrolment.
    """
    peers = {number: peers_of(config) for number, config in configs.items()}
    made = {}
    for number, rows in peers.items():
        if len(rows) > PEERS_MAX:
            raise UserError(
                f"node {number} has {len(rows)} peers, and tags for {PEERS_MAX} fit into a packet",
                remedy="choose a graph with fewer neighbours",
            )
        own = [[other, name, [n for n, _ in peers[other]].index(number)] for other, name in rows]
        made[number] = {
            "mode": mode,
            "peers": own,
            "session_min": sessions[configs[number]["id"]],
        }
    return made


def opened(payload: bytes) -> bytes:
    """Return a sealed message without its tags; as it is where it cannot be one."""
    if not payload:
        return payload
    peers = payload[-1] & 127
    tags = 1 if payload[-1] & FLEET else peers
    length = len(payload) - 1 - TAG_BYTES * tags - 2 * peers - HEAD_BYTES
    return payload[:length] if length > 0 and peers else payload


def tag(key: bytes, topic: str, body: bytes, form: int) -> bytes:
    """Return the tag of a message, as boards compute it."""
    text = topic.encode() + b"\x00" + body + bytes((form,))
    return hmac.digest(key, text, hashlib.sha256)[:TAG_BYTES]


def seal(
    payload: bytes,
    topic: str,
    session: int,
    number: int,
    echoes: Sequence[int],
    tag_keys: Sequence[bytes],
    fleet: bool = False,
) -> bytes:
    """Return a message with its tags; for tests and tools that speak as a node."""
    body = payload + session.to_bytes(2, "little") + number.to_bytes(4, "little")
    body += b"".join(echo.to_bytes(2, "little") for echo in echoes)
    form = len(echoes) | (FLEET if fleet else 0)
    tags = b"".join(tag(key, topic, body, form) for key in tag_keys)
    return body + tags + bytes((form,))
