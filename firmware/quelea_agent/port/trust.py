"""The fleet's configuration, believed only when the host signed it and its epoch is higher.

The document of topic `cfg` is signed (signed.py, kind `cfg`); its body is JSON with `fleet` and
`epoch`. The epoch of the newest one taken is stored before the body goes on, so that an older
document, however well signed, is refused after a boot too. The very document that was taken last
comes again with each connection, since it is retained: that is no attempt.
"""

import binascii
import gc
import hashlib
import json
import os

from quelea_proto import limits
from quelea_proto.limits import const
from quelea_proto.topics import build

from quelea_agent import report
from quelea_agent.port import signed

NAMES = (
    "taken",
    "repeated",  # the document that was taken last
    "signature",  # none, or not by the host
    "body",  # signed, but no JSON object of this fleet with an epoch
    "epoch",  # signed, but not above the stored epoch
    "unstored",  # not taken, since its epoch could not be stored
    "shortage",  # not checked, for lack of memory
)
_TAKEN = const(0)
_REPEATED = const(1)
_SIGNATURE = const(2)
_BODY = const(3)
_EPOCH = const(4)
_UNSTORED = const(5)
_SHORTAGE = const(6)
_SHORTAGES_MAX = const(8)  # slices that failed, of one document

PATH = "cfg.epoch"
_NEW = "cfg.epoch.new"
KEY_PATH = "sign.public"
_KEY_BYTES = const(64)
_DIGEST_BYTES = const(32)


def read(path: str = PATH) -> tuple:
    """Return (epoch, digest of its document) as stored; (0, b"") where nothing is."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return 0, b""
    if len(data) != 4 + _DIGEST_BYTES:
        return 0, b""
    return int.from_bytes(data[:4], "little"), data[4:]


def write(epoch: int, digest: bytes) -> bool:
    """Store both, so that a power cut leaves the old ones or the new ones; False if it failed."""
    try:
        with open(_NEW, "wb") as file:
            file.write(epoch.to_bytes(4, "little") + digest)
        os.rename(_NEW, PATH)
    except OSError:
        return False
    return True


class Trust:
    """key: the host's public key, 64 bytes. busy: a document is under check, a slice a turn."""

    def __init__(self, settings, key: bytes) -> None:
        self.counts = [0] * len(NAMES)
        self.busy = False
        self.inner = None  # what a message goes on to
        self.epoch, self._digest = read()
        self._fleet = settings.fleet
        self._topic = build("config", settings.fleet).encode()
        self._key = key
        self._check = None
        self._next = None  # the newest document that waits for its check
        self._shortages = 0

    def receive(self, topic: bytes, payload: bytes) -> None:
        """Take one message."""
        if topic != self._topic:
            self.inner(topic, payload)
        elif hashlib.sha256(payload).digest() == self._digest:
            self.counts[_REPEATED] += 1
        else:
            self._next = payload
            self.busy = True

    def turn(self, now_ms: int) -> None:
        """Do a slice of the check that is under way, if one is."""
        if not self.busy:
            return
        try:
            if self._check is None:
                self._begin()
                return
            answer = self._check.step()
        except MemoryError:  # nothing was changed: the same slice once more
            gc.collect()
            self._shortages += 1
            if self._shortages < _SHORTAGES_MAX:
                return
            self._give_up()
            return
        if answer is None:
            return
        body = self._check.body
        self._check = None
        self.busy = self._next is not None
        cause = self._judge(body) if answer else _SIGNATURE
        self.counts[cause] += 1
        if cause == _TAKEN:
            self.inner(self._topic, body)

    def _begin(self) -> None:
        document = self._next
        self._new_digest = hashlib.sha256(document).digest()
        self._check = signed.Check(self._key, b"cfg", document)
        self._next = None
        self._shortages = 0

    def _give_up(self) -> None:
        """Drop the document under check: there is no memory for it, and rounds need the time."""
        self.counts[_SHORTAGE] += 1
        self._check = None
        self._next = None
        self.busy = False

    def _judge(self, body: bytes) -> int:
        """Return _TAKEN once the epoch of a body is stored, or why it is not taken."""
        try:
            row = json.loads(body)
        except Exception:  # what json raises on garbage differs by runtime
            return _BODY
        if not isinstance(row, dict) or row.get("fleet") != self._fleet:
            return _BODY
        epoch = row.get("epoch")
        if isinstance(epoch, bool) or not isinstance(epoch, int):
            return _BODY
        if not 0 < epoch <= limits.SEQ_MAX:
            return _BODY
        if epoch <= self.epoch:
            return _EPOCH
        if not write(epoch, self._new_digest):
            return _UNSTORED
        self.epoch = epoch
        self._digest = self._new_digest
        return _TAKEN

    def figures(self) -> list:
        """Return (key, JSON text) pairs for the status."""
        return [("cfg", report.counted(NAMES, self.counts)), ("cfg_epoch", str(self.epoch))]


def attach(node, config: object) -> str:
    """Put the check between a node and its transport; return why not, or an empty string.

    config: {"key": in base64}, or {} for a key in the file.
    """
    try:
        if isinstance(config, dict) and config.get("key") is not None:
            key = binascii.a2b_base64(config["key"])
        else:
            with open(KEY_PATH, "rb") as file:
                key = file.read()
    except (OSError, TypeError, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        return f"trust: {KEY_PATH} is no public key of {_KEY_BYTES} bytes; enrol the node"
    trust = Trust(node.link.settings, key)
    trust.inner = node.transport.receive
    node.transport.receive = trust.receive
    node.parts.append(trust)
    return ""
