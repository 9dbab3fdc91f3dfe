"""Ghosts: neighbours that are not machines; their frames are made up, most of them valid.

Frames are packed here anew, not by quelea_proto.frames: an error there must not be made twice.
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from struct import pack_into

from quelea_proto.crc import crc16

from quelea.conform.device.prng import Random

try:
    from binascii import crc_hqx  # the same CRC in C, and written by others
except ImportError:

    def crc_hqx(data: bytes, crc: int) -> int:  # type: ignore[misc]
        return crc16(data, len(data))


Q_MAX = 8388607
WIDE_MAX = 268435455  # 2^28 - 1: values and flows of exact mode


def some_q(random: Random, lo_q: int, hi_q: int) -> int:
    """Return a value: at the edges of the format or of the signal, clustered, or anywhere."""
    pick = random.bits() & 15
    if pick == 0:
        return Q_MAX
    if pick == 1:
        return -Q_MAX
    if pick == 2:
        return lo_q
    if pick == 3:
        return hi_q
    if pick < 9:  # few distinct values: ties
        return lo_q + (hi_q - lo_q) // 2 + random.below(8)
    return random.between(lo_q, hi_q)


def seal(data: bytearray) -> bytes:
    """Write the checksum into the last two bytes; return the frame."""
    end = len(data) - 2
    crc = crc_hqx(bytes(memoryview(data)[:end]), 65535)
    data[end] = crc & 255
    data[end + 1] = crc >> 8
    return bytes(data)


class Ghost:
    """One made-up neighbour. count: neighbours it claims to have; slot: place of the machine."""

    def __init__(self, random, number: int, exact: bool, back_slot: int) -> None:
        self.number = number
        self.exact = exact
        self.session = random.between(1, 65535)
        self.seq = random.below(1000) if random.bits() & 7 else 1073741823 - random.below(100)
        self.lead = 0  # epochs ahead of the machine it speaks to
        self.lies = random.one_in(4)
        self.q = 0
        self.count = back_slot + 1 + random.below(4)
        if random.one_in(16):
            self.count = back_slot  # too short to name the machine
        self.data = bytearray(23 + 6 * self.count if exact else 21 + self.count)

    def _age(self, random) -> tuple[int, int]:
        """Return session and seq of the next frame; mostly the next, now and then an old one."""
        pick = random.bits() & 31
        if pick < 25:
            self.seq = min(self.seq + 1 + (pick == 0), 1073741823)
        elif pick < 27:  # reboot
            self.session = self.session % 65535 + 1
            self.seq = 1
        elif pick == 27:  # an old frame of this session
            return self.session, max(self.seq - random.below(4), 0)
        elif pick == 28:  # an old session
            return 1 + (self.session + 65533) % 65535, self.seq + 1 & 1073741823
        elif pick == 29 and random.one_in(4):  # half the ring away
            return 1 + (self.session + 32766 + random.below(3)) % 65535, 1
        return self.session, self.seq  # the same once more: a duplicate or an equivocation

    def frame(self, random, world, node) -> bytes:
        """Return one valid frame for this node of the world."""
        session, seq = self._age(random)
        if random.one_in(16):
            pick = random.bits() & 15  # at most F of them ahead, mostly: else all rounds restart
            self.lead = 0 if pick < 11 else random.below(65536) if pick == 15 else pick - 12
        if self.lies or random.one_in(4):
            self.q = some_q(random, world.lo_q, world.hi_q)
        epoch = (node.epoch + self.lead) & 65535
        data = self.data
        head = 21 if self.exact else 19
        kind = 34 if self.exact else 33
        flags = random.bits() & 3
        pack_into("<BBHHHI", data, 0, kind, flags, self.number, session, epoch, seq)
        # A four-byte field over the start of the next: 24 bits stay.
        pack_into("<i", data, 12, self.q)
        pack_into("<i", data, 16 if self.exact else 15, self.q)
        data[head - 1] = self.count
        if self.exact:
            self._edges(random, data, node)
        elif self.count:
            data[head + random.below(self.count)] = random.bits() & 255
        return seal(data)

    def _edges(self, random, data: bytearray, node) -> None:
        """Fill the columns: what the machine last said of the edge, taken one turn further."""
        if random.one_in(8):
            pack_into("<i", data, 16, random.between(-WIDE_MAX, WIDE_MAX))
        slot = node.slot_of(self.number)
        back_slot = node.back_slots[slot] if slot >= 0 else 0
        if back_slot >= self.count or len(node.last) < 23 + 6 * len(node.numbers):
            return
        at = 21 + len(node.numbers) + 4 * slot
        last = node.last
        flow_q = last[at] | last[at + 1] << 8 | last[at + 2] << 16 | (last[at + 3] & 31) << 24
        if flow_q > WIDE_MAX:
            flow_q -= 536870912
        turn = last[at + 3] >> 5
        residue = last[21 + 5 * len(node.numbers) + slot]
        pick = random.bits() & 15
        if pick < 7 and turn:
            turn = turn % 6 + 1
            flow_q += random.between(-1000, 1000) if pick else random.between(-Q_MAX, Q_MAX)
            residue = random.bits() & 127
        elif pick == 7:
            turn = random.below(8)
        elif pick == 8:
            flow_q = random.between(-WIDE_MAX - 1, WIDE_MAX)
            turn = random.below(8)
        flow_q = -flow_q
        at = 21 + self.count + 4 * back_slot
        for i in range(3):
            data[at + i] = flow_q >> (8 * i) & 255
        data[at + 3] = (flow_q >> 24 & 31) | turn << 5
        data[21 + 5 * self.count + back_slot] = residue


def spoil(random, frame: bytes) -> bytes:
    """Return the frame damaged in one of many ways, with a valid checksum in half of them."""
    data = bytearray(frame)
    how = random.below(10)
    if how == 0 or len(data) < 16:
        return bytes([random.bits() & 255 for _ in range(random.below(40))])
    if how == 1:
        return frame[: random.below(len(frame))]
    if how == 2:
        return frame + b"\x00"
    if how < 5:
        data[random.below(len(data))] ^= 1 << random.below(8)
        return bytes(data)
    if how == 5:
        data[0] = random.bits() & 255  # another version or kind
    elif how == 6:
        data[1] |= 4 << random.below(6)  # an unknown flag
    elif how == 7:
        at = 2 + 2 * random.below(2)
        data[at] = data[at + 1] = 0  # node or session 0
    elif how == 8:
        data[11] = 64 + random.below(192)  # seq of 2^30 or more
    else:
        at = 14 + random.below(6)
        data[at] = 128  # often the one value of 24 bits without a positive twin
        data[at - 1] = data[at - 2] = 0
    return seal(data)
