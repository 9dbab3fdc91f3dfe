"""Updates over the air, beside the node's rounds: `update` in cfg.json.

    announced -> signature, in slices -> fetched to the side -> restart into it, on trial
    -> good after good_ms with the broker; else back by itself, after trial_ms at the latest

A turn does one bounded slice, so that rounds go on. A limit's record is not touched, and a node
starts at its floor, so no cap is raised by an update. What start.py keeps decides what runs.

{"key": 128 hex digits, x then y of the key that signs, by default what `trust` has; "version":
what came by cable; "good_ms", "trial_ms"; "spread_ms": restarts of a fleet are spread over so
long, by node number}
"""

import binascii
import hashlib
import sys

from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import TICKS_HALF, const
from quelea_proto.topics import build

from quelea_agent import report
from quelea_agent.port import fetch, release
from quelea_agent.port.files import Files

NAMES = (
    "announced",  # messages on the fleet's `ota`
    "bad_signature",
    "bad_body",  # signed, but for another fleet or bytecode, or in another form
    "older",  # a version that this node runs or has tried already
    "asked",  # for chunks
    "taken",
    "unasked",  # chunks that were not wanted
    "bad_chunks",  # messages that are no chunk
    "failed",  # updates that were given up: storage, or wrong content
)
_ANNOUNCED = const(0)
_BAD_SIGNATURE = const(1)
_BAD_BODY = const(2)
_OLDER = const(3)
_ASKED = const(4)
_TAKEN = const(5)
_UNASKED = const(6)
_BAD_CHUNKS = const(7)
_FAILED = const(8)

_KEY_BYTES = const(64)
_KEY_PATH = "sign.public"
_SLICE_MS = const(5)  # between two slices
_ASK_MS = const(2000)  # for a chunk to come, doubled each time
_ASK_MS_MAX = const(32000)
_FAR_MS = const(60000)
_LOOK_MS = const(500)  # until what runs is good
_SAID = const(8)  # added to the cause in a record once a node has run well since
_PERIODS = (
    ("good_ms", 60000),
    ("trial_ms", 600000),
    ("spread_ms", 10000),
)

IDLE = 0
FETCHING = 1
WAITING = 2  # all is there; the restart is due
WORDS = ("idle", "fetching", "waiting")


def problem_of(cfg: object, trust: object = None) -> str:
    """Return what is wrong with `update`, or an empty string. trust: `trust` of cfg.json."""
    if not isinstance(cfg, dict):
        return "update: an object is needed"
    if key_of(cfg, trust) is None:
        return "update: key must be 128 hex digits, x then y of a point on P-256; enrol the node"
    for name, default in _PERIODS + (("version", 0),):
        value = cfg.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < TICKS_HALF:
            return f"update: {name} {value!r} is not from 0 to {TICKS_HALF - 1}"
    return ""


def key_of(cfg: dict, trust: object):
    """Return the 64 bytes of the key that signs, or None.

    Its own in hex, or what signs configurations: in base64, or in the file that trust.py reads.
    """
    try:
        text = cfg.get("key")
        if text is not None:
            data = binascii.unhexlify(text)
        elif isinstance(trust, dict) and trust.get("key") is not None:
            data = binascii.a2b_base64(trust["key"])
        else:
            with open(_KEY_PATH, "rb") as file:
                data = file.read(_KEY_BYTES + 1)
    except (OSError, TypeError, ValueError):
        return None
    return data if len(data) == _KEY_BYTES else None


def make(settings, cfg: dict, safe: bool = False):
    """Return an Update on this board's files. cfg: all of cfg.json, checked."""
    import start

    key = key_of(cfg["update"], cfg.get("trust"))
    return Update(settings, cfg["update"], key, start, safe=safe)


def restart() -> None:
    """Start the board again."""
    import start

    start.restart()


class Update:
    """cfg: `update` of cfg.json, checked. key: 64 bytes. start: the module start.py.

    files: a Files, by default. restarting: the node is to end in order and to start again. source:
    folder that runs; default: where this module lies. safe: in safe mode, where what runs is not
    what is judged.
    """

    def __init__(self, settings, cfg, key, start, files=None, source="", safe=False) -> None:
        self.counts = [0] * len(NAMES)
        self.state = IDLE
        self.restarting = False
        self.events = []  # (name, pairs), to be said
        self.fetch = None
        self.next_wake_ms = 0
        self.chunk_topic = build("chunk", settings.fleet, settings.id).encode()
        self.need_topic = build("need", settings.fleet, settings.id).encode()
        self.topic = build("update", settings.fleet).encode()
        self.asking = None  # a message to be published on need_topic
        self._settings = settings
        self._key = key
        self._good_ms, self._trial_ms, self._spread_ms = [
            cfg.get(name, default) for name, default in _PERIODS
        ]
        self._start = start
        self._files = files or Files()
        self._source = source or __file__.rsplit("/", 3)[0]
        self._check = None
        self._announced = None
        self._heard = b""  # hash of the last announcement: each connection brings it again
        self._hurry = False  # something came: the next slice is due
        self._ask_ms = _ASK_MS
        self._due_ms = 0
        self._began_ms = -1
        self._up_ms = -1  # since when there is a broker
        self._good = safe  # in safe mode nothing is on trial
        self.record = start.load(self._files)
        if self.record is None:
            self.record = start.first(cfg.get("version", 0))
            start.save(self._files, self.record)
        elif 0 < self.record[start.CAUSE] < _SAID:
            self._say("update-back", (("cause", report.text(start.CAUSES[self._cause()])),))

    def _cause(self) -> int:
        return (self.record[self._start.CAUSE] & _SAID - 1) % len(self._start.CAUSES)

    def _say(self, name: str, pairs=()) -> None:
        top = self.record[self._start.TOP]
        self.events.append((name, (("version", str(top)),) + pairs))

    @property
    def idle(self) -> bool:
        """Whether nothing is in hand."""
        return self.state == IDLE and self._check is None

    # -- messages -----------------------------------------------------------------------------

    def subscriptions(self) -> tuple:
        """Return (topic filter, QoS) rows."""
        return ((self.topic, 1), (self.chunk_topic, 0))

    def receive(self, topic: bytes, payload: bytes) -> bool:
        """Take a message; False when its topic is another. Never raises."""
        if topic == self.topic:
            self._announced = payload
        elif topic == self.chunk_topic:
            self._take(payload)
        else:
            return False
        return True

    def _take(self, payload: bytes) -> None:
        head = release.chunk(payload)
        if head is None:
            self.counts[_BAD_CHUNKS] += 1
        elif self.state != FETCHING or head[0] != self.fetch.version:
            self.counts[_UNASKED] += 1
        elif self.fetch.take(head[1], head[2], memoryview(payload)[release.CHUNK_HEAD :]):
            self.counts[_TAKEN] += 1
            self._ask_ms = _ASK_MS
            self._hurry = True
        else:
            self.counts[_UNASKED] += 1

    # -- once a turn ----------------------------------------------------------------------------

    def tick(self, now_ms: int, up: bool) -> None:
        """Do what is due: at most one slice. up: whether there is a broker."""
        if self._began_ms < 0:
            self._began_ms = now_ms
            self._start.relax()
        self._watch(now_ms, up)
        if self._announced is not None and not self.record[self._start.TRIAL]:
            document = self._announced
            self._announced = None
            self._hear(document)
        if self._hurry:
            self._hurry = False
            self._due_ms = now_ms
        if not self.idle and ticks_diff(now_ms, self._due_ms) >= 0:
            self._work(now_ms, up)
        if not self.idle:
            self.next_wake_ms = self._due_ms
        else:
            self.next_wake_ms = ticks_add(now_ms, _FAR_MS if self._good else _LOOK_MS)

    def _watch(self, now_ms: int, up: bool) -> None:
        """Look whether what runs is good now, or is to go back."""
        start = self._start
        record = self.record
        if not up:
            self._up_ms = -1
        elif self._up_ms < 0:
            self._up_ms = now_ms
            self._ask_ms = _ASK_MS
            self._hurry = True
        if self._good or self.restarting:
            return
        since_ms = self._up_ms if record[start.TRIAL] else self._began_ms
        if since_ms >= 0 and ticks_diff(now_ms, since_ms) >= self._good_ms:
            self._good = True
            if record[start.TRIAL]:
                self._say("update-good")
            elif not record[start.BOOTS]:
                return
            record[start.TRIAL] = record[start.BOOTS] = 0
            record[start.CAUSE] |= _SAID
            start.save(self._files, record)
        elif record[start.TRIAL] and ticks_diff(now_ms, self._began_ms) >= self._trial_ms:
            start.back(record, start.ALONE)
            self.restarting = start.save(self._files, record)
            self._good = not self.restarting  # nothing can be stored: it stays

    def _hear(self, document: bytes) -> None:
        """Begin to check an announcement; one that is in hand or was judged changes nothing."""
        self.counts[_ANNOUNCED] += 1
        digest = hashlib.sha256(document).digest()
        if self.restarting or digest == self._heard:
            return
        self._heard = digest
        self._check = None
        if len(document) > 0:
            from quelea_agent.port.signed import Check

            self._check = Check(self._key, b"ota", document)
            self._hurry = True
        else:  # taken back
            self.state = IDLE
            self.fetch = None

    def _work(self, now_ms: int, up: bool) -> None:
        self._due_ms = ticks_add(now_ms, _SLICE_MS)
        if self._check is not None:  # what is in hand waits, and is lost only to what is signed
            answer = self._check.step()
            if answer is not None:
                data = self._check.body
                self._check = None
                sys.modules.pop("quelea_agent.port.signed", None)  # the heap is needed elsewhere
                self._begin(data, answer)
        elif self.state == FETCHING:
            self._fetch_on(now_ms, up)
        elif self.state == WAITING and ticks_diff(now_ms, self._restart_ms) >= 0:
            self._switch()
        elif self.state == WAITING:
            self._due_ms = self._restart_ms

    def _begin(self, data: bytes, signed: bool) -> None:
        """Begin the update that was announced, if it is signed, meant for this node and newer."""
        start = self._start
        if not signed:
            self.counts[_BAD_SIGNATURE] += 1
            self.events.append(("update-refused", (("cause", '"signature"'),)))
            return
        mpy = getattr(sys.implementation, "_mpy", 0) & 255
        body, problem = release.body(data, self._settings.fleet, mpy)
        if problem:
            self.counts[_BAD_BODY] += 1
            self.events.append(("update-refused", (("cause", report.text(problem)),)))
            return
        if body.version <= self.record[start.TOP]:
            self.counts[_OLDER] += 1
            return
        if body.nodes is not None and self._settings.id not in body.nodes:
            return
        if self.fetch is not None and self.fetch.digest == body.list_digest:
            if self.fetch.version == body.version:
                return  # signed anew; it goes on
        side = start.SETS[2 if self.record[start.SLOT] == 1 else 1]
        self.fetch = fetch.Fetch(self._files, self._source, side, body)
        self.state = FETCHING
        self._ask_ms = _ASK_MS
        self.events.append(("update-begin", (("version", str(body.version)),)))

    def _fetch_on(self, now_ms: int, up: bool) -> None:
        fetching = self.fetch
        fetching.step()
        if fetching.problem:
            self.counts[_FAILED] += 1
            self.state = IDLE
            pairs = (
                ("version", str(fetching.version)),
                ("cause", report.text(fetching.problem)),
                ("file", str(fetching.number)),
            )
            self.events.append(("update-failed", pairs))
            self.fetch = None
        elif fetching.done:
            wait_ms = self._settings.node * 7919 % (self._spread_ms + 1)
            self._restart_ms = self._due_ms = ticks_add(now_ms, wait_ms)
            self.state = WAITING
        elif fetching.wanted is not None:
            if up:
                number, at = fetching.wanted
                self.counts[_ASKED] += 1
                self.asking = release.need(fetching.version, number, at)
            self._due_ms = ticks_add(now_ms, self._ask_ms)
            self._ask_ms = min(2 * self._ask_ms, _ASK_MS_MAX)

    def _switch(self) -> None:
        """Make the new set the one that is started next: the one write that counts."""
        start = self._start
        record = self.record
        old = record[:]
        record[start.BACK] = record[start.SLOT]
        record[start.BACK_VERSION] = record[start.VERSION]
        record[start.SLOT] = 2 if record[start.SLOT] == 1 else 1
        record[start.VERSION] = record[start.TOP] = self.fetch.version
        record[start.TRIAL] = 1
        record[start.BOOTS] = record[start.CAUSE] = 0
        self.state = IDLE
        if start.save(self._files, record):
            self.restarting = True
        else:
            self.record = old
            self.counts[_FAILED] += 1
        self.fetch = None

    def retry(self) -> None:
        """Leave safe mode: what crashed is tried anew."""
        self.record[self._start.BOOTS] = 0
        self._start.save(self._files, self.record)
        self.restarting = True

    # -- what is said -----------------------------------------------------------------------------

    def figures(self) -> list:
        """Return (key, JSON text) pairs for a status."""
        start = self._start
        record = self.record
        pairs = [
            ("version", str(record[start.VERSION])),
            ("top", str(record[start.TOP])),
            ("trial", report.text(bool(record[start.TRIAL]))),
            ("state", report.text(WORDS[self.state])),
            ("cause", report.text(start.CAUSES[self._cause()])),
        ]
        if self.fetch is not None:
            pairs.append(("file", str(self.fetch.number)))
            pairs.append(("bytes", str(self.fetch.bytes_sent)))
        pairs.append(("counts", report.counted(NAMES, self.counts)))
        return [("update", report.rows(pairs))]
