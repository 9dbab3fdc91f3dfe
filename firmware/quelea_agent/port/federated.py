"""The main loop of a node that trains with others: samples, agent, transport, one wait a turn.

cfg.json is that of any node (rule and faults_max are those of the average), with one more object
`federated`: samples, test (files beside it, quelea_agent.samples; without test nothing is
judged), seed, wait_ms (for a neighbour's parameters). Nothing begins before the host says so.

    parcels     n/<id>/x              PARCEL rows, to all neighbours
    training    cmd/all/mode          {"n", "rounds", "calm_rounds", "steps", "shift",
                                       "late_round", "late_shift"}; n numbers it
    own         cmd/<id>/own          {"n", "lie"}; of an emulated liar alone
    status      n/<id>/status         JSON: epoch, round, used, right, accepted, refused ...
    end         cmd/all/stop
"""

import json

from quelea_proto.draws import Draws
from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import const
from quelea_proto.topics import build

from quelea_agent import gradients, samples
from quelea_agent.federated import DONE, Course, Federated, Plan
from quelea_agent.port import store
from quelea_agent.port.heap import Heap
from quelea_agent.port.loop import Loop, start

_STATUS_MS = const(1000)  # when nothing changes
_LIE_LANE = const(1)
_COURSE = ("n", "rounds", "calm_rounds", "steps", "shift", "late_round", "late_shift")


class Node(Loop):
    """One node with its edges."""

    def __init__(self, module, port, cfg: dict, settings) -> None:
        Loop.__init__(self, module, port, cfg, settings)
        row = cfg["federated"]
        path = row.get("samples", "own.bin")
        own, problem = samples.load(store.read(path))
        if problem:
            self.problem = path + ": " + problem
            return
        self._test = row.get("test", "")
        self._judging = None  # the open file of the test
        self.agent = Federated(
            Plan(
                settings.node, settings.numbers, settings.rule, settings.faults_max,
                row.get("seed", 0), row.get("wait_ms", 2000),
            ),
            self.session, own,
        )  # fmt: skip
        self.heap = Heap()
        self.right = 0
        self.judged = 0
        self._said_ms = self.ticks.ticks_ms()
        self._forge = None
        self._draws = Draws(row.get("seed", 0) + _LIE_LANE, settings.node)
        self._own = 0
        self._topics(settings)

    def _topics(self, settings) -> None:
        fleet, own = settings.fleet, settings.id
        self._parcels = build("frame", fleet, own).encode()
        self._status = build("status", fleet, own).encode()
        self._mode_topic = build("command", fleet, "all", "mode").encode()
        self._stop_topic = build("command", fleet, "all", "stop").encode()
        self._own_topic = build("command", fleet, own, "own").encode()
        self._sources = {}
        for topic in (self._mode_topic, self._stop_topic, self._own_topic):
            self.filters.append((topic, 1))
        for slot in range(len(settings.numbers)):
            topic = build("frame", fleet, settings.ids[slot]).encode()
            self._sources[topic] = settings.numbers[slot]
            self.filters.append((topic, 0))

    # -- a turn ---------------------------------------------------------------------------------
    def _turn(self) -> None:
        agent = self.agent
        self._follow()
        self._take_all()
        now_ms = self.ticks.ticks_ms()
        round_before = agent.round
        parcels = agent.turn(now_ms)
        if parcels:
            if self._forge is not None:
                forge, lie = self._forge
                forge(agent, lie, self._draws)
            for part in range(parcels):
                self.transport.publish(self._parcels, agent.parcel(part))
        judging = self._judge()
        if agent.round != round_before and agent.state == DONE and self._test:
            self._open_test()
        if agent.round != round_before or ticks_diff(now_ms, self._said_ms) >= _STATUS_MS:
            self._say(now_ms)
            self.heap.sample()
        deadline_ms = ticks_add(self._said_ms, _STATUS_MS)
        latest_ms = ticks_add(now_ms, self.wait_ms_max)
        if ticks_diff(latest_ms, deadline_ms) < 0:
            deadline_ms = latest_ms
        self.transport.poll(now_ms if judging else agent.next_ms(now_ms, deadline_ms))

    def _judge(self) -> bool:
        """Judge some rows of the test once the training is over; True while there are more."""
        if self._judging is None:
            return False
        try:
            head = self._judging.read(samples.HEAD)
            rows, problem = samples.load(head + self._judging.read(samples.next_bytes(head)))
        except OSError:
            rows, problem = None, "cannot be read"
        if problem or rows.inputs != self.agent.model.inputs:
            self._judging.close()
            self._judging = None
            return False
        for at in range(0, rows.count * rows.row, rows.row):
            if self.agent.model.predict(rows.rows, at) == rows.rows[at + rows.inputs]:
                self.right += 1
        self.judged += rows.count
        return True

    def _open_test(self) -> None:
        self.right = self.judged = 0
        try:
            self._judging = open(self._test, "rb")
        except OSError:
            self._judging = None

    def _say(self, now_ms: int) -> None:
        self._said_ms = now_ms
        agent = self.agent
        self.transport.publish(
            self._status,
            json.dumps(
                {
                    "session": self.session,
                    "epoch": agent.course.epoch if agent.course is not None else 0,
                    "round": agent.round,
                    "done": agent.state == DONE,
                    "steps": agent.steps_done,
                    "used": agent.used,
                    "seq": agent.seq,
                    "right": self.right,
                    "judged": self.judged,
                    "accepted": agent.accepted,
                    "refused": agent.refused,
                    "strange": agent.strange,
                    "old": agent.old,
                    "partial": agent.partial,
                    "held": agent.held,
                    "jumps": agent.jumps,
                    "compiled": gradients.COMPILED,
                    "heap": [self.heap.bytes, self.heap.live_bytes, self.heap.high_bytes],
                }
            ).encode(),
        )

    # -- messages -------------------------------------------------------------------------------
    def _take(self, topic: bytes, payload: bytes) -> None:
        source = self._sources.get(topic)
        if source is not None:
            self.agent.hear(source, payload)
        elif topic == self._stop_topic:
            self.stopping = True
        elif topic == self._mode_topic:
            self._set_mode(_object(payload))
        elif topic == self._own_topic:
            self._set_own(_object(payload))

    def _set_mode(self, args) -> None:
        """Begin a training, once; what is out of range begins none."""
        if args is None:
            return
        figures = [args.get(name) for name in _COURSE]
        for figure in figures:
            if not isinstance(figure, int):
                return
        course = Course(*figures)
        known = self.agent.course
        if not course.valid() or (known is not None and known.epoch == course.epoch):
            return
        self._judging = None
        self.right = self.judged = 0
        self.agent.begin(course)

    def _set_own(self, args) -> None:
        if args is None or args.get("n", 0) == self._own:
            return
        self._own = args.get("n", 0)
        name = args.get("lie")
        self._forge = None
        if name:
            import attack  # staged beside cfg.json of an emulated liar, nowhere else

            lie = attack.find(name)
            if lie is not None:
                self._forge = (attack.forge, lie)


def _object(payload: bytes):
    """Return the JSON object in payload, or None."""
    try:
        value = json.loads(payload)
    except Exception:  # what json raises on garbage differs by runtime
        return None
    return value if isinstance(value, dict) else None


def main() -> None:
    """Run a node by cfg.json."""
    start("federated", Node)
