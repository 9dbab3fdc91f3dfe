"""Read cfg.json: the agent's settings and those of the edges; refused by one sentence."""

import json

from quelea_proto.limits import KEEPALIVE_S_MAX, STATUS_MS_MIN, TICKS_HALF, TICKS_MASK

from quelea_agent import settings

PATH = "cfg.json"
VERSION = 1
OTHERS_MAX = 8  # further servers of a cluster, tried in turn


def read(path: str = PATH) -> tuple:
    """Return (cfg dict, Settings, None) or (None, None, problem)."""
    try:
        with open(path) as file:
            cfg = json.load(file)
    except OSError:
        return None, None, f"{path}: cannot be opened; write it with `quelea validate`"
    except Exception:  # what json raises on garbage differs by runtime
        return None, None, f"{path}: is no JSON"
    if isinstance(cfg, dict) and cfg.get("enrolled"):  # the rest of it is not in this file
        from quelea_agent.port import enrolled

        problem = enrolled.add(cfg)
        if problem:
            return None, None, f"{path}: {problem}"
    loaded, problem = settings.load(cfg)
    problem = problem or _version(cfg) or _broker(cfg.get("broker")) or _edges(cfg)
    problem = problem or _dress(cfg)
    if problem:
        return None, None, f"{path}: {problem}"
    return cfg, loaded, None


def _within(value: object, smallest: int, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest


def _version(cfg: dict) -> str:
    if cfg.get("v") != VERSION:
        return f"v: {cfg.get('v')!r} is not {VERSION}, the only version this firmware reads"
    return ""


def _broker(broker: object) -> str:
    if not isinstance(broker, dict):
        return "broker: an object with host and port is needed"
    for key in ("host", "user", "password"):
        value = broker.get(key, "" if key != "host" else None)
        if not isinstance(value, str) or (key == "host" and not value):
            return f"broker: {key} must be a text"
    if not _within(broker.get("port", 1883), 1, 65535):
        return f"broker: port {broker.get('port')!r} is not from 1 to 65535"
    if not _within(broker.get("qos_max", 1), 0, 1):
        return f"broker: qos_max {broker.get('qos_max')!r} is neither 0 nor 1"
    others = broker.get("others", [])
    if not isinstance(others, list) or len(others) > OTHERS_MAX:
        return f"broker: others must be a list of at most {OTHERS_MAX} rows [host, port]"
    for row in others:
        if not _is_place(row):
            return f"broker: others has {row!r}, which is not [host, port]"
    if not _within(broker.get("keepalive_s", 10), 1, KEEPALIVE_S_MAX):
        return f"broker: keepalive_s {broker.get('keepalive_s')!r} is not 1 to {KEEPALIVE_S_MAX}"
    return ""


def _dress(cfg: dict) -> str:
    """Enter what makes a Wire of TLS, `dress`, where there is a row `tls`."""
    row = cfg.get("tls")
    if row is None:
        return ""
    if not isinstance(row, dict) or not all(
        [isinstance(row.get(key), str) for key in ("ca", "cert", "key", "name")]
    ):
        return "tls: ca, cert, key (names of files, or base64) and name are needed"
    try:
        from quelea_agent.port import tls_wire  # a part: a heap without TLS does not pay for it

        cfg["broker"]["dress"] = tls_wire.Wrapper(row).wire
    except (ImportError, OSError, ValueError) as error:
        return f"tls: it cannot begin ({error!r}); the part `tls` and its files are needed"
    return ""


def _is_place(row: object) -> bool:
    if not isinstance(row, (list, tuple)) or len(row) != 2:
        return False
    return isinstance(row[0], str) and row[0] != "" and _within(row[1], 1, 65535)


def _edges(cfg: dict) -> str:
    status_ms = cfg.get("status_ms", 5000)
    if status_ms != 0 and not _within(status_ms, STATUS_MS_MIN, TICKS_HALF - 1):
        return f"status_ms: {status_ms!r} is neither 0 (none) nor at least {STATUS_MS_MIN}"
    if not _within(cfg.get("ticks_offset_ms", 0), 0, TICKS_MASK):
        return "ticks_offset_ms: not from 0 to 2^30 - 1"
    attack = cfg.get("attack")
    if attack is not None and not isinstance(attack, dict):
        return "attack: an object with a name is needed"
    return ""
