"""A board in memory for the tests of updates: runs on CPython and on MicroPython.

Flash loses its power at the cut_at'th change, which leaves any part of it done. Board lives from
boot to boot on one flash, as main.py, start.py and run.py would have it, with a host that answers.
"""

import hashlib
import sys

import start
from quelea_agent.port import release, update


class PowerCut(Exception):
    """The power went."""


class Flash:
    """What Files and start.Flash are, in a dict. torn: row of TORN, what a cut leaves."""

    # eighths of the new bytes, and what stands behind them
    TORN = ((0, "cut"), (1, "old"), (2, "old"), (3, "rubbish"), (4, "cut"), (7, "cut"), (8, "cut"))
    WAYS = 7

    def __init__(self):
        self.files = {}
        self.changes = 0
        self.cut_at = -1
        self.torn = 0
        self.full = False  # nothing can be written

    def _change(self, path, before, data):
        """Put before + data into a file, unless the power goes; before None: from the start."""
        self.changes += 1
        kept = before if before is not None else b""
        if self.changes - 1 != self.cut_at:
            self.files[path] = kept + bytes(data)
            return True
        eighths, rest = self.TORN[self.torn]
        done = bytes(data[: len(data) * eighths // 8])
        if rest == "rubbish" or (rest == "old" and before is not None):
            done += b"\xff" * (len(data) - len(done))
        elif rest == "old":
            done += self.files.get(path, b"")[len(done) :]
        self.files[path] = kept + done
        raise PowerCut

    def read(self, path):
        return self.files.get(path, b"")

    def write(self, path, data):
        return not self.full and self._change(path, None, data)

    def append(self, path, data):
        return not self.full and self._change(path, self.files.get(path), data)

    def size(self, path):
        return len(self.files[path]) if path in self.files else -1

    def part(self, path, at, count):
        return self.files.get(path, b"")[at : at + count]

    def remove(self, path):
        self.changes += 1
        cut = self.changes - 1 == self.cut_at
        if not cut or self.torn:
            del self.files[path]
        if cut:
            raise PowerCut
        return True

    def remove_one(self, folder):
        for path in sorted(self.files):
            if path.startswith(folder + "/"):
                return 1 if self.remove(path) else -1
        return 0

    def content(self, folder):
        """Return the modules of a set as a sorted list."""
        rows = []
        for path in sorted(self.files):
            if path.startswith(folder + "/") and not path.endswith(release.LIST):
                rows.append((path[len(folder) + 1 :], self.files[path]))
        return rows


def hex_of(data):
    return "".join([f"{byte:02x}" for byte in hashlib.sha256(data).digest()])


class Release:
    """A version of the firmware: {path: bytes}."""

    def __init__(self, version, files):
        self.version = version
        self.files = files
        paths = sorted(files)
        lines = [f"{hex_of(files[path])} {len(files[path])} {path}\n" for path in paths]
        self.list = "".join(lines).encode()
        self.parts = [self.list] + [files[path] for path in paths]
        mpy = getattr(sys.implementation, "_mpy", 0) & 255
        row = f'[{len(self.list)},"{hex_of(self.list)}"]'
        text = f'{{"v":1,"fleet":"demo","version":{version},"mpy":{mpy},"list":{row}}}'
        self.body = text.encode()

    def chunk(self, file, at):
        head = bytearray(10)
        for i in range(4):
            head[i] = self.version >> 8 * i & 255
            head[6 + i] = at >> 8 * i & 255
        head[4] = file & 255
        head[5] = file >> 8
        return bytes(head) + self.parts[file][at : at + release.CHUNK_BYTES]

    def content(self):
        return [(path, self.files[path]) for path in sorted(self.files)]


class Settings:
    fleet = "demo"
    id = "n01"
    node = 1


class _Check:
    """Stands for port/signed.py: a document is b"good" and its body."""

    def __init__(self, public_64, kind, document):
        self.body = document[4:]
        self._good = bytes(document[:4]) == b"good" and kind == b"ota" and len(public_64) == 64
        self._left = 3

    def step(self):
        self._left -= 1
        return None if self._left else self._good


class _Signed:
    Check = _Check


KEY = b"k" * 64
CFG = {"version": 1, "good_ms": 100, "trial_ms": 1000, "spread_ms": 20}


class Board:
    """One board. crash, alone: versions that crash at their start, or never find the broker."""

    def __init__(self, flash, crash=(), alone=()):
        self.flash = flash
        self.crash = crash
        self.alone = alone
        self.now_ms = 0
        self.boots = 0
        self.events = []
        self.ran = []  # versions, boot by boot; 0: safe mode

    def boot(self, offered, ticks=2000, chunk=None):
        """Live until the board restarts or all is quiet; return the Update, or None after a crash.

        chunk(release, file, at) -> payload or None: what the host answers.
        """
        sys.modules["quelea_agent.port.signed"] = _Signed
        self.boots += 1
        while len(self.ran) < self.boots - 1:
            self.ran.append(-1)  # cut before anything was chosen
        record, safe = start.begin(self.flash)
        version = record[start.VERSION] if record is not None else CFG["version"]
        folder = "lib" if safe or record is None else start.SETS[record[start.SLOT]]
        self.folder = folder
        self.ran.append(0 if safe else version)
        if version in self.crash and not safe:
            start.crashed(self.flash)
            return None
        node = update.Update(Settings, CFG, KEY, start, self.flash, folder, safe)
        if offered is not None:
            node.receive(node.topic, b"good" + offered.body)
        for _ in range(ticks):
            self.now_ms += 5
            sys.modules["quelea_agent.port.signed"] = _Signed  # an Update lets go of the module
            node.tick(self.now_ms, version not in self.alone)
            self.events += [row[0] for row in node.events]
            node.events.clear()
            if node.asking is not None:
                need = node.asking
                node.asking = None
                file, at = _wanted(need)
                data = (chunk or _answer)(offered, file, at)
                if data is not None:
                    node.receive(node.chunk_topic, data)
            if node.restarting:
                return node
            if node.idle and node._good and node._announced is None:
                return node
        return node


def _wanted(need):
    words = need.decode().replace("}", "").split(",")
    return int(words[2].split(":")[1]), int(words[3].split(":")[1])


def _answer(offered, file, at):
    return offered.chunk(file, at)
