"""An update as it is said: the signed body, the list of files, a chunk, and what is wanted.

    body   {"v":1,"fleet":"demo","version":7,"mpy":6,"list":[bytes,"sha256"],"nodes":["n01"]}
    list   a line a file, by path: sha256, bytes and path below the set, a blank between them
    chunk  version u32, file u16, offset u32 (little endian), then 1 to CHUNK_BYTES bytes of it
    need   {"v":1,"version":7,"file":0,"at":1024}     file 0 is the list, then its lines from 1

The body fits one message; it vouches for the list by its hash, and the list for the files. All
of it comes from outside: what is not exactly this gives None or a sentence, never an exception.
"""

import json

from quelea_proto.limits import ID_CHARS_MAX, const

CHUNK_BYTES = 1024
CHUNK_HEAD = const(10)
BODY_BYTES_MAX = 1024
LIST_BYTES_MAX = const(32768)
FILE_BYTES_MAX = const(262144)
FILES_MAX = const(255)
VERSION_MAX = const(1073741823)
PATH_CHARS_MAX = const(64)
LINE_CHARS_MAX = 64 + 1 + 6 + 1 + PATH_CHARS_MAX + 1
LIST = "files.txt"  # its name in a set
_DEPTH_MAX = const(5)
_HEX = "0123456789abcdef"
_PATH_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789_-"


def _is_int(value: object, smallest: int, largest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest


def is_digest(text: object) -> bool:
    """Return whether this is a SHA-256 in lower-case hex."""
    if not isinstance(text, str) or len(text) != 64:
        return False
    for char in text:
        if char not in _HEX:
            return False
    return True


def is_path(text: str) -> bool:
    """Return whether a set may have a file here: plain folders, a module at the end."""
    parts = text.split("/")
    if not 1 <= len(text) <= PATH_CHARS_MAX or len(parts) > _DEPTH_MAX:
        return False
    stem, dot, suffix = parts[-1].partition(".")
    if not dot or suffix not in ("mpy", "py"):
        return False
    parts[-1] = stem
    for part in parts:
        if not part:
            return False
        for char in part:
            if char not in _PATH_CHARS:
                return False
    return True


class Body:
    """version; list_bytes and list_digest of the list; nodes: ids, or None for all."""

    def __init__(self, version: int, list_bytes: int, list_digest: str, nodes) -> None:
        self.version = version
        self.list_bytes = list_bytes
        self.list_digest = list_digest
        self.nodes = nodes


def body(data: bytes, fleet: str, mpy: int) -> tuple:
    """Return (Body, "") or (None, why not). mpy: the bytecode that runs here, 0 for any."""
    try:
        value = json.loads(data)
    except Exception:  # what json raises on garbage differs by runtime
        return None, "no JSON"
    if not isinstance(value, dict) or value.get("v") != 1:
        return None, "another form"
    if value.get("fleet") != fleet:
        return None, "another fleet"
    if mpy and value.get("mpy") != mpy:
        return None, "another bytecode"
    row = value.get("list")
    if not _is_int(value.get("version"), 1, VERSION_MAX):
        return None, "no version"
    if not isinstance(row, list) or len(row) != 2 or not is_digest(row[1]):
        return None, "no list"
    if not _is_int(row[0], 1, LIST_BYTES_MAX):
        return None, "no list"
    nodes = value.get("nodes")
    if nodes is not None and not isinstance(nodes, list):
        return None, "nodes are no list"
    for name in nodes or ():
        if not isinstance(name, str) or len(name) > ID_CHARS_MAX:
            return None, "nodes are no ids"
    return Body(value["version"], row[0], row[1], nodes), ""


def line(text: bytes):
    """Return (digest, bytes, path) of a line of the list with its end, or None."""
    try:
        words = text.decode().split(" ")
    except ValueError:
        return None
    if len(words) != 3 or not is_digest(words[0]) or words[2][-1:] != "\n":
        return None
    path = words[2][:-1]
    if not 1 <= len(words[1]) <= 6 or not is_path(path):
        return None
    size = 0
    for char in words[1]:
        if char not in "0123456789":
            return None
        size = size * 10 + ord(char) - 48
    if words[1] != str(size) or size > FILE_BYTES_MAX:
        return None
    return words[0], size, path


def chunk(payload: bytes):
    """Return (version, file, offset) of a chunk, its bytes follow CHUNK_HEAD; None for others."""
    if not CHUNK_HEAD < len(payload) <= CHUNK_HEAD + CHUNK_BYTES:
        return None
    if payload[3] > 63 or payload[9] > 63:  # beyond a small integer
        return None
    version = payload[0] | payload[1] << 8 | payload[2] << 16 | payload[3] << 24
    at = payload[6] | payload[7] << 8 | payload[8] << 16 | payload[9] << 24
    return version, payload[4] | payload[5] << 8, at


def need(version: int, file: int, at: int) -> bytes:
    """Return what says that this chunk is wanted."""
    return f'{{"v":1,"version":{version},"file":{file},"at":{at}}}'.encode()
