"""Samples of a node's own, as a file: rows of small inputs with their class behind them.

    samples, problem = load(data)       problem: None, or a sentence; never raises

The file, little endian:

    magic    "QDS1"
    count    u16, rows; inputs u16; classes u8; 0 u8
    a row    a byte an input, 0..16, then its class
    crc      u16, CRC-16/CCITT-FALSE of all before it

What is too long for a heap is several such files, one after the other: next_bytes() of a head says
how long the rest of its file is.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get
from quelea_proto.limits import const

from quelea_agent.softmax import CLASSES_MAX, INPUTS_MAX, X_MAX

MAGIC = b"QDS1"
HEAD = const(10)


class Samples:
    """rows: the bytes of all rows. row: bytes of one, the class its last. count: of rows."""

    def __init__(self, rows, count: int, inputs: int, classes: int) -> None:  # type: ignore[no-untyped-def]
        self.rows = rows
        self.count = count
        self.inputs = inputs
        self.classes = classes
        self.row = inputs + 1


def next_bytes(head) -> int:  # type: ignore[no-untyped-def]
    """Return the bytes that follow a head of HEAD bytes; 0 for what is none."""
    if len(head) != HEAD or bytes(head[:4]) != MAGIC:
        return 0
    return get(head, 4, 2, False) * (get(head, 6, 2, False) + 1) + 2


def load(data):  # type: ignore[no-untyped-def]
    """Return (samples, None), or (None, what is wrong with data). The samples keep a view."""
    if len(data) < HEAD or bytes(data[:4]) != MAGIC:
        return None, "no file of samples: it does not begin with QDS1"
    count = get(data, 4, 2, False)
    inputs = get(data, 6, 2, False)
    classes = data[8]
    if not count or not 1 <= inputs <= INPUTS_MAX or not 2 <= classes <= CLASSES_MAX or data[9]:
        return None, "1 or more rows of 1 to 1023 inputs and 2 to 32 classes are allowed"
    end = HEAD + count * (inputs + 1)
    if len(data) != end + 2:
        return None, "the length is not that of its rows"
    rows = memoryview(data)[HEAD:end]
    if crc16(data, end) != get(data, end, 2, False):
        return None, "the checksum is wrong"
    samples = Samples(rows, count, inputs, classes)
    for at in range(len(rows)):
        if rows[at] >= (classes if at % samples.row == inputs else X_MAX + 1):
            return None, "a row has an input above 16, or a class that there is not"
    return samples, None
