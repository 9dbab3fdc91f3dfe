"""Tags on frames and rows: who has no key of the fleet is not believed, whatever the broker says.

Behind what is sent, little endian:

    session u16, number u32     of the sender; the number rises with each message of a session
    echo u16, one a peer        the session of that peer which the sender has heard last, or 0
    tag, 8 bytes each           pairwise: one a peer, by its key; fleet: one, by the common key
    form u8                     how many peers; + 128 for fleet

A tag is HMAC-SHA256 (RFC 2104) cut to 8 bytes, COSE's HMAC 256/64, over the topic, a zero byte,
and all before the tags, and the form: the topic has protocol version, fleet and sender, the
payload its own seq and epoch.

What is taken was never taken before: within a session by a window of 32 numbers (RFC 8613,
7.4), across sessions since they only rise, and after a boot of the receiver since `echo` must be
its own session, which no older message can have. Sessions are stored before they are used. They
begin at `session_min`, which rises with each enrolment: a node that is below it though it had
begun has lost its counter, and says nothing and believes nobody until it is enrolled anew.
"""

import binascii
import gc
import hashlib

from quelea_proto import limits
from quelea_proto.fixed import ring16_diff
from quelea_proto.limits import const
from quelea_proto.topics import build

from quelea_agent import report

NAMES = (
    "sealed",
    "taken",
    "muted",  # neither sealed nor taken: the own boot counter was lost, or cannot be stored
    "form",  # no trailer of this mode, or from none of the peers
    "mac",  # a wrong tag
    "replay",  # a number that was taken, or is too old to know
    "session",  # of the sender: older than one that was heard
    "echo",  # not said to this session of the node: recorded earlier, or just before a boot
    "greetings",  # the sender has not heard this node yet
    "shortages",  # not sealed for lack of memory
)
_SEALED = const(0)
_TAKEN = const(1)
_MUTED = const(2)
_FORM = const(3)
_MAC = const(4)
_REPLAY = const(5)
_SESSION = const(6)
_ECHO = const(7)
_GREETINGS = const(8)
_SHORTAGES = const(9)

PATH = "auth.keys"
BEGUN_PATH = "auth.begun"  # the session_min of the enrolment that this node has begun with
TAG_BYTES = const(8)
KEY_BYTES = const(32)
WINDOW = const(32)
_FLEET = const(128)
_HEAD_BYTES = const(6)
NAMED_MAX = 8  # ids listed in a status


def _pads(key: bytes) -> tuple:
    """Return the two blocks that HMAC begins its hashes with."""
    key = key + bytes(64 - len(key))
    return bytes([byte ^ 0x36 for byte in key]), bytes([byte ^ 0x5C for byte in key])


def mac(pads: tuple, topic: bytes, body, form: int) -> bytes:
    """Return the tag of a message; body: all before the tags."""
    inner = hashlib.sha256(pads[0])
    inner.update(topic)
    inner.update(b"\x00")
    inner.update(body)
    inner.update(bytes((form,)))
    outer = hashlib.sha256(pads[1])
    outer.update(inner.digest())
    return outer.digest()[:TAG_BYTES]


def same(tag, data, at: int) -> bool:
    """Return whether the tag stands at `at`, in a time that does not tell where it differs."""
    wrong = 0
    for i in range(TAG_BYTES):
        wrong |= tag[i] ^ data[at + i]
    return wrong == 0


class Guard:
    """The peers of a node, by slot: ascending by number; what each has said and may say.

    peers: rows (number, id, their slot of this node). pads: of the keys, one a peer; fleet: one.
    """

    def __init__(self, settings, peers, pads: list, fleet: bool) -> None:
        self.counts = [0] * len(NAMES)
        self.busy = False
        self.mute = True
        self.session = 0
        self.inner = None  # what a message goes on to
        self._number = 0
        self._ids = [row[1] for row in peers]
        self._backs = [row[2] for row in peers]
        self._pads = pads
        self._fleet = fleet
        slots = len(peers)
        self._heard = [0] * slots  # session
        self._top = [0] * slots  # highest number taken in it
        self._seen = [0] * slots  # bit i: top - 1 - i was taken
        self._refused = [0] * slots
        self._build_topics(settings)

    def _build_topics(self, settings) -> None:
        fleet = settings.fleet
        own = settings.id
        self._own = (build("frame", fleet, own).encode(), build("headroom", fleet, own).encode())
        self._direct = {}  # topic -> slot of the peer it goes to
        self._sources = {}  # topic -> (slot of the peer it comes from, whether it is for all)
        for slot in range(len(self._ids)):
            other = self._ids[slot]
            self._direct[build("direct", fleet, own, other).encode()] = slot
            self._sources[build("direct", fleet, other, own).encode()] = (slot, False)
            for name in ("frame", "headroom"):
                self._sources[build(name, fleet, other).encode()] = (slot, True)
        any_frame = build("frame", fleet, "+").split("+")
        any_row = build("headroom", fleet, "+").split("+")
        self._guarded = (any_frame[0].encode(), any_frame[1].encode(), any_row[1].encode())
        self._any_direct = build("direct", fleet, "+", "+").split("+")[0].encode()

    def begin(self, session: int, session_min: int, stored: bool) -> None:
        """Speak in this session, unless the boot counter was lost or could not be stored."""
        self.session = session
        self.mute = session < session_min or not stored

    # -- out --------------------------------------------------------------------------------------

    def seal(self, topic: bytes, payload):
        """Return what is sent: with tags if the topic has them; None for nothing."""
        slot = self._direct.get(topic, -1)
        if slot < 0 and topic not in self._own:
            return payload
        if self.mute or self._number >= limits.SEQ_MAX:
            self.counts[_MUTED] += 1
            return None
        self._number += 1
        slots = range(len(self._ids)) if slot < 0 else range(slot, slot + 1)
        for _ in range(2):
            try:
                out = self._sealed(topic, payload, slots)
                self.counts[_SEALED] += 1
                return out
            except MemoryError:  # the next round's message is newer
                gc.collect()
        self.counts[_SHORTAGES] += 1
        return None

    def _sealed(self, topic: bytes, payload, slots) -> bytearray:
        out = bytearray(payload)
        out += self.session.to_bytes(2, "little")
        out += self._number.to_bytes(4, "little")
        for i in slots:
            out += self._heard[i].to_bytes(2, "little")
        form = len(slots) | (_FLEET if self._fleet else 0)
        body = bytes(out)
        if self._fleet:
            out += mac(self._pads[0], topic, body, form)
        else:
            for i in slots:
                out += mac(self._pads[i], topic, body, form)
        out.append(form)
        return out

    # -- in ---------------------------------------------------------------------------------------

    def receive(self, topic: bytes, payload: bytes) -> None:
        """Take one message: without its tags it goes on, or it is dropped and counted."""
        row = self._sources.get(topic)
        if row is None:
            if self._is_guarded(topic):
                if topic not in self._own:  # who subscribes to all rows hears its own
                    self.counts[_FORM] += 1
            else:
                self.inner(topic, payload)
            return
        length = self._judge(topic, payload, row[0], row[1])
        if length > 0:
            self.counts[_TAKEN] += 1
            self.inner(topic, payload[:length])
        else:
            self.counts[-length] += 1
            if length != -_GREETINGS and length != -_MUTED:
                self._refused[row[0]] += 1

    def _is_guarded(self, topic: bytes) -> bool:
        """Return whether only peers may speak on topics of this kind."""
        before, frame, headroom = self._guarded
        if topic.startswith(self._any_direct):
            return True
        return topic.startswith(before) and (topic.endswith(frame) or topic.endswith(headroom))

    def _judge(self, topic: bytes, data: bytes, slot: int, for_all: bool) -> int:
        """Return the length of the payload, or the cause of a refusal with a minus."""
        if self.mute:
            return -_MUTED
        form = data[-1] if data else 0
        peers = form & 127
        back = self._backs[slot] if for_all else 0
        tags = 1 if self._fleet else peers
        tags_at = len(data) - 1 - TAG_BYTES * tags
        head_at = tags_at - 2 * peers - _HEAD_BYTES
        if head_at < 1 or back >= peers or (form >= _FLEET) != self._fleet:
            return -_FORM
        if not for_all and peers != 1:
            return -_FORM
        view = memoryview(data)
        expected = mac(self._pads[0 if self._fleet else slot], topic, view[:tags_at], form)
        if not same(expected, data, tags_at + (0 if self._fleet else TAG_BYTES * back)):
            return -_MAC
        session = data[head_at] | data[head_at + 1] << 8
        number = int.from_bytes(data[head_at + 2 : head_at + _HEAD_BYTES], "little")
        at = head_at + _HEAD_BYTES + 2 * back
        cause = self._order(slot, session, number, data[at] | data[at + 1] << 8)
        return cause if cause else head_at

    def _order(self, slot: int, session: int, number: int, echo: int) -> int:
        """Return 0 for what was never taken before, else the cause with a minus."""
        heard = self._heard[slot]
        if session == 0 or (heard and ring16_diff(session, heard) < 0):
            return -_SESSION
        if session != heard:
            self._heard[slot] = session
            self._top[slot] = self._seen[slot] = 0
        if echo != self.session:
            return -_ECHO if echo else -_GREETINGS
        ahead = number - self._top[slot]
        if ahead > 0:
            bits = (self._seen[slot] << 1 | 1) if self._top[slot] else 0
            self._seen[slot] = (bits << (ahead - 1)) & 0x7FFFFFFF if ahead < WINDOW else 0
            self._top[slot] = number
            return 0
        bit = 1 << (-ahead - 1) if -WINDOW < ahead < 0 else 0
        if not bit or self._seen[slot] & bit:
            return -_REPLAY
        self._seen[slot] |= bit
        return 0

    # -- what run.py asks of a part ---------------------------------------------------------------

    def turn(self, now_ms: int) -> None:
        """Nothing is due."""

    def figures(self) -> list:
        """Return (key, JSON text) pairs for the status."""
        pairs = []
        for slot in range(len(self._ids)):
            if self._refused[slot] and len(pairs) < NAMED_MAX:
                pairs.append((self._ids[slot], str(self._refused[slot])))
        return [
            ("auth", report.counted(NAMES, self.counts)),
            ("auth_refused", report.rows(pairs)),
        ]


def _begun() -> int:
    """Return the session_min of the enrolment that this node has begun with, 0 for none."""
    try:
        with open(BEGUN_PATH) as file:
            return int(file.read(8))
    except (OSError, ValueError):
        return 0


def least(config: object, always: int = 0) -> int:
    """Return the session to begin with at least: of a new enrolment, or always; 0 for any."""
    number = config.get("session_min", 1) if isinstance(config, dict) else 0
    if isinstance(number, bool) or not isinstance(number, int):
        return 0
    return number if always or number != _begun() else 0


def _secret(text: object) -> bytes:
    """Return what text says, or what the file has where there is no text; or nothing."""
    try:
        if text is not None:
            return binascii.a2b_base64(text)
        with open(PATH, "rb") as file:
            return file.read()
    except (OSError, TypeError, ValueError):
        return b""


def load(settings, config: object, session: int, stored: bool) -> tuple:
    """Return (Guard, None) or (None, problem).

    config: {"mode": "fleet" or "pairwise", "peers", "session_min", and "keys" in base64, if they
    are not in a file}.
    """
    if not isinstance(config, dict) or config.get("mode") not in ("fleet", "pairwise"):
        return None, "auth: mode is neither fleet nor pairwise"
    peers = config.get("peers")
    if not isinstance(peers, (list, tuple)) or not 1 <= len(peers) <= limits.NEIGHBOURS_MAX:
        return None, f"auth: peers is no list of 1 to {limits.NEIGHBOURS_MAX} rows"
    for row in peers:
        if not isinstance(row, (list, tuple)) or len(row) != 3 or not isinstance(row[1], str):
            return None, f"auth: {row!r} is not [number, id, their slot of this node]"
        if not isinstance(row[2], int) or not 0 <= row[2] < limits.NEIGHBOURS_MAX:
            return None, f"auth: slot {row[2]!r} is not below {limits.NEIGHBOURS_MAX}"
    if not 0 < least(config, 1) <= limits.SESSION_MAX:
        return None, f"auth: session_min is not from 1 to {limits.SESSION_MAX}"
    fleet = config["mode"] == "fleet"
    wanted = KEY_BYTES if fleet else KEY_BYTES * len(peers)
    keys = _secret(config.get("keys"))
    if len(keys) != wanted:
        return None, f"auth: the keys have {len(keys)} bytes, not {wanted}; enrol the node"
    pads = [_pads(keys[at : at + KEY_BYTES]) for at in range(0, wanted, KEY_BYTES)]
    guard = Guard(settings, peers, pads, fleet)
    guard.begin(session, least(config, 1), stored)
    return guard, None


def _begin(session_min: int) -> bool:
    """Store that this enrolment has begun, once its first session is stored; False: it failed."""
    if session_min == _begun():
        return True
    try:
        with open(BEGUN_PATH, "w") as file:
            file.write(str(session_min))
    except OSError:
        return False
    return True


def attach(node, config: object) -> str:
    """Put tags between a node and its transport; return why not, or an empty string."""
    guard, problem = load(node.link.settings, config, node.agent.session, node.stored)
    if problem:
        return problem
    if not guard.mute and not _begin(least(config, 1)):
        guard.mute = True
    guard.inner = node.transport.receive
    node.transport.receive = guard.receive
    node.transport.seal = guard.seal
    node.parts.append(guard)
    return ""
