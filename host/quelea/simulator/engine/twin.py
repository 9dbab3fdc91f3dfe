"""One seed of the engine on real agents: real frames, the same draws, slow.

Written from engine.h's words and not from its code: what it shares with the lanes is the plan and
the hash of draws.py. Every node of every round must come to the same state.
"""

from collections.abc import Callable, Iterator
from typing import Any

from quelea_agent.agent import Agent
from quelea_agent.settings import load

from quelea.errors import UserError
from quelea.simulator.engine.diary import PERIOD_MS, PHASE, Diary
from quelea.simulator.engine.draws import EDGE, MASK, ROUND, mixed
from quelea.simulator.engine.lanes import START_MS, graph_arrays
from quelea.simulator.engine.plan import Group
from quelea.simulator.forgery import future
from quelea.simulator.network import COPY, DAMAGED, LOST, OLD, SENT, seal

DEPTH = 16
TICKS = 1 << 30
SPOIL = 0x5BD1E995
CLOG, FLAP = 4, 4
Q_MAX = 8_388_607
TOP, BOTTOM, SWING, BY_RECEIVER, NOISE, BEYOND, IN_HULL, DRIFT, TWO_FACED, EPOCH, SILENT = range(
    1, 12
)
Make = Callable[[dict[str, Any], int], Any]


def agent(cfg: dict[str, Any], session: int) -> Any:
    """Return the agent that quelea_agent makes of a configuration."""
    settings, problem = load(cfg)
    if problem:
        raise UserError(problem, "engine")
    return Agent(settings, session)


def _field(payload: bytes, at: int, width: int, value: int) -> bytes:
    body = bytearray(payload[:-2])
    body[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return seal(body)


class Said:
    """A frame as it was sent, with what its sender had heard: a liar draws on that."""

    def __init__(self, payload: bytes, speaker: Any) -> None:
        self.payload = payload
        self.seq = int(speaker.seq)
        self.epoch = int(speaker.epoch)
        table = speaker.neighbours
        values_q = [speaker.value_q]
        for slot in range(len(table.numbers)):
            if table.live[slot] and table.epoch[slot] == speaker.epoch:
                values_q.append(table.value_q[slot])
        self.low_q, self.high_q = min(values_q), max(values_q)


class Twin:
    """agents: by node, None before the first boot. active: who did a round in the last one.

    make: from (configuration, session) to a node with the agent's seam and its attributes. diary:
    told of everything, for a journal and a picture.
    """

    def __init__(
        self, group: Group, lane: int, make: Make = agent, diary: Diary | None = None
    ) -> None:
        self.group = group
        self.lane = lane
        self.make = make
        self.diary = diary
        self.nodes = group.topology.node_count
        self.starts, self.others, _ = (row.tolist() for row in graph_arrays(group.topology))
        self.draws = group.draws[:, lane].tolist()
        self.lies = group.lies[:, lane].tolist()
        self.session = group.session[:, lane].tolist()
        self.down = group.down[:, lane].tolist()
        self.still = [0] * self.nodes
        self.away = [0] * self.nodes
        self.agents: list[Any] = [None] * self.nodes
        self.said: list[dict[int, Said]] = [{} for _ in range(self.nodes)]  # by round
        self.active: list[bool] = []
        self.segment = -1

    def run(self, rounds: int) -> Iterator[int]:
        """Do rounds from the first on; yield each round's number when it is done."""
        bounds = self.group.segments
        for round_ in range(rounds):
            if self.segment < 0 or round_ >= bounds[self.segment][2]:
                self._enter(self.segment + 1, round_)
            self._round(round_)
            yield round_
        if self.diary is not None:
            self.diary.finish(rounds, self.agents)

    def _enter(self, segment: int, round_: int) -> None:
        self.segment = segment
        if self.diary is not None:
            self.diary.enter(self.group, self.lane, segment, round_)
        away = self.group.away[segment, :, self.lane].tolist()
        if any(away):
            self.said = [{} for _ in range(self.nodes)]
        self.away = [max(pair) for pair in zip(self.away, away)]
        if round_ >= self.group.calm_from:
            self.draws[1:7] = [0] * 6
            self.away = [0] * self.nodes

    def _round(self, round_: int) -> None:
        base = mixed(self.draws[0] ^ round_ * ROUND)
        spoken: list[Said | None] = []
        self.active = []
        for i in range(self.nodes):
            active = self._powered(i, round_, base)
            self.active.append(active)
            said = self._step(i, round_, base) if active else None
            spoken.append(None if self.away[i] else said)
            self.away[i] -= self.away[i] > 0
        for i, said in enumerate(spoken):  # a frame takes a round at least
            self.said[i].pop(round_ - DEPTH, None)
            if said is not None:
                self.said[i][round_] = said

    def _ticks(self, i: int, round_: int) -> int:
        return (START_MS + PHASE * (i + 1) % PERIOD_MS + round_ * PERIOD_MS) % TICKS

    def _tell(self, i: int, round_: int, what: str, **detail: int) -> None:
        if self.diary is not None:
            self.diary.event(i, round_, what, detail, self.agents[i])

    def _powered(self, i: int, round_: int, base: int) -> bool:
        """Return whether node i does this round; it boots, crashes and stands still here."""
        if self.down[i]:
            self.down[i] -= 1
            if self.down[i]:
                return False
            self._boot(i, round_)
            return True
        if self.still[i]:
            self.still[i] -= 1
            if self.still[i] == 0:
                self._tell(i, round_, "resumed")
            return self.still[i] == 0
        drawn = mixed(base + (len(self.others) + i) * EDGE)
        *_, crash, pause, _ = self.draws
        if drawn & 65535 < crash:
            self.down[i] = 1 + (drawn >> 16 & 15)
            self._tell(i, round_, "down")
            return False
        if drawn & 65535 < crash + pause:
            self.still[i] = 1 + (drawn >> 20 & 7)
            self._tell(i, round_, "paused")
            return False
        return True

    def _boot(self, i: int, round_: int) -> None:
        number, topology, group = i + 1, self.group.topology, self.group
        self.session[i] = self.session[i] % 65535 + 1
        rows = [
            [other, topology.id_of(other), topology.slot(other, number)]
            for other in topology.neighbours(number)
        ]
        cfg = {
            "fleet": "lanes", "id": topology.id_of(number), "node": number, "neighbours": rows,
            "mode": group.mode, "rule": group.rule, "faults_max": group.faults_max,
            "period_ms": PERIOD_MS, "epoch_rounds": group.epoch_rounds,
            "fresh_rounds": group.fresh_rounds, "lo_q": group.lo_q, "hi_q": group.hi_q,
        }  # fmt: skip
        one = self.make(cfg, self.session[i])
        if round_ == 0 and group.mode == "resilient":
            one.mode.epoch = self.draws[-1]  # up for long: the fleet's epoch, not 0
        now_ms = self._ticks(i, round_)
        one.step((now_ms - PHASE * number % PERIOD_MS) % TICKS, ())
        self.agents[i] = one
        self._tell(i, round_, "booted", session=self.session[i])

    def _step(self, i: int, round_: int, base: int) -> Said:
        one = self.agents[i]
        now_ms = self._ticks(i, round_)
        one.sense(now_ms, int(self.group.demand[self.segment, i, self.lane]))
        frames = []
        if not self.away[i]:
            for edge in range(self.starts[i], self.starts[i + 1]):
                frames += self._arriving(i, edge, round_, base)
        sent = one.step(now_ms, frames)
        assert len(sent) == 1, "a node that is called at its time says one thing"
        said = Said(bytes(sent[0][1]), one)
        if self.diary is not None and not self.away[i] and not self.lies[i]:
            self.diary.frame(i, round_, 0, said.payload)
        return said

    def _arriving(self, i: int, edge: int, round_: int, base: int) -> list[tuple[int, bytes]]:
        """Return what a link delivers in this round: a frame, an older one, both or nothing."""
        other = self.others[edge]
        drawn = mixed(base + edge * EDGE)
        _, loss, late, extra, damage, *_ = self.draws
        if self._cut(i, other, round_):
            self._lost(i, other, round_)
            return []
        out = []
        if drawn & 255 >= loss:
            more = 1 + (drawn >> 8 & 3) if drawn >> 8 & 255 < late else 0
            if self.group.clog[self.segment, other, self.lane]:
                more += CLOG
            spoil = mixed(drawn ^ SPOIL)
            how = spoil >> 8 & 7 if spoil & 255 < damage else -1
            out += self._copy(i, other, round_, 1 + more, DAMAGED if how >= 0 else SENT, how)
        else:
            self._lost(i, other, round_)
        if drawn >> 16 & 255 < extra:
            age = 1 + (drawn >> 24 & 7)
            out += self._copy(i, other, round_, age, COPY if age == 1 else OLD)
        return out

    def _cut(self, i: int, other: int, round_: int) -> bool:
        two, one, flapping = self.group.cuts[self.segment, :, self.lane].tolist()
        if flapping and round_ & FLAP:
            return False
        mine, theirs = self.group.side[self.segment, [i, other], self.lane].tolist()
        return mine != theirs and bool(two or (one and theirs))

    def _lost(self, i: int, other: int, round_: int) -> None:
        if self.diary is not None and round_ - 1 in self.said[other]:
            self.diary.flight(other, round_ - 1, i, round_ - 1, LOST)

    def _copy(
        self, i: int, other: int, round_: int, age: int, fate: str, how: int = -1
    ) -> list[tuple[int, bytes]]:
        said = self.said[other].get(round_ - age)
        if said is None:
            return []
        payload = said.payload
        if self.lies[other]:
            payload = self._lied(self.lies[other], i, age, said)
            if not payload:
                return []
            if self.diary is not None:
                self.diary.frame(other, round_ - age, i + 1, payload)
        if self.diary is not None:
            self.diary.flight(other, round_ - age, i, round_, fate)
        return [(other + 1, self._spoiled(payload, how, other))]

    def _spoiled(self, payload: bytes, how: int, other: int) -> bytes:
        """Return the frame cut short, a bit flipped, of a later version, or another's."""
        if how < 0:
            return payload
        if how > 5 and not self.lies[other]:
            how = 3
        if how < 2:
            return payload[:3]
        if how == 2:
            return payload[:-1]
        if how < 5:
            return payload[:12] + bytes([payload[12] ^ 1]) + payload[13:]
        return future(payload) if how == 5 else _field(payload, 2, 2, (other + 1) % self.nodes + 1)

    def _lied(self, lie: int, i: int, age: int, said: Said) -> bytes:
        lo_q, hi_q = self.group.lo_q, self.group.hi_q
        span_q, side, odd = hi_q - lo_q, i & 1, said.seq & 1
        claims = {
            TOP: hi_q,
            BOTTOM: lo_q,
            SWING: hi_q if odd else lo_q,
            BY_RECEIVER: hi_q if side else lo_q,
            NOISE: lo_q + (self._noise(said.seq, i) >> 20) * (span_q >> 12),
            BEYOND: Q_MAX if side else -Q_MAX,
            IN_HULL: said.high_q if side else said.low_q,
            DRIFT: min(hi_q, said.high_q + (span_q >> 6 or 1)),
            TWO_FACED: hi_q if age & 1 else lo_q,
            EPOCH: hi_q,
            SILENT: hi_q,
        }
        if lie == SILENT and not said.seq & 16:
            return b""
        payload = _field(said.payload, 15, 3, claims[lie])
        if lie == EPOCH:
            payload = _field(payload, 6, 2, said.epoch + 1 + (said.seq & 3))
        return payload

    def _noise(self, seq: int, i: int) -> int:
        return mixed(self.draws[0] & MASK ^ mixed(seq + i * 0x27D4EB2F))
