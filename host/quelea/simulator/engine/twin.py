"""One seed of the engine on the reference's Machines: real frames, the same draws, slow.

Written from engine.h's words and not from its code: what it shares with the lanes is the plan and
the hash of draws.py. Every node of every round must come to the same state.
"""

from typing import Any

from quelea.reference import Machine
from quelea.simulator.engine.draws import EDGE, MASK, ROUND, mixed
from quelea.simulator.engine.lanes import PERIOD_MS, PHASE, START_MS, graph_arrays
from quelea.simulator.engine.plan import Group
from quelea.simulator.network import seal

DEPTH = 16
TICKS = 1 << 30
Q_MAX = 8_388_607
TOP, BOTTOM, SWING, BY_RECEIVER, NOISE, BEYOND, IN_HULL, DRIFT, TWO_FACED, EPOCH, SILENT = range(
    1, 12
)


def _field(payload: bytes, at: int, width: int, value: int) -> bytes:
    body = bytearray(payload[:-2])
    body[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return seal(body)


class Said:
    """A frame as it was sent, with what its sender had heard: a liar draws on that."""

    def __init__(self, payload: bytes, machine: Machine) -> None:
        self.payload = payload
        self.seq = int(machine.seq)
        self.epoch = int(machine.epoch)
        values_q = [machine.value_q]
        for peer in machine.peers:
            if peer.live and peer.epoch == machine.epoch:
                values_q.append(peer.value_q)
        self.low_q, self.high_q = min(values_q), max(values_q)


class Twin:
    """machines: by node, None while off. active: who did a round in the last one."""

    def __init__(self, group: Group, lane: int) -> None:
        self.group = group
        self.lane = lane
        self.nodes = group.topology.node_count
        self.starts, self.others, _ = (row.tolist() for row in graph_arrays(group.topology))
        self.draws = group.draws[:, lane].tolist()
        self.lies = group.lies[:, lane].tolist()
        self.session = group.session[:, lane].tolist()
        self.down = group.down[:, lane].tolist()
        self.still = [0] * self.nodes
        self.machines: list[Machine | None] = [None] * self.nodes
        self.said: list[dict[int, Said]] = [{} for _ in range(self.nodes)]  # by round
        self.active: list[bool] = []
        self.segment = 0

    def run(self, rounds: int) -> Any:
        """Do rounds from the first on; yield each round's number when it is done."""
        bounds = self.group.segments
        for round_ in range(rounds):
            while round_ >= bounds[self.segment][2]:
                self.segment += 1
            if round_ >= self.group.calm_from:
                self.draws[1:] = [0] * (len(self.draws) - 1)
            self._round(round_)
            yield round_

    def _round(self, round_: int) -> None:
        base = mixed(self.draws[0] ^ round_ * ROUND)
        spoken: list[Said | None] = []
        self.active = []
        for i in range(self.nodes):
            active = self._powered(i, round_, base)
            self.active.append(active)
            spoken.append(self._step(i, round_, base) if active else None)
        for i, said in enumerate(spoken):  # a frame takes a round at least
            self.said[i].pop(round_ - DEPTH, None)
            if said is not None:
                self.said[i][round_] = said

    def _ticks(self, i: int, round_: int) -> int:
        return (START_MS + PHASE * (i + 1) % PERIOD_MS + round_ * PERIOD_MS) % TICKS

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
            return self.still[i] == 0
        drawn = mixed(base + (len(self.others) + i) * EDGE)
        _, _, _, _, crash, pause = self.draws
        if drawn & 65535 < crash:
            self.down[i] = 1 + (drawn >> 16 & 15)
            return False
        if drawn & 65535 < crash + pause:
            self.still[i] = 1 + (drawn >> 20 & 7)
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
        machine = Machine(cfg, self.session[i])
        now_ms = self._ticks(i, round_)
        machine.step((now_ms - PHASE * number % PERIOD_MS) % TICKS, ())
        self.machines[i] = machine

    def _step(self, i: int, round_: int, base: int) -> Said:
        machine = self.machines[i]
        assert machine is not None
        now_ms = self._ticks(i, round_)
        machine.sense(now_ms, int(self.group.demand[self.segment, i, self.lane]))
        frames = []
        for edge in range(self.starts[i], self.starts[i + 1]):
            frames += self._arriving(i, edge, round_, base)
        sent = machine.step(now_ms, frames)
        assert len(sent) == 1, "a node that is called at its time says one thing"
        return Said(bytes(sent[0][1]), machine)

    def _arriving(self, i: int, edge: int, round_: int, base: int) -> list[tuple[int, bytes]]:
        """Return what a link delivers in this round: a frame, an older one, both or nothing."""
        other = self.others[edge]
        drawn = mixed(base + edge * EDGE)
        _, loss, late, extra, _, _ = self.draws
        two, one = self.group.cuts[self.segment, :, self.lane]
        apart = self.group.side[self.segment, [i, other], self.lane].astype(bool)
        if apart[0] != apart[1] and (two or (one and apart[1])):
            return []
        out = []
        if drawn & 255 >= loss:
            more = 1 + (drawn >> 8 & 3) if drawn >> 8 & 255 < late else 0
            out += self._copy(i, other, round_, 1 + more)
        if drawn >> 16 & 255 < extra:
            out += self._copy(i, other, round_, 1 + (drawn >> 24 & 7))
        return out

    def _copy(self, i: int, other: int, round_: int, age: int) -> list[tuple[int, bytes]]:
        said = self.said[other].get(round_ - age)
        if said is None:
            return []
        payload = said.payload
        if self.lies[other]:
            payload = self._lied(self.lies[other], i, age, said)
        return [(other + 1, payload)] if payload else []

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
