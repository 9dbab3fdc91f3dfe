"""What a board keeps apart from cfg.json: whom it is, and its passwords and keys.

`quelea enroll` writes it: on an ESP32 to NVS (namespace `quelea`, blob `secrets`), elsewhere to
secrets.json. It is JSON like cfg.json: an object in it goes into cfg.json's of the same name, key
by key. So cfg.json holds nothing secret, and a board that was given another's is refused.
"""

import json

PATH = "secrets.json"
SPACE = "quelea"
KEY = "secrets"
BYTES_MAX = 2048  # what the board sets aside to read it; enough for a certificate and its key
_WHO = ("fleet", "id", "node")
_REMEDY = "; write it with `quelea enroll`"


def read(path: str = PATH) -> tuple:
    """Return (dict, None) or (None, problem)."""
    try:
        stored = json.loads(_text(path))
    except OSError:
        return None, "nothing is enrolled on this board" + _REMEDY
    except Exception:  # what json raises on garbage differs by runtime
        return None, "what is enrolled cannot be read" + _REMEDY
    if not isinstance(stored, dict):
        return None, "what is enrolled is no object" + _REMEDY
    return stored, None


def _text(path: str) -> str:
    """Return the stored text; OSError when there is none."""
    try:
        from esp32 import NVS
    except ImportError:
        with open(path) as file:
            return file.read(BYTES_MAX)
    data = bytearray(BYTES_MAX)
    count = NVS(SPACE).get_blob(KEY, data)
    return str(data[:count], "utf-8")


def add(cfg: dict, path: str = PATH) -> str:
    """Put what is enrolled into cfg; return "" or the problem."""
    stored, problem = read(path)
    if problem:
        return problem
    for key in _WHO:
        if stored.get(key) != cfg.get(key):
            return (
                f"{key} {cfg.get(key)!r} is not {stored.get(key)!r}, as which this board is "
                "enrolled; run `quelea deploy`"
            )
    for key in stored:
        value = stored[key]
        if not isinstance(value, dict):
            cfg[key] = value
        elif isinstance(cfg.get(key, {}), dict):
            cfg.setdefault(key, {}).update(value)
        else:
            return f"{key}: is no object, and something is enrolled for it"
    return ""
