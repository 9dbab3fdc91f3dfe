"""Dense layers in small integers: 8-bit weights, sums of 31 bits, brought down by shifts.

    network, problem = load(data)       problem: None, or a sentence; never raises
    scores = network.scores(values)     values: one an input, 0..255; the list is used again

A layer: sums[k] = bias[k] + sum of values[i] * weight[i][k]. Between layers a value is the sum
shifted down, half rounded up, clipped to 0..255 (so it is also the rectifier); the last layer's
sums are the scores. What load() accepts cannot leave 31 bits.

The file, little endian:

    magic    "QNN1"
    layers   u8, 0 u8, crc u16 (CRC-16/CCITT-FALSE of all that follows)
    a layer  inputs u16, outputs u16, shift u8, 0 u8, then biases s32 by output, then weights s8,
             a row an input
"""

from quelea_proto.crc import crc16
from quelea_proto.limits import const

MAGIC = b"QNN1"
HEAD = const(8)
LAYER_HEAD = const(6)
LAYERS_MAX = const(8)
WIDTH_MAX = const(1024)  # 1024 * 255 * 128 < 2^25
SHIFT_MAX = const(24)
BIAS_MAX = const(268435455)  # 2^28 - 1: with the products below 2^30
ACTIVE_MAX = const(255)
FILE_BYTES_MAX = const(65536)


class Layer:
    """One layer; weights: a view of inputs * outputs bytes."""

    def __init__(self, inputs: int, outputs: int, shift: int, biases: list, weights) -> None:  # type: ignore[no-untyped-def]
        self.inputs = inputs
        self.outputs = outputs
        self.shift = shift
        self.biases = biases
        self.weights = weights
        self.sums = [0] * outputs

    def run(self, values: list) -> list:
        """Return the sums for values; the list is the layer's own."""
        sums = self.sums
        weights = self.weights
        count = self.outputs
        for k in range(count):
            sums[k] = self.biases[k]
        at = 0
        for i in range(self.inputs):
            value = values[i]
            if value:
                for k in range(count):
                    sums[k] += value * ((weights[at + k] ^ 128) - 128)
            at += count
        return sums

    def lower(self) -> None:
        """Bring the sums down to what the next layer takes."""
        sums = self.sums
        shift = self.shift
        half = 1 << shift >> 1
        for k in range(self.outputs):
            value = (sums[k] + half) >> shift
            sums[k] = 0 if value < 0 else ACTIVE_MAX if value > ACTIVE_MAX else value


class Network:
    """Layers in a row."""

    def __init__(self, layers: list) -> None:
        self.layers = layers
        self.inputs = layers[0].inputs
        self.outputs = layers[-1].outputs

    def scores(self, values) -> list:  # type: ignore[no-untyped-def]
        """Return the scores for at least `inputs` values of 0..255."""
        last = len(self.layers) - 1
        for turn in range(last):
            values = self.layers[turn].run(values)
            self.layers[turn].lower()
        return self.layers[last].run(values)

    def macs(self) -> int:
        """Return the products of one run."""
        total = 0
        for layer in self.layers:
            total += layer.inputs * layer.outputs
        return total


def largest(scores: list) -> int:
    """Return the index of the largest score, of equal ones the first."""
    best = 0
    for k in range(1, len(scores)):
        if scores[k] > scores[best]:
            best = k
    return best


def load(data):  # type: ignore[no-untyped-def]
    """Return (network, None), or (None, what is wrong with data). The network keeps a view."""
    if len(data) < HEAD or bytes(data[:4]) != MAGIC:
        return None, "no network file: it does not begin with QNN1"
    if len(data) > FILE_BYTES_MAX:
        return None, "more than 65536 bytes"
    count = data[4]
    if not 1 <= count <= LAYERS_MAX or data[5]:
        return None, "1 to 8 layers are allowed"
    view = memoryview(data)
    if crc16(view[HEAD:], len(data) - HEAD) != data[6] | data[7] << 8:
        return None, "the checksum is wrong"
    layers = []
    at = HEAD
    for _ in range(count):
        layer, at = _layer(view, at)
        if layer is None:
            return None, "a layer is cut short or out of range"
        if layers and layers[-1].outputs != layer.inputs:
            return None, "two layers do not fit together"
        layers.append(layer)
    if at != len(data):
        return None, "bytes are left over"
    return Network(layers), None


def _layer(view, at: int):  # type: ignore[no-untyped-def]
    """Return the layer that begins at `at` and where it ends; None for a faulty one."""
    if len(view) < at + LAYER_HEAD:
        return None, at
    inputs = view[at] | view[at + 1] << 8
    outputs = view[at + 2] | view[at + 3] << 8
    shift = view[at + 4]
    if not 1 <= inputs <= WIDTH_MAX or not 1 <= outputs <= WIDTH_MAX or shift > SHIFT_MAX:
        return None, at
    end = at + LAYER_HEAD + 4 * outputs + inputs * outputs
    if view[at + 5] or len(view) < end:
        return None, at
    biases = []
    at += LAYER_HEAD
    for _ in range(outputs):
        high = (view[at + 3] ^ 128) - 128  # sign in the top byte; |high| checked before it grows
        if not -16 <= high <= 15:
            return None, at
        biases.append((high << 24) + (view[at] | view[at + 1] << 8 | view[at + 2] << 16))
        at += 4
    return Layer(inputs, outputs, shift, biases, view[at:end]), end


def dump(layers: list) -> bytes:
    """Return the file of rows (inputs, outputs, shift, biases, weights), weights by input: s8."""
    body = bytearray()
    for inputs, outputs, shift, biases, weights in layers:
        body += bytes((inputs & 255, inputs >> 8, outputs & 255, outputs >> 8, shift, 0))
        for bias in biases:
            body += bytes((bias & 255, bias >> 8 & 255, bias >> 16 & 255, bias >> 24 & 255))
        for weight in weights:
            body.append(weight & 255)
    crc = crc16(body, len(body))
    return MAGIC + bytes((len(layers), 0, crc & 255, crc >> 8)) + bytes(body)
