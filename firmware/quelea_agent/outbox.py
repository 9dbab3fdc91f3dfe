"""The outbox: the frame that a round sends, and to whom; buffers are made once.

fanout 0: one broadcast on the node's own topic. fanout k: the same frame to k neighbours chosen
anew each round by the node's own seeded generator.
"""

from quelea_proto.fixed import random_next
from quelea_proto.flows import Flows
from quelea_proto.frames import (
    EPOCH,
    FLOW,
    HELD,
    INPUT_Q,
    NODE,
    RESTART,
    SEQ,
    SESSION,
    STATE,
    VALUE_Q,
    Frame,
    frame_bytes,
    pack,
)

from quelea_agent.settings import Settings


class Outbox:
    """frames: sequence of (dest, buffer), filled by put(); dest 0 is everybody."""

    def __init__(self, settings: Settings, session: int, flows: Flows | None) -> None:
        slots = len(settings.numbers)
        kind = STATE if flows is None else FLOW
        self.flows = flows
        self.frame = Frame(slots)
        self.frame.kind = kind
        self.frame.head[NODE] = settings.node
        self.frame.head[SESSION] = session
        self.buffer = bytearray(frame_bytes(kind, slots))
        self.random = 1 + (settings.node * 257 + session) % 65536
        self._to = [(number, self.buffer) for number in settings.numbers]
        self._order = bytearray(range(slots))
        fanout = min(settings.fanout, slots)
        self.frames = self._to[:fanout] if fanout else [(0, self.buffer)]
        self._fanout = fanout

    def put(self, mode, seq: int) -> None:  # type: ignore[no-untyped-def]
        """Pack the state of the mode (consensus.Resilient or Exact) as frame number seq."""
        frame = self.frame
        head = frame.head
        head[EPOCH] = mode.epoch
        head[SEQ] = seq
        head[INPUT_Q] = mode.input_q
        head[VALUE_Q] = mode.value_q
        frame.flags = (HELD if mode.held else 0) | (RESTART if mode.restarted else 0)
        frame.used = mode.used
        pack(frame, self.buffer, self.flows)
        if self._fanout:
            self._address()

    def _address(self) -> None:
        for i in range(self._fanout):
            self.frames[i] = self._to[self._choose(i)]

    def _choose(self, i: int) -> int:
        """Return the i-th slot of a random order (Fisher and Yates, as far as needed)."""
        order = self._order
        self.random = random_next(self.random)
        j = i + self.random % (len(order) - i)
        slot = order[j]
        order[j] = order[i]
        order[i] = slot
        return slot
