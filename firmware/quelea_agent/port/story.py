"""The main loop of a node that chooses among servers: chooser, transport, and one wait a turn.

    round (own clock): choose -> question to the server -> its answer -> a row to a neighbour

cfg.json is that of any node, with one more object `story`: capacities_q, allowed, demand_q, seed,
loss_of_32768 (rows of its own that the node drops, to have the loss of the simulator). Nothing
begins before the host says how to behave; what it says it repeats, numbered.

    question    n/<id>/x              lease row, for whoever stands for the servers
    answer      cmd/<id>/grant        lease row
    rumours     d/<id>/<neighbour>    rumour rows
    mode        cmd/all/mode          {"n", "rule", "throttled", "checked", "adaptive",
                                       "capacities_q"}
    own         cmd/<id>/own          {"n", "demand_q", "lie"}
    policy      cmd/all/policy        a network's file (dense.py), for the rule `policy`
    event       n/<id>/evt            whether it was taken: "policy", with bytes and problem
    end         cmd/all/stop
"""

import json

from quelea_proto.draws import Draws
from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.lease_row import BYTES, Lease, pack, unpack
from quelea_proto.limits import Q_MAX, const
from quelea_proto.topics import build

from quelea_agent import choice, report
from quelea_agent.chooser import Chooser, Plan
from quelea_agent.port import store
from quelea_agent.port.loop import Loop, start

_TABLE = "q.bin"  # what a rule that learns goes on from after a reboot
_POLICY = "policy.qnn"  # a network that the host has sent
_STORE_ROUNDS = const(1024)  # at four rounds a second 340 writes a day, on 100,000 erases a block
_LOSS_LANE = const(1)  # added to the seed: losses are drawn beside the chooser's own numbers


class Node(Loop):
    """One node with its edges; rounds are the chooser's, by this process's own clock."""

    def __init__(self, module, port, cfg: dict, settings) -> None:
        Loop.__init__(self, module, port, cfg, settings)
        story = cfg["story"]
        self.chooser = Chooser(
            Plan(
                settings.node, settings.numbers, tuple(story["capacities_q"]),
                tuple(story["allowed"]), story["demand_q"], story["seed"],
            ),
            self.session,
        )  # fmt: skip
        self.rule = ""
        self._unstored = 0  # rounds since the table was stored
        self.loss = story.get("loss_of_32768", 0)
        self.draws = Draws(story["seed"] + _LOSS_LANE, settings.node)
        self.began = False
        self.next_ms = 0
        self._seq = 0  # of the newest question
        self._first = 0  # of the first one to the server in use
        self._answered = 0
        self._mode = 0
        self._own = 0
        self._forge = None
        self._question = Lease()
        self._question.node = settings.node
        self._question.session = self.session
        self._answer = Lease()
        self._buffer = bytearray(BYTES)
        self._topics(settings)

    def _topics(self, settings) -> None:
        fleet = settings.fleet
        own = settings.id
        self._event = build("event", fleet, own).encode()
        self._ask_topic = build("frame", fleet, own).encode()
        self._own_prefix = build("command", fleet, own, "+")[:-1].encode()
        self._all_prefix = build("command", fleet, "all", "+")[:-1].encode()
        self.filters.append((build("direct", fleet, "+", own).encode(), 0))
        self.filters.append((self._own_prefix + b"+", 1))
        self.filters.append((self._all_prefix + b"+", 1))
        self._sources = {}
        self._to = {}
        for slot in range(len(settings.numbers)):
            other = settings.ids[slot]
            self._sources[build("direct", fleet, other, own).encode()] = settings.numbers[slot]
            self._to[settings.numbers[slot]] = build("direct", fleet, own, other).encode()

    def _leave(self) -> None:
        self._store()

    # -- a turn ---------------------------------------------------------------------------------
    def _turn(self) -> None:
        now_ms = self.ticks.ticks_ms()
        self._follow()
        self._take_all()
        deadline_ms = ticks_add(now_ms, self.wait_ms_max)
        if self.began:
            if ticks_diff(now_ms, self.next_ms) >= 0:
                self._round(now_ms)
            deadline_ms = self.next_ms
        self.transport.poll(deadline_ms)

    def _round(self, now_ms: int) -> None:
        """Begin a round; one that was lost entirely is left out."""
        period_ms = self.settings.period_ms
        self.next_ms = ticks_add(self.next_ms, period_ms)
        if ticks_diff(now_ms, self.next_ms) >= 0:
            self.next_ms = ticks_add(now_ms, period_ms)
        chooser = self.chooser
        question = self._question
        before = chooser.server
        question.server = chooser.choose()
        self._seq += 1
        if chooser.server != before:
            self._first = self._seq
        question.seq = self._seq
        question.first_q = chooser.demand_q
        question.second_q = chooser.lease.held_q
        question.use_q = chooser.held_q()
        pack(self._buffer, question)
        self.transport.publish(self._ask_topic, self._buffer)
        self._unstored += 1
        if self._unstored >= _STORE_ROUNDS:
            self._store()

    def _store(self) -> None:
        """Keep what was learned; where that fails, the node learns again after its next start."""
        self._unstored = 0
        table = self.chooser.learned()
        if table is not None:
            buffer = bytearray(table.dump_bytes())
            table.dump(buffer)
            store.replace(_TABLE, buffer)

    # -- messages -------------------------------------------------------------------------------
    def _take(self, topic: bytes, payload: bytes) -> None:
        source = self._sources.get(topic)
        if source is not None:
            if self.chooser.hear(source, payload):
                self._tell(source)
        elif topic.startswith(self._own_prefix):
            verb = topic[len(self._own_prefix) :]
            if verb == b"grant":
                self._granted(payload)
            elif verb == b"own":
                self._set_own(_object(payload))
        elif topic.startswith(self._all_prefix):
            verb = topic[len(self._all_prefix) :]
            if verb == b"stop":
                self.stopping = True
            elif verb == b"mode":
                self._set_mode(_object(payload))
            elif verb == b"policy":
                self._set_policy(payload)

    def _granted(self, payload: bytes) -> None:
        """Take an answer, then speak. A late one will do, if the node has not moved since."""
        answer = self._answer
        if not unpack(payload, answer) or not answer.answer:
            return
        if not max(self._first, self._answered + 1) <= answer.seq <= self._seq:
            return
        self._answered = answer.seq
        self.chooser.answered(answer.first_q, answer.second_q)
        slot = self.chooser.speak()
        if slot >= 0:
            self._tell(self.settings.numbers[slot])

    def _tell(self, number: int) -> None:
        """Send the chooser's row to a neighbour, unless it is to be lost."""
        if self._forge is not None:
            self._lie()
        if self.draws.next() >= self.loss:
            self.transport.publish(self._to[number], self.chooser.row)

    def _lie(self) -> None:
        chooser = self.chooser
        believed_q = [max(0, chooser.rumours.load_q(i)) for i in range(len(chooser.capacities_q))]
        forge, lie = self._forge
        forge(
            chooser.row, lie, chooser.capacities_q, believed_q, -1, chooser.rumours.round,
            self.draws,
        )  # fmt: skip

    # -- what the host says ---------------------------------------------------------------------
    def _set_mode(self, args) -> None:
        if args is None or args.get("n", 0) == self._mode or not choice.known(args.get("rule")):
            return
        self._mode = args.get("n", 0)
        capacities_q = args.get("capacities_q", ())
        chooser = self.chooser
        for server in range(min(len(capacities_q), len(chooser.capacities_q))):
            if 0 < capacities_q[server] <= Q_MAX and (
                capacities_q[server] != chooser.capacities_q[server]
            ):
                chooser.resize(server, capacities_q[server])
        if args.get("anew", True):
            self.rule = args["rule"]
            self._store()
            chooser.memory = store.read(_POLICY if self.rule == "policy" else _TABLE)
            chooser.use(
                args["rule"], bool(args.get("throttled")), bool(args.get("checked")),
                bool(args.get("adaptive")),
            )  # fmt: skip
        if not self.began:
            self.began = True
            phase_ms = self.draws.below(self.settings.period_ms)
            self.next_ms = ticks_add(self.ticks.ticks_ms(), phase_ms)

    def _set_policy(self, file: bytes) -> None:
        """Take a network's file, go by it if that is the rule, and say so; or say why not."""
        if file == store.read(_POLICY):
            return  # a repetition
        found = choice.find("policy")
        if found is None:
            problem = "this node has no rule of this name"
        else:
            rule = found(self.chooser, file)
            problem = rule.problem or ""
            if not problem and not store.replace(_POLICY, file):
                problem = "it cannot be stored"
            if not problem and self.rule == "policy":
                self.chooser.follow(rule)
        pairs = (("bytes", str(len(file))), ("problem", report.text(problem)))
        event = report.event("policy", self._question.session, self.ticks.ticks_ms(), pairs)
        self.transport.publish(self._event, event, 1)

    def _set_own(self, args) -> None:
        if args is None or args.get("n", 0) == self._own:
            return
        self._own = args.get("n", 0)
        demand_q = args.get("demand_q", 0)
        if isinstance(demand_q, int) and 0 < demand_q <= Q_MAX:
            self.chooser.demand_q = demand_q
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
    start("story", Node)
