"""The whole node of the reference: Machine has the agent's seam and the agent's state, no more.

What comes in a frame goes to one Peer a neighbour; what a round does is decided in `turn_over`
(an epoch begins), `follow` (the rule) or `settle` (edge flows), who hears of it in Pace. Written
from the protocol, not from quelea_agent; `state()` lists the same integers in the same order.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from quelea_proto import limits

from quelea.reference import config

from . import codec, flows, pace, peers, rules

COMPILED = {
    "EPOCH_MASK": limits.EPOCH_MASK,
    "FRAME_BYTES_MAX": limits.FRAME_BYTES_MAX,
    "NEIGHBOURS_MAX": limits.NEIGHBOURS_MAX,
    "SEQ_MAX": limits.SEQ_MAX,
    "SMALL_MAX": limits.SMALL_MAX,
    "TICKS_HALF": limits.TICKS_HALF,
    "TICKS_MASK": limits.TICKS_MASK,
    "USED_MOD": limits.USED_MOD,
}

COUNTERS = peers.COUNTERS
VALUES = rules.zeros(limits.NEIGHBOURS_MAX + 2)
WIRE = bytearray(limits.FRAME_BYTES_MAX)


class Machine:
    """One node. cfg: a node's configuration as staged; session: its boot counter, 1..65535.

    UserError names the key, the value and the allowed range of what is wrong in them.
    """

    def __init__(self, cfg: dict[str, Any], session: int) -> None:
        cfg = config.check(cfg, session)
        self.peers = [peers.Peer(row[0], row[2]) for row in cfg["neighbours"]]
        self.degree = len(self.peers)
        self.node = cfg["node"]
        self.session = session
        self.rule = rules.NAMES.index(cfg["rule"])
        self.faults_max = cfg["faults_max"]
        self.period_ms = cfg["period_ms"]
        self.epoch_rounds = cfg["epoch_rounds"]
        self.lo_q = cfg["lo_q"]
        self.hi_q = cfg["hi_q"]
        self.quiet = cfg["quiet_rounds_max"]
        self.pace = pace.Pace(self.quiet, cfg["dead_band_q"], self.lo_q, self.hi_q)
        self.boots = 0
        self.fresh_ms = (cfg["fresh_rounds"] + max(self.quiet, 1) - 1) * cfg["period_ms"]
        self.exact = cfg["mode"] == "exact"
        self.edges = flows.Flows(self.node, [row[0] for row in cfg["neighbours"]], 0)
        self.value_q = self.input_q = self.settled_q = 0
        self.epoch = self.rounds = self.seq = self.next_wake_ms = 0
        self.held = self.restarted = self.begun = self.started = self.in_step = False
        self.lost = True
        self.demand_q = self.lo_q
        self.fanout = min(cfg["fanout"], self.degree)
        self.deck = bytearray(range(self.degree))
        self.random = 1 + (257 * self.node + session) % 65536
        self.counts = rules.zeros(21)
        self.frame = codec.Frame()

    def sense(self, now_ms: int, demand_q: int) -> None:
        """Take the newest reading, in q; one outside the signal's range is clamped and counted."""
        if demand_q < self.lo_q:
            self.demand_q = self.lo_q
            self.count(20)
        elif demand_q > self.hi_q:
            self.demand_q = self.hi_q
            self.count(20)
        else:
            self.demand_q = demand_q

    def step(
        self, now_ms: int, frames_in: Iterable[tuple[int, bytes | bytearray | memoryview]]
    ) -> Sequence[tuple[int, bytes]]:
        """Take frames in; when a round is due, do it and return the frames to send.

        now_ms: ticks, 0..2^30 - 1. frames_in: (source, payload), source 0 when not known.
        Returns (dest, payload), dest 0 for everybody; unlike the agent's they stay valid.
        """
        for source, payload in frames_in:
            self.take(now_ms, source, payload if type(payload) is bytes else bytes(payload))
        if not self.started:
            self.started = True
            phase_ms = 619 * self.node % self.period_ms
            self.next_wake_ms = (now_ms + phase_ms) & limits.TICKS_MASK
        behind_ms = peers.around(now_ms, self.next_wake_ms, limits.TICKS_HALF)
        if behind_ms < 0:
            return ()
        if behind_ms >= self.period_ms:
            self.count(18)
            self.next_wake_ms = now_ms
        self.next_wake_ms = (self.next_wake_ms + self.period_ms) & limits.TICKS_MASK
        if not self.turn_round(now_ms) or self.seq >= limits.SEQ_MAX:
            return ()
        self.seq += 1
        return self.speak()

    def count(self, which: int) -> None:
        """Count one more of COUNTERS[which]; counters go round at 2^30."""
        self.counts[which] = (self.counts[which] + 1) & limits.SMALL_MAX

    # -- what comes in ------------------------------------------------------------------------

    def take(self, now_ms: int, source: int, payload: bytes) -> None:
        """Enter one payload into the table of neighbours, or count why not."""
        frame = self.frame
        self.count(0)
        cause = frame.read(payload, len(payload))
        if cause != 0:
            self.count(cause)
            return
        if (frame.kind == 2) != self.exact:
            self.count(13)
            return
        if source != 0 and source != frame.node:
            self.count(7)
            return
        slot = self.find(frame.node)
        if slot < 0:
            self.count(8)
            return
        peer = self.peers[slot]
        refused = self.refusal(peer)
        if refused != 0:
            self.count(refused)
            if refused == 12:
                peer.suspicion += 1
            return
        self.count(14)
        peer.live = 1
        if peer.session != frame.session:
            self.boots = (self.boots + 1) & limits.SMALL_MAX
        peer.session = frame.session
        peer.seq = frame.seq
        peer.crc = frame.crc
        peer.epoch = frame.epoch
        peer.value_q = frame.value_q
        peer.heard_ms = now_ms
        if self.exact and peer.back_slot < frame.count:
            frame.look(payload, peer.back_slot)
            self.edges.hear(
                slot, frame.count, frame.value_q, frame.flow_q, frame.turn, frame.residue
            )
            peer.used = 1 + frame.seq % limits.USED_MOD
            self.mirror()

    def find(self, number: int) -> int:
        """Return the slot of the neighbour with this number, or -1: by halving."""
        first = 0
        last = self.degree
        while first < last:
            middle = (first + last) >> 1
            peer = self.peers[middle]
            if peer.number < number:
                first = middle + 1
            else:
                last = middle
        if first < self.degree:
            found = self.peers[first]
            if found.number == number:
                return first
        return -1

    def refusal(self, peer: peers.Peer) -> int:
        """Return the counter of what is wrong with the frame's age, or 0; session 0: none yet."""
        frame = self.frame
        if peer.session == 0:
            return 0
        boots = peers.around(frame.session, peer.session, 32768)
        if boots < 0:
            return 9
        if boots > 0 or frame.seq > peer.seq:
            return 0
        if frame.seq < peer.seq:
            return 10
        same = frame.crc == peer.crc and frame.value_q == peer.value_q
        return 11 if same else 12

    # -- a round ------------------------------------------------------------------------------

    def turn_round(self, now_ms: int) -> bool:
        """Do one round in the node's mode; return whether others hear of it."""
        self.count(16)
        for slot in range(self.degree):
            peer = self.peers[slot]
            age_ms = peers.around(now_ms, peer.heard_ms, limits.TICKS_HALF)
            if age_ms < 0 or age_ms > self.fresh_ms:
                peer.live = 0
        if self.exact:
            return self.wake() and self.settle()
        ahead = self.ahead()
        if ahead != 0:
            self.count(19)
            self.lost = False
            self.turn_over(ahead)
        elif not self.begun:
            self.turn_over(0)
        elif 0 < self.epoch_rounds <= self.rounds + 1 and self.is_time():
            self.lost = not self.in_step
            self.turn_over(1)
        else:
            self.rounds += 1
            self.restarted = False
            return self.follow()
        return True

    def is_time(self) -> bool:
        """Return whether an epoch ends that has lasted epoch_rounds: without news it goes on."""
        longest = self.epoch_rounds * self.quiet
        if not self.in_step or self.rounds + 1 >= longest:
            return True
        for peer in self.peers:
            if peer.live and self.lead(peer) > 0:
                return True
        return bool(abs(self.demand_q - self.input_q) > self.pace.band_q)

    def ahead(self) -> int:
        """Return how far the (F + 1)-th furthest live neighbour is: below 0 only when lost."""
        best = -32769
        live = 0
        for peer in self.peers:
            live += peer.live
            lead = self.lead(peer)
            if peer.live and lead > best and self.as_far(lead) > self.faults_max:
                best = lead
        lost = self.lost and live > 2 * self.faults_max
        return best if best > 0 or (best > -32769 and lost) else 0

    def as_far(self, lead: int) -> int:
        """Return how many live neighbours are further by `lead` epochs at least."""
        found = 0
        for peer in self.peers:
            found += peer.live and self.lead(peer) >= lead
        return found

    def lead(self, peer: peers.Peer) -> int:
        """Return by how many epochs a neighbour is further."""
        return peers.around(peer.epoch, self.epoch, 32768)

    def turn_over(self, steps: int) -> None:
        """Begin the epoch `steps` further on from the own demand."""
        self.settled_q = self.value_q if self.begun else self.demand_q
        self.begun = True
        self.epoch = (self.epoch + steps) & limits.EPOCH_MASK
        self.rounds = 0
        self.input_q = self.value_q = self.demand_q
        self.held = self.in_step = False
        self.restarted = True
        self.forget()
        self.pace.sway(0, self.demand_q)
        self.pace.due(True, self.boots)

    def forget(self) -> None:
        """Name no input as used."""
        for slot in range(self.degree):
            peer = self.peers[slot]
            peer.used = 0

    def follow(self) -> bool:
        """Apply the rule to the live values of the own epoch, or hold when they are too few.

        Return whether others hear of it; of what nobody hears the value is as it was.
        """
        found = away = 0
        for peer in self.peers:
            peer.used = 0
            if peer.live and peer.epoch == self.epoch:
                value_q = max(self.lo_q, min(self.hi_q, peer.value_q))
                if value_q != peer.value_q:
                    self.count(15)
                VALUES[found] = value_q
                found += 1
                peer.used = 1 + peer.seq % limits.USED_MOD
            else:
                away += peer.live
        before_q = self.value_q
        apart = self.quiet > 0 and self.pace.apart(before_q, VALUES, found, self.faults_max)
        self.held = found <= 2 * self.faults_max
        if self.held:
            self.count(17)
            self.forget()
        else:
            self.lost = False
            self.rounds, self.in_step = (self.rounds if self.in_step else 1), True
            self.value_q = rules.combine(self.rule, self.value_q, VALUES, found, self.faults_max)
        if self.quiet == 0:
            return True
        self.pace.sway(abs(self.value_q - before_q), self.demand_q)
        news = (apart and self.value_q != before_q) or away > self.faults_max
        heard = self.pace.due(news, self.boots)
        self.value_q = self.value_q if heard else before_q
        if self.in_step and 0 < self.epoch_rounds <= self.rounds + 1:
            self.settled_q = self.value_q
        return heard

    def wake(self) -> bool:
        """Return whether this round of exact mode is done at all; in silence nothing moves."""
        if self.quiet == 0:
            return True
        wanted_q = self.edges.estimate_q + self.demand_q - self.edges.input_q
        leap_q = abs(wanted_q - self.pace.voiced_q)
        furthest_q = leap_q
        for peer, edge in zip(self.peers, self.edges.edges):
            if peer.live and edge.peer_count > 0:
                furthest_q = max(furthest_q, abs(wanted_q - edge.peer_q))
        self.pace.sway(leap_q, self.demand_q)
        if self.pace.due(furthest_q > self.pace.band_q, self.boots):
            return True
        self.rounds += 1
        return False

    def settle(self) -> bool:
        """Follow the demand, then even out every live edge whose turn is here."""
        self.rounds += 1
        if self.edges.input_q != self.demand_q:
            self.edges.set_input(self.demand_q)
        self.held = True
        for slot in range(self.degree):
            peer = self.peers[slot]
            if not peer.live:
                peer.used = 0
            elif self.edges.move(slot):
                self.held = False
        self.mirror()
        self.pace.voiced_q = self.value_q
        return True

    def mirror(self) -> None:
        """Show the estimate of the flows as the value, and as what to act on."""
        self.input_q = self.edges.input_q
        self.value_q = self.settled_q = self.edges.estimate_q

    # -- what goes out ------------------------------------------------------------------------

    def speak(self) -> Sequence[tuple[int, bytes]]:
        """Return the frame of this round, once for everybody or for each of the chosen few."""
        payload = self.payload()
        if self.fanout == 0:
            return [(0, payload)]
        frames = []
        for i in range(self.fanout):
            self.random = self.random * 75 % 65537
            j = i + self.random % (self.degree - i)
            self.deck[i], self.deck[j] = self.deck[j], self.deck[i]
            peer = self.peers[self.deck[i]]
            frames.append((peer.number, payload))
        return frames

    def payload(self) -> bytes:
        """Return the node's state as a frame."""
        frame = self.frame
        frame.kind = 2 if self.exact else 1
        frame.flags = (1 if self.held else 0) + (2 if self.restarted else 0)
        frame.node = self.node
        frame.session = self.session
        frame.epoch = self.epoch
        frame.seq = self.seq
        frame.input_q = self.input_q
        frame.value_q = self.value_q
        frame.count = self.degree
        at = codec.put_head(WIRE, frame)
        for slot in range(self.degree):
            peer = self.peers[slot]
            WIRE[at + slot] = peer.used
            if self.exact:
                edge = self.edges.edges[slot]
                frame.flow_q = edge.flow_q
                frame.turn = edge.turn
                frame.residue = edge.residue
                codec.put_edge(WIRE, frame, slot)
        length = codec.seal(WIRE, frame)
        return bytes(WIRE[:length])

    def counters(self) -> dict[str, int]:
        """Return {name: count} of the counters that are not zero."""
        return {COUNTERS[i]: self.counts[i] for i in range(21) if self.counts[i]}

    def state(self) -> tuple[int, ...]:
        """Return the whole replicated state as integers, in the order of the agent's state()."""
        row = [self.value_q, self.input_q, self.settled_q, self.epoch, self.rounds]
        row += [int(self.held), int(self.restarted), self.seq, self.next_wake_ms]
        row += [self.demand_q, self.random]
        row += [self.counts[i] for i in range(21)]
        for slot in range(self.degree):
            peer = self.peers[slot]
            row += peer.row()
            if self.exact:
                edge = self.edges.edges[slot]
                row += edge.row()
        row.append(self.edges.waits if self.exact else int(self.lost) + 2 * int(self.in_step))
        if self.quiet:
            row += self.pace.row()
        return tuple(row)
