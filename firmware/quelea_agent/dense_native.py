"""A dense network's one score, compiled where a MicroPython can compile: the same bits, sooner.

    score = scorer(file, network)     score(values) -> int; values: a bytearray of 0..255

As with the checksum (quelea_proto/crc.py) the text NATIVE is compiled on the board itself, once,
and is believed only if it gives what the plain code gives on every row of a check; elsewhere, and
otherwise, it is the plain code. It walks a layer as it lies in the file (dense.py): three pointers
to bytes, sums below 2^29, so the width of a word cannot matter.
"""

from quelea_agent.dense import HEAD, LAYER_HEAD

CHECKS = 8  # rows of inputs that are compared

NATIVE = """
import micropython

@micropython.viper
def layer(row: ptr8, values: ptr8, out: ptr8) -> int:
    inputs = row[0] | row[1] << 8
    outputs = row[2] | row[3] << 8
    shift = row[4]
    half = 1 << shift >> 1
    weights = 6 + 4 * outputs
    total = 0
    for k in range(outputs):
        at = 6 + 4 * k
        total = (row[at + 3] ^ 128) - 128 << 24
        total += row[at] | row[at + 1] << 8 | row[at + 2] << 16
        at = weights + k
        for i in range(inputs):
            total += values[i] * ((row[at] ^ 128) - 128)
            at += outputs
        value = total + half >> shift
        if value < 0:
            value = 0
        elif value > 255:
            value = 255
        out[k] = value
    return total
"""


def _compiled():  # type: ignore[no-untyped-def]
    """Return the compiled layer, or None where there is no emitter."""
    space = {}
    try:
        exec(NATIVE, space)
    except Exception:  # SyntaxError, ImportError or MemoryError, as the port will have it
        return None
    return space["layer"]


layer = _compiled()


class Native:
    """The layers of a file, with room for what each gives."""

    def __init__(self, file, network) -> None:  # type: ignore[no-untyped-def]
        view = memoryview(file)
        at = HEAD
        self.rows = []
        for one in network.layers:
            self.rows.append((view[at:], bytearray(one.outputs)))
            at += LAYER_HEAD + (4 + one.inputs) * one.outputs

    def score(self, values) -> int:  # type: ignore[no-untyped-def]
        """Return the last sum of the last layer."""
        total = 0
        for row, out in self.rows:
            total = layer(row, values, out)
            values = out
        return total


class Plain:
    """The same in Python."""

    def __init__(self, network) -> None:  # type: ignore[no-untyped-def]
        self.network = network

    def score(self, values) -> int:  # type: ignore[no-untyped-def]
        """Return the last sum of the last layer."""
        return self.network.scores(values)[-1]


def scorer(file, network):  # type: ignore[no-untyped-def]
    """Return the quickest way to a score that is right."""
    plain = Plain(network).score
    if layer is None:
        return plain
    native = Native(file, network).score
    values = bytearray(network.inputs)
    for turn in range(CHECKS):
        for i in range(len(values)):
            values[i] = (i * 73 + 29) * (turn * 37 + 1) + (turn << 5) & 255
        if native(values) != plain(values):
            return plain
    return native
