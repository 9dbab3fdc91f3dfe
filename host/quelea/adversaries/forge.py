"""The liar's hand: turns what a node would have said into what its adversary makes it say.

Runs beside the real agent, in the simulator and on MicroPython nodes of an emulated fleet (there
it is staged as `attack.py`, with the adversary as `lie.py`). The agent underneath stays honest,
so the liar follows epochs, sessions and seq like anybody else; only its claims are false.

An adversary module has

    DIRECT = False                      # True: something else for each neighbour
    claim_q(view, slot) -> int or None  # slot -1: for all; None: say nothing

Integers only, in the subset that MicroPython runs.
"""

from quelea_proto.fixed import clamp, random_next
from quelea_proto.frames import VALUE_Q, Frame, frame_bytes, pack
from quelea_proto.limits import Q_MAX
from quelea_proto.sorting import sort_prefix


class View:
    """What a liar knows: its own honest state, its neighbours' newest values, a random source."""

    def __init__(self, agent, options) -> None:  # type: ignore[no-untyped-def]
        self.agent = agent
        self.options = options
        self.lo_q: int = agent.settings.lo_q
        self.hi_q: int = agent.settings.hi_q
        self.random: int = 1 + (agent.settings.node * 7919 + agent.session) % 65536
        self.round = 0  # rounds since the node started

    @property
    def epoch_round(self) -> int:
        """Rounds since the epoch began."""
        rounds: int = self.agent.mode.rounds
        return rounds

    def heard_q(self) -> list[int]:
        """Return the live neighbours' values of the own epoch, ascending; may be empty."""
        table = self.agent.neighbours
        values = []
        for slot in range(len(table.numbers)):
            if table.live[slot] and table.epoch[slot] == self.agent.epoch:
                values.append(table.value_q[slot])
        sort_prefix(values, len(values))
        return values

    def draw(self, count: int) -> int:
        """Return a random number 0..count - 1; count <= 65536."""
        self.random = random_next(self.random)
        return self.random % count


class Attack:
    """forge(now_ms, agent, frames_out) -> frames to send instead; lie: an adversary module."""

    def __init__(self, settings, options, lie=None) -> None:  # type: ignore[no-untyped-def]
        if lie is None:
            lie = __import__("lie")  # staged beside this file on a node
        self.settings = settings
        self.options = options
        self.lie = lie
        self.frame = Frame(len(settings.numbers))
        self.forged = -1  # frames whose claim differs from the honest value; -1: none sent yet

    def forge(self, now_ms: int, agent, frames_out):  # type: ignore[no-untyped-def]
        """Return the sequence of (dest, buffer) to send in place of frames_out."""
        if len(frames_out) == 0:
            return frames_out
        if self.forged < 0:
            self.view = View(agent, self.options)
            self.forged = 0
        self.view.round += 1
        if not self.lie.DIRECT:
            claim_q = self.lie.claim_q(self.view, -1)
            return [(0, self._claim(agent, claim_q))] if claim_q is not None else ()
        out = []
        for slot in range(len(self.settings.numbers)):
            claim_q = self.lie.claim_q(self.view, slot)
            if claim_q is not None:
                out.append((self.settings.numbers[slot], self._claim(agent, claim_q)))
        return out

    def _claim(self, agent, claim_q: int) -> bytearray:  # type: ignore[no-untyped-def]
        source = agent.outbox.frame
        frame = self.frame
        frame.kind = source.kind
        frame.flags = source.flags
        frame.used = source.used
        for i in range(len(source.head)):
            frame.head[i] = source.head[i]
        frame.head[VALUE_Q] = clamp(claim_q, -Q_MAX, Q_MAX)
        if frame.head[VALUE_Q] != source.head[VALUE_Q]:
            self.forged += 1
        buffer = bytearray(frame_bytes(frame.kind, frame.count))
        pack(frame, buffer, agent.flows)
        return buffer
