"""Random whole-node traces: one seed gives a configuration, a clock and everything that comes in.

Frames are made here with struct and binascii.crc_hqx, not with any codec of ours. What comes in
follows what the node under test says: neighbours that agree, lag, lie, repeat, contradict
themselves, reboot; and bytes that are no frame at all.
"""

import random
import struct
from binascii import crc_hqx
from importlib import import_module

from conftest import need

RULES = ("mean", "trimmed-mean", "wmsr", "midpoint", "median", "trim-and-clip", "clipped-wmsr")
Q_MAX = (1 << 23) - 1
TICKS = 1 << 30


def backend(name):
    """Return the modules of "python" or "cython" as {noun: module}; skips when not built."""
    package = {"python": "twin", "cython": "compiled"}[name]
    nouns = ("codec", "rules", "flows", "frames", "machine")
    try:
        return {noun: import_module(f"quelea.reference.{package}.{noun}") for noun in nouns}
    except ModuleNotFoundError:
        need(False, "the compiled reference", "make env")


def signed(value, width):
    return (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")


def frame(kind, head, used, columns=(), flags=0, version=1):
    """Return a frame; head: node, session, epoch, seq, input_q, value_q; columns of a flow frame:
    (flow_q, turn, residue) a neighbour. Values are cut to their width, not checked."""
    wide = 3 if kind == 1 else 4
    data = struct.pack("<BBHHHI", version << 5 | kind, flags, *head[:4])
    data += signed(head[4], wide) + signed(head[5], wide) + bytes([len(used)]) + bytes(used)
    if kind == 2:
        for flow_q, turn, _ in columns:
            data += struct.pack("<I", turn << 29 | flow_q & 0x1FFFFFFF)
        data += bytes([residue & 255 for _, _, residue in columns])
    return data + struct.pack("<H", crc_hqx(data, 0xFFFF))


def configuration(rng):
    """Return a random cfg.json as a dict: either mode, any rule, 1 to 12 neighbours or 126."""
    count = 126 if rng.random() < 0.01 else rng.randrange(1, 13)
    numbers = sorted(rng.sample(range(1, 40 if count < 20 else 65536), count + 1))
    node = numbers.pop(rng.randrange(count + 1))
    lo_q, hi_q = rng.choice([(0, Q_MAX), (-Q_MAX, Q_MAX), (-50, 50), (100, 20000), (0, 1)])
    faults_max = rng.randrange((count + 1) // 2)
    return {
        "v": 1, "fleet": "demo", "id": f"n{node}", "node": node,
        "neighbours": [[to, f"n{to}", rng.randrange(min(12, count))] for to in numbers],
        "mode": rng.choice(["resilient", "exact"]), "rule": rng.choice(RULES),
        "faults_max": faults_max, "period_ms": rng.choice([20, 50, 500, 1000, 3_600_000]),
        "epoch_rounds": rng.choice([0, 1, 2, 5, 20]), "fresh_rounds": rng.choice([1, 2, 4, 100]),
        "fanout": rng.choice([0, 0, 1, 3, 126]), "lo_q": lo_q, "hi_q": hi_q,
        "quiet_rounds_max": rng.choice([0, 0, 1, 3, 16, 48]),
        "dead_band_q": rng.choice([0, 1, (hi_q - lo_q) >> 8, Q_MAX]),
    }  # fmt: skip


class Neighbour:
    """One neighbour, honest for the most part: what it said last and how it goes on."""

    def __init__(self, rng, row, cfg):
        self.rng = rng
        self.number, _, self.back_slot = row
        self.cfg = cfg
        self.session = rng.choice([1, 7, 32767, 32768, 65534, 65535])
        self.epoch = rng.choice([0, 0, 0, 1, 65535, 40000])
        self.seq = rng.choice([1, 1, 250, (1 << 30) - 40])
        self.last = b""

    def value_q(self, own_q):
        rng = self.rng
        far_q = Q_MAX if self.cfg["mode"] == "resilient" else (1 << 28) - 1
        near_q = own_q + rng.randrange(-20, 21)
        lo_q, hi_q = self.cfg["lo_q"], self.cfg["hi_q"]
        pick = rng.random()
        if pick < 0.6:
            return max(-far_q, min(far_q, near_q))
        if pick < 0.9:
            return rng.randrange(lo_q, hi_q + 1)
        return rng.choice([far_q, -far_q, far_q + 1, -far_q - 1, 1 << 30, -(1 << 30), 0])

    def advance(self):
        """Move seq, epoch and session on, seldom back."""
        rng = self.rng
        pick = rng.random()
        if pick < 0.8:
            self.seq += 1
        elif pick < 0.85:
            self.seq += rng.randrange(2, 300)
        elif pick < 0.9:
            self.seq = max(0, self.seq - rng.randrange(1, 4))
        if rng.random() < 0.03:
            self.session = (self.session + rng.choice([1, 1, 2, -1, 32767, 32768])) & 65535
            self.seq = rng.choice([0, 1, self.seq])
        self.seq = min(self.seq, (1 << 30) + 1)

    def speak(self, own, slot):
        """Return a frame; own: the fields that the node under test sent last; slot: ours there."""
        rng = self.rng
        self.advance()
        pick = rng.random()
        if pick < 0.75:
            self.epoch = own["epoch"]
        elif pick < 0.95:
            self.epoch = (own["epoch"] + rng.choice([-1, 1, 1, 2, 32767, 32768, 20000])) & 65535
        count = rng.choice([self.back_slot + 1, self.back_slot + 1, 12, 3, 0])
        head = [self.number, self.session, self.epoch, self.seq]
        head += [rng.choice([0, 5, Q_MAX, -Q_MAX - 1]) if rng.random() < 0.1 else 17]
        head += [self.value_q(own["value_q"])]
        kind = 1 if self.cfg["mode"] == "resilient" else 2
        if rng.random() < 0.02:
            kind = 3 - kind
            head[5] = 0
        used = [rng.randrange(256) for _ in range(count)]
        columns = [self.column(own, slot) for _ in range(count)] if kind == 2 else ()
        self.last = frame(kind, head, used, columns, rng.choice([0, 0, 1, 2, 3, 4, 128]) % 132
                          if rng.random() < 0.1 else 0)  # fmt: skip
        return self.last

    def column(self, own, slot):
        """Return (flow_q, turn, residue): mostly the mirror of the node's own, or one step on."""
        rng = self.rng
        if "flow_q" not in own or rng.random() < 0.1:
            return rng.randrange(-(1 << 28), 1 << 28), rng.randrange(8), rng.randrange(-128, 128)
        turn = own["turn"][slot]
        if rng.random() < 0.5:
            turn = (turn + rng.choice([0, 1, 1, 2, 3, 4, 5])) % 7
        moved_q = rng.choice([0, 0, 1, -7, 300, -100000]) if rng.random() < 0.3 else 0
        residue = own["residue"][slot] if rng.random() < 0.7 else rng.randrange(-128, 128)
        return -own["flow_q"][slot] + moved_q, turn, residue


class Trace:
    """The whole input of one node, event by event; `fields` reads what the node sent."""

    def __init__(self, seed, unpack):
        self.rng = rng = random.Random(seed)
        self.cfg = configuration(rng)
        self.session = rng.choice([1, 2, 65535])
        self.unpack = unpack
        self.neighbours = [Neighbour(rng, row, self.cfg) for row in self.cfg["neighbours"]]
        self.now_ms = rng.choice([0, TICKS - 3000, TICKS // 2 - 3000, rng.randrange(TICKS)])
        self.own = {"epoch": 0, "value_q": 0}

    def sent(self, frames_out):
        """Take note of what the node said."""
        for _, payload in frames_out:
            self.own = self.unpack(bytes(payload))[1]

    def demand_q(self):
        lo_q, hi_q = self.cfg["lo_q"], self.cfg["hi_q"]
        if self.rng.random() < 0.1:
            return self.rng.choice([lo_q - 1, hi_q + 1, 1 << 40, -(1 << 70)])
        return self.rng.randrange(lo_q, hi_q + 1)

    def inbox(self):
        """Return frames_in of one step: one source, payload a frame; of any bytes-like type."""
        rng = self.rng
        frames_in = []
        alike = self.cfg["mode"] == "resilient" and rng.random() < 0.05
        further = (self.own["epoch"] + rng.choice([1, 2, 30000])) & 65535
        for slot, neighbour in enumerate(self.neighbours):
            if rng.random() < 0.15 and not alike:
                continue
            payload = neighbour.speak(self.own, slot)
            if alike:  # many at once are epochs further
                neighbour.epoch = further
                head = [neighbour.number, neighbour.session, further, neighbour.seq, 0, 9]
                payload = frame(1, head, [])
            frames_in.append((rng.choice([0, neighbour.number]), payload))
            if rng.random() < 0.1:
                frames_in.append((neighbour.number, self.spoil(neighbour.last)))
        if rng.random() < 0.1:
            stranger = [rng.randrange(1, 65536), 1, self.own["epoch"], 5, 0, 7]
            frames_in.append((stranger[0], frame(2 if "flow_q" in self.own else 1, stranger, [])))
            frames_in.append((rng.randrange(70000), rng.randbytes(rng.randrange(60))))
            frames_in.append((rng.randrange(50), rng.choice([b"", b"\x21" * 1025])))
        if rng.random() < 0.1:
            rng.shuffle(frames_in)
        return [(source, rng.choice([bytes, bytearray, memoryview])(payload))
                for source, payload in frames_in]  # fmt: skip

    def spoil(self, payload):
        """Return the frame again: as it was, with some bytes changed and sealed anew, or cut."""
        rng = self.rng
        pick = rng.random()
        data = bytearray(payload)
        if pick < 0.3:
            return payload
        if pick < 0.4:
            return payload[: rng.randrange(len(payload))]
        for _ in range(rng.choice([1, 1, 3])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        if pick < 0.8:
            data[-2:] = struct.pack("<H", crc_hqx(bytes(data[:-2]), 0xFFFF))
        return bytes(data)

    def tick(self):
        """Move the clock: mostly a part of a period, seldom so far that everything is old."""
        rng = self.rng
        period_ms = self.cfg["period_ms"]
        pick = rng.random()
        if pick < 0.90:
            delta_ms = rng.randrange(period_ms * 2 // 3, period_ms + 1)
        elif pick < 0.98:
            delta_ms = rng.randrange(8 * period_ms)
        else:
            delta_ms = rng.choice([0, 1, TICKS // 2 - 1, TICKS // 2, TICKS - 7])
        self.now_ms = (self.now_ms + delta_ms) % TICKS


class Difference(AssertionError):
    """Two implementations disagree."""


def play(seed, makes, steps, unpack):
    """Let nodes made by `makes(cfg, session)` live through one trace; return the last state.

    Difference at the first step whose frames or state differ from those of the first node.
    """
    trace = Trace(seed, unpack)
    nodes = [make(trace.cfg, trace.session) for make in makes]
    for step in range(steps):
        if trace.rng.random() < 0.3:
            demand_q = trace.demand_q()
            for node in nodes:
                node.sense(trace.now_ms, demand_q)
        frames_in = trace.inbox()
        sent = [[(to, bytes(payload)) for to, payload in node.step(trace.now_ms, frames_in)]
                for node in nodes]  # fmt: skip
        states = [node.state() for node in nodes]
        for other in range(1, len(nodes)):
            if sent[other] != sent[0] or states[other] != states[0]:
                at = [i for i, pair in enumerate(zip(states[0], states[other]))
                      if pair[0] != pair[1]]  # fmt: skip
                raise Difference(f"trace {seed}, step {step}, node {other}: state differs at {at}")
        trace.sent(sent[0])
        trace.tick()
    return nodes[0].state()
