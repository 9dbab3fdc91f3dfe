"""The headroom record: every counter that safety rests on, in two slots written in turn.

    byte 0      mark 0xA5
    byte 1      count, neighbours
    2           node u16
    4           entry u32: 1, 2, 3 ...; entry & 1 is the slot it is written to. The upper 6 of
                its 30 bits are the incarnation: 0, unless the member has left and come back
    8           digest u16 of the plan that it belongs to
    10          for each neighbour: given u32, taken u32, heard u32
    end - 6     CRC-16/CCITT-FALSE of everything before it
    end - 4     entry again

A write cut at any byte leaves the other slot whole, and this one is refused: entries of one slot
differ by 2, so the lowest byte of the second copy is wrong until it is reached. The checksum is
for flash that decays.
"""

from quelea_proto.frames import crc16, get, put

MARK = 0xA5
ENTRY_MASK = (1 << 24) - 1  # records of an incarnation: more than flash can be written


def record_bytes(count: int) -> int:
    """Return the length in bytes of the record of a node with count neighbours."""
    return 16 + 12 * count


class Ledger:
    """given, taken: counters on the ring of 2^30, by slot. heard: entry of the neighbour's row
    that was credited last. entry: 0 while there is no record.
    """

    def __init__(self, node: int, count: int, digest: int) -> None:
        self.node = node
        self.count = count
        self.digest = digest
        self.entry = 0
        self.given = [0] * count
        self.taken = [0] * count
        self.heard = [0] * count

    def copy(self, other: "Ledger") -> None:
        """Take over the numbers of another ledger of the same node."""
        self.entry = other.entry
        for slot in range(self.count):
            self.given[slot] = other.given[slot]
            self.taken[slot] = other.taken[slot]
            self.heard[slot] = other.heard[slot]

    def fill(self, buffer: bytearray) -> None:
        """Write the record into buffer, which holds record_bytes(count)."""
        buffer[0] = MARK
        buffer[1] = self.count
        put(buffer, 2, 2, self.node)
        put(buffer, 4, 4, self.entry)
        put(buffer, 8, 2, self.digest)
        at = 10
        for slot in range(self.count):
            put(buffer, at, 4, self.given[slot])
            put(buffer, at + 4, 4, self.taken[slot])
            put(buffer, at + 8, 4, self.heard[slot])
            at += 12
        put(buffer, at, 2, crc16(buffer, at))
        put(buffer, at + 2, 4, self.entry)

    def entry_of(self, data: bytes | bytearray) -> int:
        """Return the entry of a whole record of this node and plan; 0 for anything else."""
        end = record_bytes(self.count)
        if len(data) != end or data[0] != MARK or data[1] != self.count:
            return 0
        if get(data, 2, 2, False) != self.node or get(data, 8, 2, False) != self.digest:
            return 0
        if crc16(data, end - 6) != get(data, end - 6, 2, False):
            return 0
        entry = get(data, 4, 4, False)
        if entry <= 0 or entry != get(data, end - 4, 4, False):
            return 0
        for at in range(10, end - 6, 4):
            if get(data, at, 4, False) < 0:
                return 0
        return entry

    def read(self, data: bytes | bytearray) -> None:
        """Take over a record that entry_of() found whole."""
        self.entry = get(data, 4, 4, False)
        at = 10
        for slot in range(self.count):
            self.given[slot] = get(data, at, 4, False)
            self.taken[slot] = get(data, at + 4, 4, False)
            self.heard[slot] = get(data, at + 8, 4, False)
            at += 12
