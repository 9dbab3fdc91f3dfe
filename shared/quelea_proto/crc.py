"""CRC-16/CCITT-FALSE, the checksum of every frame: in Python, and compiled where there is a way.

Half of the time that a node spends on a frame went into its checksum. CPython has it in C. A
MicroPython that can compile for its own processor does so with the text NATIVE, once, when this
module is loaded: so one bytecode serves all boards (docs/decisions/0002-native-code.md).
Elsewhere, and wherever the compiled one does not agree with the one in Python, it is Python.
"""

CHECK = bytes(range(1, 256, 5))  # every bit of a byte and of the remainder takes part


def crc16_plain(data: bytes | bytearray | memoryview, length: int) -> int:
    """Return CRC-16/CCITT-FALSE of data[:length]; 0 <= length <= len(data).

    Polynomial x^16 + x^12 + x^5 + 1, start 0xFFFF; two bytes at a time, without a table. They are
    shifted out by 16 bits, and q is the quotient of that: the bits themselves, added again 4, 8,
    11 and 12 bits further down, as the polynomial's inner terms bring them back. What is left is
    q times the polynomial, whose low 16 bits are those of q * (x^12 + x^5 + 1).
    """
    crc = 0xFFFF
    for i in range(1, length, 2):
        crc ^= data[i - 1] << 8 ^ data[i]
        q = crc ^ crc >> 8
        q ^= q >> 4 ^ crc >> 11
        crc = (q << 12 ^ q << 5 ^ q) & 0xFFFF
    if length & 1:
        q = crc >> 8 ^ data[length - 1]
        q ^= q >> 4
        crc = (crc << 8 ^ q << 12 ^ q << 5 ^ q) & 0xFFFF
    return crc


# The same, a byte at a time, on machine words; no word exceeds 28 bits. It looks at no bounds:
# the length must be the data's or less, as everywhere here.
NATIVE = """
import micropython

@micropython.viper
def crc16(data: ptr8, length: int) -> int:
    crc = 0xFFFF
    for i in range(length):
        q = crc >> 8 ^ data[i]
        q ^= q >> 4
        crc = (crc << 8 ^ q << 12 ^ q << 5 ^ q) & 0xFFFF
    return crc
"""


def _of_cpython(data: bytes | bytearray | memoryview, length: int) -> int:
    return crc_hqx(data[:length], 0xFFFF)


def _compiled():  # type: ignore[no-untyped-def]  # MicroPython has no typing.Callable
    """Return a compiled checksum that agrees with the one in Python; raises where there is none.

    Each board so proves its own at every start, whatever the width of its words. A step is linear
    in the bits of the remainder and the byte, so a bit that went wrong would show in CHECK.
    """
    space: dict[str, object] = {}
    exec(NATIVE, space)
    made = space["crc16"]
    size = len(CHECK)
    if made(CHECK, size) != crc16_plain(CHECK, size):  # type: ignore[operator]  # made by exec()
        raise ValueError("the compiled checksum is wrong")
    return made


crc16 = crc16_plain
try:
    from binascii import crc_hqx

    crc16 = _of_cpython
except ImportError:
    try:
        crc16 = _compiled()  # type: ignore[no-untyped-call]
    except Exception:  # no native code here: SyntaxError, or MemoryError, as the port will have it
        crc16 = crc16_plain
