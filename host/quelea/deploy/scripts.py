"""What runs on a board over the raw REPL: short sources for any MicroPython of 1.20 or newer.

Each prints one line of JSON, or lines of words; `answers` reads them. A secret is sent and never
printed: what a board says of it is a digest.
"""

import base64

from quelea_agent.port.enrolled import KEY, PATH, SPACE

MARK = "firmware.json"  # what was deployed; written last
BESIDE = ".new"

FACTS = f"""
import sys, os, json
try:
    import machine
except ImportError:
    machine = None
try:
    from binascii import hexlify
except ImportError:
    from ubinascii import hexlify
def _read(name):
    try:
        with open(name) as file:
            return json.load(file)
    except Exception:
        return {{}}
def _secrets():
    try:
        from esp32 import NVS
        data = bytearray(2048)
        return bytes(data[:NVS({SPACE!r}).get_blob({KEY!r}, data)])
    except ImportError:
        with open({PATH!r}, "rb") as file:
            return file.read(2048)
def _facts():
    import hashlib
    cfg, done = _read("cfg.json"), _read({MARK!r})
    try:
        stored = _secrets()
        digest = hexlify(hashlib.sha256(stored).digest()).decode()
        who = json.loads(stored)
    except MemoryError:
        raise
    except Exception:
        digest, who = "", {{}}
    try:
        space = os.statvfs("/")
        free = space[0] * space[4]
    except Exception:
        free = -1
    try:
        unique = hexlify(machine.unique_id()).decode()
    except Exception:
        unique = ""
    whole = "main.py" in os.listdir()
    print(json.dumps([
        getattr(machine, "VIRTUAL", "") or getattr(sys.implementation, "_machine", sys.platform),
        unique, list(sys.implementation.version)[:3],
        getattr(sys.implementation, "_mpy", 0) & 0xFF, free, str(who.get("fleet", "")),
        str(who.get("id", "")), digest, str(cfg.get("id", "")),
        str(done.get("digest", "")) if whole else "",
        cfg.get("wdt_ms", 0) if whole else 0,
    ]))
_facts()
"""

HELPERS = f"""
import os
try:
    from binascii import a2b_base64, hexlify
except ImportError:
    from ubinascii import a2b_base64, hexlify
import hashlib
def _hash(name):
    total, buffer = hashlib.sha256(), bytearray(512)
    try:
        with open(name, "rb") as file:
            while True:
                count = file.readinto(buffer)
                if not count:
                    break
                total.update(memoryview(buffer)[:count])
    except OSError:
        return "-"
    return hexlify(total.digest()).decode()
def _read(name):
    try:
        with open(name) as file:
            return file.read(200)
    except (OSError, ValueError):
        return ""
def _gone(name):
    try:
        os.remove(name)
    except OSError:
        pass
def _folders(name):
    parts = name.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        try:
            os.mkdir("/".join(parts[:end]))
        except OSError:
            pass
def _open(name):
    global _file
    _folders(name)
    _file = open(name + {BESIDE!r}, "wb")
def _drop(name):
    try:
        _file.close()
    except OSError:
        pass
    _gone(name + {BESIDE!r})
def _put(data):
    _file.write(a2b_base64(data))
def _done(name, digest):
    _file.close()
    if _hash(name + {BESIDE!r}) != digest:
        _gone(name + {BESIDE!r})
        print("damaged")
        return
    os.rename(name + {BESIDE!r}, name)
    print("ok")
"""


def hashes(names: list[str]) -> str:
    """Return a source that prints the SHA-256 of each file, `-` for none, a line each."""
    return f"for _n in {names!r}:\n    print(_hash(_n))\n"


def gone(names: list[str]) -> str:
    """Return a source that removes files, those of an interrupted copy too."""
    return f"for _n in {names!r}:\n    _gone(_n)\n    _gone(_n + {BESIDE!r})\n"


def put(data: bytes) -> str:
    """Return a source that appends to the file that _open() made."""
    return f'_put(b"{base64.b64encode(data).decode()}")\n'


def enroll(secret: bytes) -> str:
    """Return a source that stores the secrets: in NVS, or in a file written beside and renamed."""
    text = base64.b64encode(secret).decode()
    return f"""
import os
try:
    from binascii import a2b_base64
except ImportError:
    from ubinascii import a2b_base64
def _enroll(data):
    try:
        from esp32 import NVS
        store = NVS({SPACE!r})
        store.set_blob({KEY!r}, data)
        store.commit()
    except ImportError:
        with open({PATH + BESIDE!r}, "wb") as file:
            file.write(data)
        os.rename({PATH + BESIDE!r}, {PATH!r})
_enroll(a2b_base64(b"{text}"))
del _enroll
"""
