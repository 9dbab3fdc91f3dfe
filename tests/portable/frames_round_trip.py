# Frames: pack and unpack give back every field, at the edges of every range.
# REQ-FRAME-1, REQ-FRAME-4, REQ-FRAME-8, REQ-NUM-1.
from kit import check
from kit_frames import Columns, packed, text
from quelea_proto.frames import CAUSES, FLOW, STATE, Frame, crc16, unpack, used_mark

TOP = 8388607
WIDE = 268435455
HEADS = (
    (1, 1, 0, 0, 0, 0),
    (65535, 65535, 65535, 1073741823, TOP, TOP),
    (1, 2, 3, 4, -TOP, -TOP),
    (258, 772, 1286, 67438087, -1, 1),
)
print("crc", crc16(b"123456789", 9), crc16(b"", 0), crc16(b"\x00", 1))
print("mark", [used_mark(seq) for seq in (0, 1, 254, 255, 256, 1073741823)])
frame = Frame()
for head in HEADS:
    for count in (0, 1, 8, 126):
        used = bytes([(7 * i) & 255 for i in range(count)])
        data = packed(STATE, count & 3, list(head), used)
        print("state", len(data), text(data[:40]), text(data[-2:]))
        check(unpack(data, frame) is frame, "read", CAUSES[frame.cause])
        check(frame.head == list(head) and frame.count == count, "head", frame.head)
        check(frame.flags == count & 3 and frame.kind == STATE, "flags", frame.flags)
        check([frame.used_at(i) for i in range(count)] == list(used), "used")
EDGES = ((0, 0, 0), (WIDE, 6, 127), (-WIDE, 1, -127), (-1, 7, -1), (1, 3, 1))
for flow_q, turn, residue in EDGES:
    for count in (1, 3, 126):
        rising = [flow_q - i * (flow_q > 0) for i in range(count)]
        flows = Columns(rising, [turn] * count, [residue] * count)
        head = [9, 8, 7, 6, -TOP, -WIDE]
        data = packed(FLOW, 0, head, bytes(count), flows)
        print("flow", len(data), text(data[:40]), text(data[-2:]))
        check(unpack(data, frame) is frame, "read", CAUSES[frame.cause])
        check(frame.head == head, "head", frame.head)
        last = count - 1
        check(frame.flow_at(last) == flows.flow_q[last], "flow", frame.flow_at(last))
        check(frame.turn_at(0) == turn and frame.turn_at(last) == turn, "turn", frame.turn_at(0))
        check(frame.residue_at(last) == residue, "residue", frame.residue_at(last))
for kind in (bytes, bytearray, memoryview):
    given = kind(data)
    check(unpack(given, frame) is frame, "any buffer")
