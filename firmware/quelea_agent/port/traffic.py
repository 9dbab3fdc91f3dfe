"""The main loop of an intersection: readings in, the agent's step, lamps and claims out.

cfg.json is that of any node, with one more object `traffic`: the plan of quelea_agent.crossing.
Its clock is the host's, a second at a time: everybody is given a reading, and when all have it,
all are told to step. So a claim that comes before the reading is of the second before, one that
comes after it waits for the next, and a run is the same however fast each node is. What comes
again is answered again.

    reading     cmd/<id>/seen     count u16, box u8; by lane queue_q u16, bins of coming_q u16,
                                  stands u8; by exit full u8; by neighbour left u8
    step        cmd/all/step      count u16
    lamps       n/<id>/rpl        count u16, stage u8 (255: the reading is here, the step not yet
                                  done), phase u8, next u8, checksum u16
    claims      n/<id>/x          claim rows, to all neighbours
    end         cmd/all/stop
"""

from quelea_proto.crc import crc16
from quelea_proto.fixed import ticks_add
from quelea_proto.frames import get, put
from quelea_proto.limits import INBOX_FRAMES_MAX, const
from quelea_proto.topics import build

from quelea_agent.crossing import BINS, Crossing, Plan
from quelea_agent.port.loop import Loop, start

_ANSWER = const(7)  # bytes
_HEARD = const(255)  # for a stage


def reading_bytes(crossing) -> int:
    """Return the length of a reading."""
    return 3 + crossing.lanes * (2 * BINS + 3) + len(crossing.exit_full) + len(crossing.left)


def write_reading(buffer: bytearray, count: int, crossing) -> None:
    """Write what a crossing's columns have into buffer, which holds reading_bytes()."""
    put(buffer, 0, 2, count)
    buffer[2] = min(255, crossing.box)
    at = 3
    for lane in range(crossing.lanes):
        put(buffer, at, 2, min(65535, crossing.queue_q[lane]))
        at += 2
        for value_q in crossing.coming_q[lane]:
            put(buffer, at, 2, min(65535, value_q))
            at += 2
        buffer[at] = crossing.stands[lane]
        at += 1
    for value in crossing.exit_full:
        buffer[at] = value
        at += 1
    for value in crossing.left:
        buffer[at] = min(255, value)
        at += 1


def read_reading(payload, crossing) -> int:
    """Write a reading into a crossing's columns; return its count, or -1 for a faulty one."""
    if len(payload) != reading_bytes(crossing):
        return -1
    crossing.box = payload[2]
    at = 3
    for lane in range(crossing.lanes):
        crossing.queue_q[lane] = get(payload, at, 2, False)
        at += 2
        row = crossing.coming_q[lane]
        for bin_ in range(BINS):
            row[bin_] = get(payload, at, 2, False)
            at += 2
        crossing.stands[lane] = payload[at] & 1
        at += 1
    for way in range(len(crossing.exit_full)):
        crossing.exit_full[way] = min(100, payload[at])
        at += 1
    for slot in range(len(crossing.left)):
        crossing.left[slot] = payload[at]
        at += 1
    return get(payload, 0, 2, False)


class Node(Loop):
    """One intersection with its edges."""

    def __init__(self, module, port, cfg: dict, settings) -> None:
        Loop.__init__(self, module, port, cfg, settings)
        self.crossing = Crossing(Plan(cfg["traffic"]), self.session)
        self._count = -1  # of the newest reading
        self._stepped = True  # the step of that reading is done
        self._due = []  # claims for it
        self._claims = []  # those that came since
        self._answer = bytearray(_ANSWER)
        fleet, own = settings.fleet, settings.id
        self._claim_topic = build("frame", fleet, own).encode()
        self._answer_topic = build("reply", fleet, own).encode()
        self._seen_topic = build("command", fleet, own, "seen").encode()
        self._step_topic = build("command", fleet, "all", "step").encode()
        self._stop_topic = build("command", fleet, "all", "stop").encode()
        self._sources = {}
        for slot in range(len(settings.numbers)):
            topic = build("frame", fleet, settings.ids[slot]).encode()
            self._sources[topic] = settings.numbers[slot]
        for topic in (self._seen_topic, self._step_topic, self._stop_topic):
            self.filters.append((topic, 0))
        for slot in range(len(settings.ids)):
            self.filters.append((build("frame", fleet, settings.ids[slot]).encode(), 0))

    def _turn(self) -> None:
        self._follow()
        self._take_all()
        self.transport.poll(ticks_add(self.ticks.ticks_ms(), self.wait_ms_max))

    def _take(self, topic: bytes, payload: bytes) -> None:
        if topic == self._seen_topic:
            self._seen(payload)
        elif topic == self._step_topic:
            self._step(payload)
        elif topic == self._stop_topic:
            self.stopping = True
        else:
            source = self._sources.get(topic)
            if source is not None and len(self._claims) < INBOX_FRAMES_MAX:
                self._claims.append((source, payload))

    def _seen(self, payload: bytes) -> None:
        """Take a reading, once, and with it what was claimed before; say that it is here."""
        if len(payload) < 2:
            return
        if get(payload, 0, 2, False) != self._count:
            count = read_reading(payload, self.crossing)
            if count < 0:
                return
            self._count = count
            self._stepped = False
            self._due = self._claims
            self._claims = []
            answer = self._answer
            put(answer, 0, 2, count)
            answer[2], answer[3], answer[4] = _HEARD, 0, 0
            put(answer, 5, 2, crc16(answer, 5))
        self.transport.publish(self._answer_topic, self._answer)

    def _step(self, payload: bytes) -> None:
        """Do the step of the reading that is here, once, and answer with the lamps."""
        if len(payload) != 2 or get(payload, 0, 2, False) != self._count:
            return
        if not self._stepped:
            self._stepped = True
            crossing = self.crossing
            claim = crossing.step(self._due)
            self._due = []
            answer = self._answer
            answer[2], answer[3] = crossing.head.stage, crossing.head.phase
            answer[4] = crossing.head.next
            put(answer, 5, 2, crc16(answer, 5))
            crossing.head.tick()
            if claim is not None:
                self.transport.publish(self._claim_topic, claim)
        self.transport.publish(self._answer_topic, self._answer)


def main() -> None:
    """Run a node by cfg.json."""
    start("traffic", Node)
