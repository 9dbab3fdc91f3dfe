"""A fleet of boards as its files say it: what each board gets, and who meets where."""

import base64
import hashlib
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quelea_agent.port.enrolled import BYTES_MAX

from quelea.configure import fleetfile
from quelea.configure.boardtables import BoardTables
from quelea.deploy.secrets import Secrets
from quelea.errors import UserError
from quelea.fleet import plan as plans
from quelea.fleet import staging
from quelea.fleet.options import FleetOptions

CFG = "cfg.json"
TRACE = "trace.json"
SIGNERS = "sign.public"  # the key that documents about members are held against; no secret


@dataclass
class Endpoint:
    """The broker as the host sees it; ca: folder of the fleet's authority, for TLS."""

    host: str
    port: int
    password: str
    ca: str = ""

    def credentials(self, user: str) -> tuple[str, str]:
        """Return the host's account: there is no other."""
        return user, self.password

    def tls_context(self, user: str) -> ssl.SSLContext | None:
        """Return how a host program of this name connects, or None without TLS."""
        if not self.ca:
            return None
        from quelea.secure import ca, emulated

        return emulated.context(ca.Authority(Path(self.ca)), user)


class BoardFleet:
    """fleet.toml and secrets.toml together; UserError for what is wrong in them."""

    def __init__(self, file: str) -> None:
        self.path = fleetfile.find(file)
        self.tables: BoardTables = fleetfile.load_boards(self.path)
        if not self.tables.host:
            raise UserError(
                "there is no [broker]",
                str(self.path),
                "boards need to know where they meet",
                'write [broker] with host = "192.168.1.10", or what your broker has',
            )
        # Liars are emulated; on boards all keep to the rules until they prove otherwise.
        options = FleetOptions(config=str(self.path), liars=0, said=("liars",))
        self.plan = plans.make(options)
        self.name = self.plan.options.name
        self.ids = {self.plan.topology.id_of(n): n for n in self.plan.topology.nodes}
        unknown = sorted(set(self.tables.own) - set(self.ids))
        if unknown:
            raise UserError(
                f"[boards] has {', '.join(unknown)}",
                str(self.path),
                f"the fleet's nodes are {next(iter(self.ids))} to {list(self.ids)[-1]}",
                "correct it",
            )
        self.secrets = Secrets.beside(self.path)

    @property
    def endpoint(self) -> Endpoint:
        """Where the host connects; UserError before anybody is enrolled."""
        password = self.secrets.table("host").get("password")
        if not isinstance(password, str):
            raise UserError(
                f"{self.secrets.path} has no password of the host",
                remedy=f"run `quelea enroll {self.path}`",
            )
        ca = str(self.secrets.table("host").get("ca", ""))
        return Endpoint(self.tables.host, self.tables.port, password, ca)

    def config(self, node_id: str) -> dict[str, Any]:
        """Return a node's cfg.json; nothing in it is secret."""
        config = dict(self.plan.configs[self.ids[node_id]])
        board = self.tables.of(node_id)
        config["broker"] = {
            "host": self.tables.host,
            "port": self.tables.port,
            "keepalive_s": self.tables.keepalive_s,
        }
        config["enrolled"] = True
        for key in ("sensor", "load", "wdt_ms"):
            if key in board:
                config[key] = board[key]
        trust = self.keys(node_id).get("trust")
        if "update" in board.get("parts", ()) and isinstance(trust, dict):
            config["update"] = {"key": base64.b64decode(str(trust.get("key", ""))).hex()}
        return config

    def keys(self, node_id: str) -> dict[str, Any]:
        """Return what `quelea ca deliver` wrote for a node: certificates, keys."""
        keys = self.secrets.node(node_id).get("keys")
        return keys if isinstance(keys, dict) else {}

    def check(self, node_id: str) -> None:
        """UserError for what a node would be given and cannot use."""
        if "update" in self.tables.of(node_id).get("parts", ()) and not self.keys(node_id):
            raise UserError(
                "updates over the air need the key that they are signed with",
                str(self.path),
                'parts = ["update"]',
                f"`quelea ca init {self.name}`, then `quelea ca deliver {self.path}`",
            )

    def secret(self, node_id: str) -> dict[str, Any]:
        """Return what goes into a board's protected store; UserError if it does not fit there."""
        row: dict[str, Any] = {"fleet": self.name, "id": node_id, "node": self.ids[node_id]}
        row["broker"] = {"user": node_id, "password": self.secrets.node(node_id)["password"]}
        if self.tables.ssid:
            row["wifi"] = {
                "ssid": self.tables.ssid,
                "password": str(self.secrets.table("wifi").get("password", "")),
            }
        row |= self.keys(node_id)
        size = len(json.dumps(row).encode())
        if size > BYTES_MAX:
            raise UserError(
                f"the secrets of {node_id} are {size} bytes", str(self.secrets.path),
                f"a board holds {BYTES_MAX}", "shorten them",
            )  # fmt: skip
        return row

    def files(self, node_id: str) -> dict[str, bytes]:
        """Return a node's own files: cfg.json, and the demand that it plays without a sensor."""
        config = self.config(node_id)
        files = {CFG: json.dumps(config, separators=(",", ":"), allow_nan=False).encode()}
        if config["sensor"].get("path") == TRACE:
            values_q = self.plan.traces[self.ids[node_id] - 1]
            files[TRACE] = json.dumps({"values_q": values_q}, separators=(",", ":")).encode()
        trust = self.keys(node_id).get("trust")
        if "members" in self.parts(node_id) and isinstance(trust, dict):
            files[SIGNERS] = base64.b64decode(str(trust.get("key", "")))
        return files

    def records(self, node_id: str) -> dict[str, bytes]:
        """Return the files that give a node its part of each limit, once."""
        group = self.plan.group
        return group.records(self.ids[node_id]) if group is not None else {}

    @property
    def limits_digest(self) -> str:
        """Name of the limits' configuration: parts given out under another do not add up."""
        rows = [self.plan.configs[number].get("headroom") for number in self.ids.values()]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]

    def parts(self, node_id: str) -> list[str]:
        """Return the parts of the firmware that a node needs beside the core."""
        config, parts = self.config(node_id), set(self.tables.of(node_id).get("parts", ()))
        if "headroom" in config:
            parts |= {"members", "floors"} if config["headroom"]["leases"] else {"sharing"}
            parts |= {"agreed"} if "agreed" in config["headroom"] else set()
        if config.get("quiet_rounds_max"):
            parts.add("cadence")
        if "cluster" in config:
            parts.add("cluster")
        if "update" in config:
            parts.add("update")
        if "load" in config or config.get("sensor", {}).get("kind") == "clamp":
            parts.add("drivers")
        keys = self.secrets.node(node_id).get("keys", {})
        for key, part in (("tls", "tls"), ("auth", "auth"), ("trust", "update")):
            if key in keys:
                parts.add(part)
        return sorted(parts)

    def stage(self, node_id: str) -> staging.Board:
        """Compile the firmware for a node, unless it is there already."""
        return staging.stage(parts=self.parts(node_id))
