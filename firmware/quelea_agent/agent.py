"""The agent: step(now_ms, frames_in) -> frames_out, and next_wake_ms. Nothing else goes in or out.

No socket, no clock, no file; its only randomness is its own seeded state. The same machine runs
on a board, in an emulated fleet, in the simulator and in the audit. The order of the calls below
is the flow: demand, frames in, neighbour table, rule, estimate, frame out.
"""

from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.frames import FLOW, STATE, Frame, unpack
from quelea_proto.limits import SEQ_MAX

from quelea_agent import counters as count
from quelea_agent.consensus import Exact, Resilient
from quelea_agent.counters import Counters
from quelea_agent.demand import Demand
from quelea_agent.neighbours import Neighbours
from quelea_agent.outbox import Outbox
from quelea_agent.settings import Settings

NOTHING = ()
PHASE = 619  # a prime: rounds of nodes with neighbouring numbers fall apart within the period


class Agent:
    """One node. session: its boot counter, 1..65535, durable and rising."""

    def __init__(self, settings: Settings, session: int) -> None:
        self.settings = settings
        self.session = session
        self.counters = Counters()
        self.demand = Demand(settings.lo_q, settings.hi_q, self.counters)
        silence = max(1, settings.quiet_rounds_max)  # rounds from one frame to the next, at most
        fresh_ms = (settings.fresh_rounds + silence - 1) * settings.period_ms
        self.neighbours = Neighbours(settings.numbers, fresh_ms, self.counters)
        exact = settings.mode == "exact"
        mode = Exact if exact else Resilient
        if settings.quiet_rounds_max:
            from quelea_agent.cadence import QuietExact, QuietResilient

            mode = QuietExact if exact else QuietResilient
        self.mode = mode(settings, self.neighbours, self.counters)
        self.flows = self.mode.flows if exact else None
        self.outbox = Outbox(settings, session, self.flows)
        self.next_wake_ms = 0  # the first step() sets it
        self.seq = 0
        self._kind = FLOW if exact else STATE
        self._frame = Frame()
        self._started = False

    @property
    def value_q(self) -> int:
        """The running value: the rule's last output, or the exact estimate."""
        return self.mode.value_q

    @property
    def input_q(self) -> int:
        """The own demand that the running value started from."""
        return self.mode.input_q

    @property
    def settled_q(self) -> int:
        """What to act on: the value at the end of the last epoch, or the exact estimate."""
        return self.mode.settled_q

    @property
    def epoch(self) -> int:
        return self.mode.epoch

    @property
    def held(self) -> bool:
        return self.mode.held

    def sense(self, now_ms: int, demand_q: int) -> None:
        """Take the sensor's newest reading, in q."""
        self.demand.sense(demand_q)

    def step(self, now_ms: int, frames_in):  # type: ignore[no-untyped-def]
        """Take frames in; when a round is due, do it and return the frames to send.

        now_ms: ticks, 0..2^30 - 1, going round. frames_in: sequence of (source, payload).
        Returns a sequence of (dest, buffer), valid until the next call; empty between rounds.
        """
        self.counters.add(count.FRAMES_IN, len(frames_in))
        for i in range(len(frames_in)):  # an iterator's place would move this frame to the heap
            self._take(now_ms, frames_in[i])
        if not self._started:
            self._start(now_ms)
        if ticks_diff(now_ms, self.next_wake_ms) < 0:
            return NOTHING
        self._schedule(now_ms)
        return self._round(now_ms)

    def _start(self, now_ms: int) -> None:
        self._started = True
        phase_ms = self.settings.node * PHASE % self.settings.period_ms
        self.next_wake_ms = ticks_add(now_ms, phase_ms)

    def _take(self, now_ms: int, item: tuple) -> None:
        """Take one frame in; item: (source, payload)."""
        frame = self._frame
        if unpack(item[1], frame) is None:
            self.counters.add(frame.cause)
            return
        if frame.kind != self._kind:
            self.counters.add(count.WRONG_MODE)
            return
        slot = self.neighbours.take(now_ms, item[0], frame)
        if slot >= 0 and self.flows is not None:
            self.mode.hear(slot, frame, self.settings.back_slots[slot])

    def _schedule(self, now_ms: int) -> None:
        """Set the next round one period on; after a lost period or more, count from now."""
        period_ms = self.settings.period_ms
        self.next_wake_ms = ticks_add(self.next_wake_ms, period_ms)
        if ticks_diff(now_ms, self.next_wake_ms) >= 0:
            self.counters.add(count.LATE)
            self.next_wake_ms = ticks_add(now_ms, period_ms)

    def _round(self, now_ms: int):  # type: ignore[no-untyped-def]
        self.counters.add(count.ROUNDS)
        self.neighbours.expire(now_ms)
        self.mode.round(self.demand.demand_q)
        if not self.mode.speaks:
            return NOTHING
        if self.seq >= SEQ_MAX:
            return NOTHING  # 34 years at a frame a second: only a new session may speak again
        self.seq += 1
        self.outbox.put(self.mode, self.seq)
        return self.outbox.frames

    def state(self) -> tuple:
        """Return the whole replicated state as integers, for conformance; allocates."""
        mode = self.mode
        table = self.neighbours
        row = [mode.value_q, mode.input_q, mode.settled_q, mode.epoch, mode.rounds]
        row += [1 if mode.held else 0, 1 if mode.restarted else 0]
        row += [self.seq, self.next_wake_ms, self.demand.demand_q, self.outbox.random]
        row += self.counters.counts
        for slot in range(len(table.numbers)):
            row += [table.live[slot], table.session[slot], table.seq[slot], table.crc[slot]]
            row += [table.epoch[slot], table.value_q[slot], table.heard_ms[slot]]
            row += [table.suspicion[slot], mode.used[slot]]
            if self.flows is not None:
                flows = self.flows
                row += [flows.flow_q[slot], flows.turn[slot], flows.residue[slot]]
                row += [flows.peer_turn[slot], flows.peer_q[slot], flows.peer_count[slot]]
        if self.flows is not None:
            row.append(self.flows.waits)
        else:
            row.append((1 if mode.lost else 0) + (2 if mode.in_step else 0))
        if self.settings.quiet_rounds_max:
            row += mode.pace.state()
        return tuple(row)
