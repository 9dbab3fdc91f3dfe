# unpack never raises and never takes a damaged frame; the cause is the same everywhere.
# REQ-ACCEPT-1, REQ-ACCEPT-2.
from kit import check
from kit_frames import Columns, packed, text
from quelea_proto.frames import CAUSES, FLOW, STATE, Frame, crc16, unpack

frame = Frame()


def sealed(data: bytearray) -> bytes:
    crc = crc16(data, len(data) - 2)
    data[-2] = crc & 255
    data[-1] = crc >> 8
    return bytes(data)


state = packed(STATE, 1, [3, 2, 1, 77, -5, 5], b"\x01\x02\x03")
flow = packed(FLOW, 0, [3, 2, 1, 77, -5, 5], b"\x01\x02", Columns([1, -1], [1, 2], [0, 3]))
for whole in (state, flow):
    causes = [0] * len(CAUSES)
    for length in range(len(whole)):
        check(unpack(whole[:length], frame) is None, "short", length, CAUSES[frame.cause])
    unpack(whole + b"\x00", frame)
    print("long", CAUSES[frame.cause])
    for bit in range(8 * len(whole)):
        data = bytearray(whole)
        data[bit >> 3] ^= 1 << (bit & 7)
        taken = unpack(bytes(data), frame)
        check(taken is None, "flip", bit, CAUSES[frame.cause])
        causes[frame.cause] += 1
    print("causes", causes)
    for first in range(256):
        data = bytearray(whole)
        data[0] = first
        taken = unpack(sealed(data), frame)
        if taken is not None or CAUSES[frame.cause] not in ("version", "kind", "length"):
            print("first", first, CAUSES[frame.cause])
    for flags in range(256):
        data = bytearray(whole)
        data[1] = flags
        check((unpack(sealed(data), frame) is None) == (flags > 3), "flags", flags)
    for at in range(2, len(whole) - 2):
        for value in (0, 63, 64, 127, 128, 191, 192, 255):
            data = bytearray(whole)
            data[at] = value
            taken = unpack(sealed(data), frame)
            print("byte", at, value, CAUSES[frame.cause], frame.head if taken else "-")
state32 = 99
taken_count = 0
for turn in range(400):
    data = bytearray((turn * 7) % 60)
    for i in range(len(data)):
        state32 = (state32 * 75 + 74) % 65537
        data[i] = state32 & 255
    if turn & 1 and len(data) > 2:
        data[0] = 33
        sealed(data)
    if unpack(bytes(data), frame) is not None:
        taken_count += 1
        print("garbage taken", turn, text(data))
print("garbage", taken_count)
for data in (b"", b"!", bytes(1024), bytes(1025), bytes(5000)):
    check(unpack(data, frame) is None, "size", len(data), CAUSES[frame.cause])
