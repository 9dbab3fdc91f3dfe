"""The number format gives what exact fractions give.

REQ-NUM-2, REQ-NUM-3, REQ-NUM-6, REQ-CLOCK-1, REQ-EPOCH-4.
"""

from engines import rows
from quelea_proto import fixed, frames


def crc16(text):
    data = bytes.fromhex(text)
    return frames.crc16(data, len(data))


def test_fixed_point_equals_the_exact_definitions():
    seen = set()
    for line, row in rows("fixed.jsonl"):
        operation = crc16 if row["op"] == "crc16" else getattr(fixed, row["op"])
        seen.add(row["op"])
        assert operation(*row["args"]) == row["result"], f"fixed.jsonl:{line}: {row}"
    public = {
        name for name, value in vars(fixed).items()
        if callable(value) and getattr(value, "__module__", "") == "quelea_proto.fixed"
    }  # fmt: skip
    assert public | {"crc16"} == seen, "every function of fixed.py has vectors"


def test_the_published_check_value_of_the_checksum():
    """REQ-FRAME-3: of the nine characters 123456789 it is 0x29B1."""
    assert frames.crc16(b"123456789", 9) == 0x29B1


def test_the_generator_visits_every_state():
    """random_next runs through 1..65536 once before it comes back."""
    seen = bytearray(65537)
    state = 1
    for _ in range(65536):
        state = fixed.random_next(state)
        seen[state] += 1
    assert state == 1 and seen[0] == 0 and min(seen[1:]) == max(seen[1:]) == 1
