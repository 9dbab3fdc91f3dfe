# Mutated frames: the agent never raises, a refused frame changes nothing but counters, and the
# heap does not grow. REQ-ACCEPT-1. A million of them on a board's heap:
#   MICROPYPATH=shared:firmware:tests/portable \
#   .venv/bin/micropython -X heapsize=110wK tests/portable/agent_fuzz.py 1000000
import gc
import sys

from kit import check
from kit_agent import agent_of, counted, flow_frame, state_frame
from quelea_agent.counters import ACCEPTED, NAMES
from quelea_proto.crc import crc16

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 3000
FIRST = 11  # where the counters begin in Agent.state()
COLUMNS = (9, 15)  # entries a neighbour in Agent.state(), by mode; suspicion is the 8th
random = 1


def draw(count: int) -> int:
    """Return a number 0..count - 1, the same sequence on every target."""
    global random
    random = random * 75 % 65537
    return random % count


def mutated(good: bytes) -> bytes:
    """Return a frame with flipped bits, cut, lengthened, or damaged and sealed again."""
    data = bytearray(good)
    for _ in range(1 + draw(3)):
        data[draw(len(data))] ^= 1 << draw(8)
    kind = draw(4)
    if kind == 1:
        return bytes(data[: draw(len(data))])
    if kind == 2:
        return bytes(data) + bytes(draw(9))
    if kind == 3:
        crc = crc16(data, len(data) - 2)
        data[-2] = crc & 255
        data[-1] = crc >> 8
    return bytes(data)


def changed(before: tuple, after: tuple, columns: int) -> int:
    """Return how many entries differ that a refused frame must not touch."""
    start = FIRST + len(NAMES)
    wrong = 0
    for i in range(len(before)):
        allowed = FIRST <= i < start or (i >= start and (i - start) % columns == 7)
        wrong += before[i] != after[i] and not allowed
    return wrong


def collects() -> bool:
    """Return whether gc.collect() frees at once; under WebAssembly it waits for the end."""
    if not hasattr(gc, "mem_alloc"):
        return False
    before = gc.mem_alloc()
    for _ in range(20):
        bytearray(1000)
    gc.collect()
    return gc.mem_alloc() - before < 10000


for mode, columns in (("resilient", COLUMNS[0]), ("exact", COLUMNS[1])):
    agent = agent_of(mode=mode)
    agent.step(0, ())
    refused = taken = wrong = 0
    settled = 0
    for turn in range(COUNT // 2):
        node = (1, 2, 9, 300, 8)[draw(5)]
        if mode == "exact":
            good = flow_frame(node, draw(1000), draw(1000), (draw(99), 1, 3), 1 + draw(3))
        else:
            good = state_frame(node, draw(1000), draw(1000), draw(3), 1 + draw(3))
        before = agent.state() if turn % 50 == 0 else None
        accepted = agent.counters.counts[ACCEPTED]
        agent.step(1, ((0, mutated(good)),))
        if agent.counters.counts[ACCEPTED] != accepted:
            taken += 1
        else:
            refused += 1
            if before is not None:
                wrong += changed(before, agent.state(), columns)
        if turn == COUNT // 8 and collects():
            gc.collect()
            settled = gc.mem_alloc()
    if settled:
        gc.collect()
        check(gc.mem_alloc() - settled < 1024, "heap")
    else:
        print("heap")
    check(wrong == 0 and refused > 0 and taken > 0, mode, "refused", refused, "taken", taken)
    print(counted(agent))
