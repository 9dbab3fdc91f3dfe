"""A node as Home Assistant's MQTT discovery describes a device; no connection, no clock.

One retained message a node, `homeassistant/device/<fleet>-<id>/config`. The figures themselves
go from the node to Home Assistant as they are: each entity has a template for the node's status.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from quelea_proto import topics

PREFIX = "homeassistant"
BIRTH_TOPIC = PREFIX + "/status"  # Home Assistant says `online` there when it has started
EXPIRE_S = 60  # a figure older than this is unknown
TEXT_CHARS_MAX = 64
UNIT_CHARS_MAX = 8
DOCUMENT_BYTES_MAX = 16_384

CLASSES = {
    "W": "power", "kW": "power", "A": "current", "mA": "current", "V": "voltage",
    "VA": "apparent_power", "Wh": "energy", "kWh": "energy",
}  # fmt: skip
REASONS = ("free", "limited", "held", "safe mode")
_REASON = (
    "{% if value_json.safe is defined %}safe mode{% elif value_json.held %}held"
    "{% elif value_json.sharing is defined and value_json.sharing.point_q < "
    "value_json.sharing.claim_q %}limited{% else %}free{% endif %}"
)
_ONLINE = "{{ 'online' if value in ('ready', 'init') else 'offline' }}"

# key, name, place in the status (by subscripts: `.update` would be a dict's own), whether it is an
# amount of the signal, diagnostic
SENSORS = (
    ("demand", "Demand", "['demand_q']", True, False),
    ("agreed", "Agreed value", "['value_q']", True, False),
    ("neighbours", "Neighbours heard", "['live']", False, True),
)
SHARING = (
    ("point", "Set point", "['sharing']['point_q']", True, False),
    ("share", "Wish", "['sharing']['wish_q']", True, False),
    ("percent", "Share of the limit in force", "['sharing']['percent']", False, True),
)


def object_of(payload: bytes) -> dict[str, Any] | None:
    """Return a JSON object as a dict, or None for anything else; never raises."""
    if len(payload) > DOCUMENT_BYTES_MAX:
        return None
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_of(value: object, most: int = TEXT_CHARS_MAX) -> str:
    """Return a text without control characters, cut; what is no str gives ""."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value if char.isprintable())[:most]


@dataclass
class Node:
    """What a node has said of itself."""

    id: str
    state: str = ""
    birth: dict[str, Any] = field(default_factory=dict)
    caps: int = 0  # shared limits that it has a part in
    updates: bool = False
    heard: bool = False  # a status

    def take_status(self, payload: bytes) -> None:
        """Learn which figures a status has; never raises."""
        row = object_of(payload)
        if row is None:
            return
        self.heard = True
        sharing = row.get("sharing")
        caps = sharing.get("caps_q") if isinstance(sharing, dict) else None
        if isinstance(caps, list) and not row.get("safe"):
            self.caps = min(len(caps), 8)
        self.updates = isinstance(row.get("update"), dict)

    def take_birth(self, payload: bytes) -> None:
        """Take what the node is; an empty payload takes it back. Never raises."""
        self.birth = object_of(payload) or {}

    @property
    def there(self) -> bool:
        """Whether there is anything to announce."""
        return bool(self.birth)


def config_topic(fleet: str, node_id: str) -> str:
    """Return where a node's device is announced."""
    return f"{PREFIX}/device/{fleet}-{node_id}/config"


def node_of(topic: str, fleet: str) -> str:
    """Return the node whose device a discovery topic announces, or "" for another's."""
    head, tail = f"{PREFIX}/device/{fleet}-", "/config"
    if not topic.startswith(head) or not topic.endswith(tail):
        return ""
    node_id = topic[len(head) : -len(tail)]
    return node_id if topics.is_id(node_id) else ""


def _sensor(
    uid: str, key: str, name: str, path: str, unit: str, diagnostic: bool
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "p": "sensor",
        "uniq_id": f"{uid}_{key}",
        "name": name,
        "val_tpl": "{{ value_json" + path + " }}",
        "stat_cla": "measurement",
    }
    if unit:
        row["unit_of_meas"] = unit
        if unit in CLASSES:
            row["dev_cla"] = CLASSES[unit]
            if CLASSES[unit] == "energy":
                row.pop("stat_cla")
    if diagnostic:
        row["ent_cat"] = "diagnostic"
    return row


def payload(node: Node, fleet: str, version: str) -> dict[str, Any]:
    """Return the device's discovery payload."""
    uid = f"quelea_{fleet}_{node.id}"
    signal = node.birth.get("signal")
    unit = text_of(signal.get("unit"), UNIT_CHARS_MAX) if isinstance(signal, dict) else ""
    rows = [*SENSORS, *(SHARING if node.caps else ())]
    cmps = {
        key: _sensor(uid, key, name, path, unit if amount else "", diagnostic)
        for key, name, path, amount, diagnostic in rows
    }
    if node.caps:
        cmps["percent"]["unit_of_meas"] = "%"
    for at in range(node.caps):
        name = "Cap" if node.caps == 1 else f"Cap {at + 1}"
        cmps[f"cap{at}"] = _sensor(
            uid, f"cap{at}", name, f"['sharing']['caps_q'][{at}]", unit, False
        )
    cmps |= _words(node, fleet, uid)
    if node.updates:
        path = "['update']['version']"
        cmps["release"] = _sensor(uid, "release", "Release", path, "", True)
        cmps["release"].pop("stat_cla")
    for key, row in cmps.items():
        if key == "state":  # how a node that is lost is shown: always
            continue
        row["avty"] = [{"t": topics.build("state", fleet, node.id), "val_tpl": _ONLINE}]
        if row["p"] == "sensor":
            row["exp_aft"] = EXPIRE_S
    return {
        "dev": {
            "ids": [uid],
            "name": f"{fleet} {node.id}",
            "mf": "Quelea",
            "mdl": text_of(node.birth.get("board")) or "node",
            "sw": text_of(node.birth.get("fw")) or "unknown",
        },
        "o": {"name": "Quelea", "sw": version},
        "stat_t": topics.build("status", fleet, node.id),
        "qos": 0,
        "cmps": cmps,
    }


def _words(node: Node, fleet: str, uid: str) -> dict[str, dict[str, Any]]:
    """Return the entities that are no figures."""
    cmps: dict[str, dict[str, Any]] = {}
    cmps["reason"] = {
        "p": "sensor",
        "uniq_id": uid + "_reason",
        "name": "Reason",
        "dev_cla": "enum",
        "ops": list(REASONS),
        "val_tpl": _REASON,
    }
    cmps["held"] = {
        "p": "binary_sensor",
        "uniq_id": uid + "_held",
        "name": "Too few neighbours",
        "dev_cla": "problem",
        "val_tpl": "{{ 'ON' if value_json.held | default(false) else 'OFF' }}",
        "ent_cat": "diagnostic",
    }
    cmps["state"] = {
        "p": "sensor",
        "uniq_id": uid + "_state",
        "name": "Connection",
        "stat_t": topics.build("state", fleet, node.id),
        "ent_cat": "diagnostic",
    }
    return cmps
