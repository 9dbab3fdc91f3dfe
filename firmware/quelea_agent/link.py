"""The link: what a node says and hears besides its frames' meaning. No socket, no clock.

The edge calls `connected` and `lost` when the broker comes and goes, `receive` for each message,
`tick` once a turn; it publishes the rows of `outgoing` and hands `frames` to the agent.

    CONNECT (will: lost) -> subscribe -> $state init -> $birth -> $state ready -> status, frames
    clean stop: $state disconnected -> DISCONNECT

A broker may publish the will of a connection that another one has replaced. So the node listens
to its own $state and says `ready` again when it hears that it is lost.
"""

import json

from quelea_proto import limits
from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import const
from quelea_proto.topics import build

from quelea_agent import counters as count
from quelea_agent import report
from quelea_agent.counters import NAMES as AGENT_NAMES

NAMES = (
    "unknown_topics",
    "inbox_drops",  # frames dropped since the agent had not taken the older ones
    "stale_wills",  # times the node heard that it is lost, and said ready again
    "commands",
    "bad_commands",  # no JSON object, an unknown verb or a value out of range
    "repeated_commands",  # delivered again with the same token: answered, not done again
    "bad_configs",
    "events_dropped",  # more than EVENTS_MAX within EVENTS_MS
)
# positions in NAMES
_UNKNOWN_TOPICS = const(0)
_INBOX_DROPS = const(1)
_STALE_WILLS = const(2)
_COMMANDS = const(3)
_BAD_COMMANDS = const(4)
_REPEATED_COMMANDS = const(5)
_BAD_CONFIGS = const(6)
_EVENTS_DROPPED = const(7)

VERBS = ("status", "sense", "stop")
_FAR_MS = const(60000)  # how far ahead next_wake_ms lies when nothing is due


class Link:
    """settings: Settings. status_ms: period of the status, 0 for none.

    facts: (key, JSON text) pairs for the birth. emulated: whether `sense` may set the demand.
    """

    verbs = VERBS

    def __init__(self, settings, session: int, status_ms: int, facts=(), emulated=False) -> None:
        self.settings = settings
        self.session = session
        self.counts = [0] * len(NAMES)
        self.outgoing = []  # (topic, payload, QoS, retain), to be published and removed
        self.frames = []  # (number of the node that published it, payload), for the agent
        self.stopping = False
        self.qos_max = 1  # 0: a cluster, which takes nothing in while it elects who may store
        self.demand_q = None  # set by a command in place of the sensor
        self.cfg_seq = 0  # of the newest announcement of the fleet's configuration
        self.next_wake_ms = 0
        self._status_ms = status_ms
        self._facts = facts
        self._emulated = emulated
        self._up = False
        self._wake_set = False
        self._status_due = True  # a change is to be said, not before _status_first_ms
        self._status_first_ms = 0
        self._said_ms = 0  # time of the last status
        self._ready_waits = False  # `ready` was said and has not come back yet
        self._lost_cause = ""
        self._lost_ms = 0
        self._started = False
        self._tokens = []
        self._events = []
        self._events_left = limits.EVENTS_MAX
        self._events_from_ms = 0
        self._held = False
        self._suspicion = [0] * len(settings.numbers)
        self._equivocations = 0
        self._build_topics()

    def _build_topics(self) -> None:
        fleet = self.settings.fleet
        own = self.settings.id
        self._state = build("state", fleet, own).encode()
        self._birth = build("birth", fleet, own).encode()
        self._status = build("status", fleet, own).encode()
        self._event = build("event", fleet, own).encode()
        self._reply = build("reply", fleet, own).encode()
        self._config = build("config", fleet).encode()
        self._commands = (
            build("command", fleet, own, "+")[:-1].encode(),
            build("command", fleet, "all", "+")[:-1].encode(),
        )
        self._frame = build("frame", fleet, own).encode()
        self._sources = {}  # topic -> number of the only node that may publish there
        self._direct = {}  # number -> topic to that neighbour
        for slot in range(len(self.settings.numbers)):
            number = self.settings.numbers[slot]
            other = self.settings.ids[slot]
            self._sources[build("frame", fleet, other).encode()] = number
            self._sources[build("direct", fleet, other, own).encode()] = number
            self._direct[number] = build("direct", fleet, own, other).encode()

    # -- towards the broker ---------------------------------------------------------------------

    @property
    def will(self) -> tuple:
        """(topic, payload) of the last will; retained, QoS 1."""
        return self._state, b"lost"

    def subscriptions(self) -> list:
        """Return (topic filter, QoS) rows to be asked for on every connection."""
        fleet = self.settings.fleet
        wanted = [(build("frame", fleet, other).encode(), 0) for other in self.settings.ids]
        wanted.append((build("direct", fleet, "+", self.settings.id).encode(), 0))
        wanted.append((self._state, 1))
        wanted.append((self._commands[0] + b"+", 1))
        wanted.append((self._commands[1] + b"+", 1))
        wanted.append((self._config, 1))
        return wanted

    def topic_to(self, dest: int):
        """Return the topic of a frame to neighbour number dest, or to all for 0."""
        return self._direct[dest] if dest else self._frame

    def connected(self, now_ms: int) -> None:
        """Introduce the node; the edge has asked for the subscriptions first."""
        self._up = True
        if self.qos_max or not self._started:
            self._introduce()
        else:  # what is kept of it still stands; a last will that went out is heard and answered
            self._say_state(b"ready", False)
        self._status_due = True
        if not self._started:
            self._started = True
            self.note("start", now_ms, ())
        if self._lost_cause:
            away_ms = ticks_diff(now_ms, self._lost_ms)
            cause = (("cause", report.text(self._lost_cause)), ("away_ms", str(away_ms)))
            self.note("broker-back", now_ms, cause)
            self._lost_cause = ""

    def _introduce(self) -> None:
        self._say_state(b"init")
        birth = report.birth(self.settings, self.session, self._facts)
        self._say(self._birth, birth, 1, True)
        self._say_ready()

    def lost(self, now_ms: int, cause: str) -> None:
        """The connection is gone; cause: a word of the transport, said when it is back."""
        self._up = False
        self.outgoing.clear()
        self._ready_waits = False
        self._lost_cause = cause
        self._lost_ms = now_ms

    def stop(self) -> None:
        """Say that the node leaves in order; the edge then closes the connection."""
        self.stopping = True
        if self._up:
            self._say_state(b"disconnected")

    def _say(self, topic: bytes, payload, qos: int, retain: bool) -> None:
        self.outgoing.append((topic, payload, min(qos, self.qos_max), retain))

    def _say_state(self, word: bytes, retain: bool = True) -> None:
        self._say(self._state, word, 1, retain)

    def _say_ready(self) -> None:
        self._say_state(b"ready")
        self._ready_waits = True

    # -- from the broker ------------------------------------------------------------------------

    def receive(self, topic: bytes, payload: bytes) -> None:
        """Take one message; never raises, whatever the bytes."""
        number = self._sources.get(topic)
        if number is not None:
            if len(self.frames) >= limits.INBOX_FRAMES_MAX:
                self.frames.pop(0)
                self.counts[_INBOX_DROPS] += 1
            self.frames.append((number, payload))
        elif topic == self._state:
            self._hear_state(payload)
        elif topic == self._config:
            self._hear_config(payload)
        else:
            for prefix in self._commands:
                if topic.startswith(prefix):
                    self._command(topic[len(prefix) :], payload)
                    return
            self.counts[_UNKNOWN_TOPICS] += 1

    def _hear_state(self, payload: bytes) -> None:
        if payload == b"ready":
            self._ready_waits = False
        elif payload == b"lost" and not self._ready_waits and not self.stopping:
            # While an own `ready` is on its way it comes after this, and is the last word.
            self.counts[_STALE_WILLS] += 1
            self._say_ready()

    def _hear_config(self, payload: bytes) -> None:
        config = _object(payload)
        seq = None if config is None else config.get("seq")
        if not _is_int(seq) or not 0 <= seq <= limits.SEQ_MAX:
            self.counts[_BAD_CONFIGS] += 1
        elif seq != self.cfg_seq:
            self.cfg_seq = seq
            self._status_due = True

    def _command(self, word: bytes, payload: bytes) -> None:
        """Do one command, once for each token, and answer it."""
        self.counts[_COMMANDS] += 1
        verb = ""
        for known in self.verbs:
            if word == known.encode():
                verb = known
        args = _object(payload) if payload else {}
        token = None if args is None else _token(args)
        if token is not None and token in self._tokens:
            self.counts[_REPEATED_COMMANDS] += 1
            self._answer(verb, token, "", True)
            return
        problem = self._do(verb, args)
        if problem:
            self.counts[_BAD_COMMANDS] += 1
        elif token is not None:
            self._tokens.append(token)
            if len(self._tokens) > limits.TOKENS_MAX:
                self._tokens.pop(0)
        self._answer(verb, token, problem, False)

    def _do(self, verb: str, args) -> str:
        """Return why the command was refused, or an empty string."""
        if args is None:
            return "the payload is no JSON object"
        if verb == "status":
            self._status_due = True
        elif verb == "stop":
            self.stop()
        elif verb != "sense":
            return "the verbs are " + ", ".join(self.verbs)
        elif not self._emulated:
            return "this node has a real sensor"
        else:
            value_q = args.get("value_q")
            if value_q is not None and (not _is_int(value_q) or abs(value_q) > limits.Q_MAX):
                return "value_q is an integer below 2^23, or null for the sensor"
            self.demand_q = value_q
            self._status_due = True
        return ""

    def _answer(self, verb: str, token, problem: str, again: bool) -> None:
        if len(self.outgoing) >= limits.SEND_QUEUE_MAX:
            return
        pairs = [
            ("tok", report.text(token)),
            ("verb", report.text(verb)),
            ("ok", report.text(not problem)),
        ]
        if again:
            pairs.append(("again", "true"))
        if problem:
            pairs.append(("err", report.text(problem)))
        self._say(self._reply, report.rows(pairs).encode(), 1, False)

    # -- once a turn ------------------------------------------------------------------------------

    def tick(self, now_ms: int, agent, extra) -> None:
        """Look for what is to be said. extra(): more (key, JSON text) pairs for the status."""
        if not self._wake_set:
            self._wake_set = True
            self.next_wake_ms = self._status_first_ms = self._events_from_ms = now_ms
        if agent.held != self._held:
            self._held = agent.held
            self._status_due = True
        if agent.counters.counts[count.EQUIVOCATION] != self._equivocations:
            self._equivocations = agent.counters.counts[count.EQUIVOCATION]
            self._accuse(now_ms, agent.neighbours.suspicion)
        if not self._up:
            self.next_wake_ms = ticks_add(now_ms, _FAR_MS)
            return
        self._send_events(now_ms)
        due = ticks_diff(now_ms, self.next_wake_ms) >= 0
        soon = self._status_due and ticks_diff(now_ms, self._status_first_ms) >= 0
        if soon or (due and (self._status_ms or self._status_due)):
            self._say_status(now_ms, agent, extra)
        self._set_wake(now_ms)

    def _say_status(self, now_ms: int, agent, extra) -> None:
        pairs = [
            ("cfg_seq", str(self.cfg_seq)),
            ("sensor", report.text("real" if self.demand_q is None else "command")),
            ("agent", report.counted(AGENT_NAMES, agent.counters.counts)),
            ("link", report.counted(NAMES, self.counts)),
        ]
        self.outgoing.append((self._status, report.status(agent, pairs + extra()), 0, False))
        self._status_due = False
        self._status_first_ms = ticks_add(now_ms, limits.STATUS_MS_MIN)
        self._said_ms = now_ms

    def _set_wake(self, now_ms: int) -> None:
        if self._status_due:
            self.next_wake_ms = self._status_first_ms
        elif self._status_ms:
            self.next_wake_ms = ticks_add(self._said_ms, self._status_ms)
        else:
            self.next_wake_ms = ticks_add(now_ms, _FAR_MS)

    # -- events -----------------------------------------------------------------------------------

    def _accuse(self, now_ms: int, suspicion) -> None:
        """Name the neighbours of whom there is new evidence."""
        for slot in range(len(suspicion)):
            if suspicion[slot] != self._suspicion[slot]:
                self._suspicion[slot] = suspicion[slot]
                of = report.text(self.settings.ids[slot])
                pairs = (("of", of), ("count", str(suspicion[slot])))
                self.note("equivocation", now_ms, pairs)

    def note(self, name: str, now_ms: int, pairs: tuple) -> None:
        """Keep an event until it may be said; the first ones win, the others are counted."""
        if len(self._events) >= limits.EVENTS_MAX:
            self.counts[_EVENTS_DROPPED] += 1
            return
        self._events.append(report.event(name, self.session, now_ms, pairs))

    def _send_events(self, now_ms: int) -> None:
        if ticks_diff(now_ms, self._events_from_ms) >= limits.EVENTS_MS:
            self._events_from_ms = now_ms
            self._events_left = limits.EVENTS_MAX
        while self._events and self._events_left:
            self._events_left -= 1
            self._say(self._event, self._events.pop(0), 1, False)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _object(payload: bytes):
    """Return a JSON object as a dict, or None for anything else; never raises."""
    try:
        value = json.loads(payload)
    except Exception:  # what json raises on garbage differs by runtime
        return None
    return value if isinstance(value, dict) else None


def _token(args: dict):
    """Return the token of a command, an int or a short str, or None."""
    token = args.get("tok")
    if _is_int(token):
        return token
    if isinstance(token, str) and len(token) <= limits.TOKEN_CHARS_MAX:
        return token
    return None
