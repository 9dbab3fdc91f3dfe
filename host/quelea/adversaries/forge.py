"""The liar's hand: turns what a node would have said into what its adversary makes it say.

Runs beside the real agent, in the simulator and on MicroPython nodes of an emulated fleet (there
it is staged as `attack.py`, with the adversary as `lie.py`). The agent underneath stays honest,
so the liar follows epochs, sessions and seq like anybody else; only its claims are false.

An adversary module has one of two forms:

    DIRECT = False                      # True: something else for each neighbour
    claim_q(view, slot) -> int or None  # slot -1: for all; None: say nothing

    frames(view, hand) -> sequence of (dest, buffer)   # raw: whatever bytes it likes

and may say OMNISCIENT = True: where the simulator lends it a `world`, it sees every honest value
of this instant; on a real node it makes do with what its neighbours showed last.

Integers only, in the subset that MicroPython runs.
"""

from quelea_proto.fixed import clamp, random_next, ticks_add
from quelea_proto.frames import FLOW, NODE, SEQ, VALUE_Q, Frame, frame_bytes, pack
from quelea_proto.limits import HEADROOM_Q_MAX, Q_MAX
from quelea_proto.sorting import sort_prefix

MINTED_Q = 50  # more units a round that a liar says it gave


class View:
    """What a liar knows: its own honest state, its neighbours' newest values, a random source.

    options: the object `attack` of cfg.json; "liars": numbers of all liars, if it is given.
    world: None on a real node; in the simulator an object with honest_q(epoch) -> list and
    value_q(number) -> int.
    """

    def __init__(self, agent, options, world=None) -> None:  # type: ignore[no-untyped-def]
        self.agent = agent
        self.options = options
        self.world = world
        self.lo_q: int = agent.settings.lo_q
        self.hi_q: int = agent.settings.hi_q
        self.random: int = 1 + (agent.settings.node * 7919 + agent.session) % 65536
        self.round = 0  # rounds since the node started
        self.memory: list = []  # type: ignore[type-arg]  # for the adversary's own use
        self._sorted_round = -1
        self._honest_q: list[int] = []

    @property
    def epoch_round(self) -> int:
        """Rounds since the epoch began."""
        rounds: int = self.agent.mode.rounds
        return rounds

    def is_liar(self, number: int) -> bool:
        """Return whether this node is known to be one of the own kind."""
        return number in self.options.get("liars", ())

    def heard_q(self) -> list[int]:
        """Return the live honest neighbours' values of the own epoch, ascending; may be empty."""
        table = self.agent.neighbours
        values = []
        for slot in range(len(table.numbers)):
            known = table.live[slot] and table.epoch[slot] == self.agent.epoch
            if known and not self.is_liar(table.numbers[slot]):
                values.append(table.value_q[slot])
        sort_prefix(values, len(values))
        return values

    def honest_q(self) -> list[int]:
        """Return all honest values known, ascending: of the whole fleet, or those heard."""
        if self._sorted_round != self.round:
            self._sorted_round = self.round
            if self.world is None:
                self._honest_q = self.heard_q()
            else:
                self._honest_q = self.world.honest_q(self.agent.epoch)
        return self._honest_q

    def mean_q(self) -> int:
        """Return the mean of the honest values known, floored; the own value if none is."""
        values_q = self.honest_q()
        return sum(values_q) // len(values_q) if values_q else self.agent.value_q

    def deviation_q(self) -> int:
        """Return the standard deviation of the honest values known."""
        return deviation_of(self.honest_q())

    def peer_q(self, slot: int) -> int:
        """Return the value of a neighbour: of this instant if the world is known."""
        table = self.agent.neighbours
        if self.world is not None:
            value_q: int = self.world.value_q(table.numbers[slot])
            return value_q
        shown_q: int = table.value_q[slot]
        return shown_q

    def inside(self, claim_q: int) -> int:
        """Return the claim moved into the signal's range, where no clamping shows it up."""
        return clamp(claim_q, self.lo_q, self.hi_q)

    def draw(self, count: int) -> int:
        """Return a random number 0..count - 1; count <= 65536."""
        self.random = random_next(self.random)
        return self.random % count


def deviation_of(values_q: list[int]) -> int:
    """Return the standard deviation (n - 1 below it), about to 11 bits; 0 for fewer than two.

    Deviations are shifted to 11 bits before they are squared: 126 squares stay below 2^30.
    """
    if len(values_q) < 2:
        return 0
    mean_q = sum(values_q) // len(values_q)
    widest_q = max(max(values_q) - mean_q, mean_q - min(values_q))
    shift = 0
    while widest_q >> shift > 2047:
        shift += 1
    total = 0
    for value_q in values_q:
        step = abs(value_q - mean_q) >> shift
        total += step * step
    total //= len(values_q) - 1
    root = 0
    bit = 1 << 14
    while bit:
        if (root + bit) * (root + bit) <= total:
            root += bit
        bit >>= 1
    return root << shift


class Attack:
    """forge(now_ms, agent, frames_out) -> frames to send instead; lie: an adversary module.

    forged: frames that no honest node would have sent in this place. world: see View.
    """

    def __init__(self, settings, options, lie=None, world=None) -> None:  # type: ignore[no-untyped-def]
        if lie is None:
            lie = __import__("lie")  # staged beside this file on a node
        self.settings = settings
        self.options = options
        self.lie = lie
        self.world = world
        self.frame = Frame(len(settings.numbers))
        self.forged = -1  # -1: nothing has been sent yet
        self.minted_q = 0

    def forge(self, now_ms: int, agent, frames_out):  # type: ignore[no-untyped-def]
        """Return the sequence of (dest, buffer) to send in place of frames_out."""
        if len(frames_out) == 0:
            return frames_out
        if self.forged < 0:
            self.view = View(agent, self.options, self.world)
            self.forged = 0
        self.view.round += 1
        if hasattr(self.lie, "frames"):
            return self.lie.frames(self.view, self)
        if not self.lie.DIRECT:
            claim_q = self.lie.claim_q(self.view, -1)
            return [(0, self.claim(claim_q))] if claim_q is not None else ()
        out = []
        for slot in range(len(self.settings.numbers)):
            claim_q = self.lie.claim_q(self.view, slot)
            if claim_q is not None:
                out.append((self.settings.numbers[slot], self.claim(claim_q)))
        return out

    def forge_row(self, row: bytearray) -> bytearray:
        """Return a headroom row that mints: more given than there was, everything asked for."""
        from quelea_proto import headroom_row  # only a liar with a part in a limit needs it

        self.minted_q += MINTED_Q
        said = headroom_row.Row()
        headroom_row.unpack(bytes(row), said)
        most_q = HEADROOM_Q_MAX
        headroom_row.pack_head(
            row, said.limit, said.node, said.entry, 0, most_q, most_q, said.count
        )
        for slot in range(said.count):
            given = ticks_add(said.given_at(slot), self.minted_q)
            headroom_row.pack_slot(row, slot, given, said.taken_at(slot), most_q)
        headroom_row.seal(row)
        return row

    def forge_cluster(self, row: bytearray) -> bytearray:
        """Return a delegate's row that says the same lie of every cluster: high, then low."""
        from quelea_proto import cluster_row  # only a liar in a fleet of clusters needs it

        said = cluster_row.Row()
        cluster_row.unpack(bytes(row), said)
        settings = self.settings
        claim_q = settings.lo_q if said.seq >> 3 & 1 else settings.hi_q
        cluster_row.pack_head(
            row, said.node, said.session, said.seq, said.term, said.cluster, claim_q, said.count
        )
        for cluster in range(said.count):
            cluster_row.pack_entry(row, cluster, claim_q, 65535, 0)
        cluster_row.seal(row)
        return row

    def claim(self, claim_q: int, node: int = 0, seq: int = -1) -> bytearray:
        """Return the honest frame with another value; node, seq: those of somebody else.

        Values beyond the number format are moved to its ends; see `broken` for worse.
        """
        return self._packed(clamp(claim_q, -Q_MAX, Q_MAX), node, seq)

    def broken(self, claim_q: int) -> bytearray:
        """Return a frame with a sound checksum around a value that fits its bytes, unclamped."""
        return self._packed(claim_q, 0, -1)

    def _packed(self, claim_q: int, node: int, seq: int) -> bytearray:
        agent = self.view.agent
        source = agent.outbox.frame
        frame = self.frame
        frame.kind = source.kind
        frame.flags = source.flags
        frame.used = source.used
        for i in range(len(source.head)):
            frame.head[i] = source.head[i]
        frame.head[VALUE_Q] = claim_q
        if node:
            frame.head[NODE] = node
        if seq >= 0:
            frame.head[SEQ] = seq
        for i in range(len(source.head)):
            if frame.head[i] != source.head[i]:
                self.forged += 1
                break
        buffer = bytearray(frame_bytes(frame.kind, frame.count))
        pack(frame, buffer, agent.flows if frame.kind == FLOW else None)
        return buffer
