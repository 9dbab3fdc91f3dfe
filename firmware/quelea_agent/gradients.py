"""What softmax.py spends its time on: in Python, and compiled where there is a way.

    forward(rows, at, coarse, scores, inputs)       scores = inputs by weights, and the bias
    gather(rows, at, velocity, errors, inputs)      velocity += outer product of inputs and errors
    settle(weights, velocity, coarse, shift)        weights follow the velocity, which wanes

Columns are array('i'), (input, class) in rows; rows are bytes. Ranges are those of softmax.py.

As the checksum (quelea_proto.crc), the compiled ones are of one text that a MicroPython compiles
for its own processor when this is loaded, and are used only if they do what those in Python do.
"""

from array import array

from quelea_proto.limits import const

X_ONE = const(16)  # the bias's input
FULL = const(2097088)  # 32767 << 6, the largest weight
GUARD_BITS = const(6)
WANE_BITS = const(3)  # of the velocity 1/8 goes each step


def column(count: int):  # type: ignore[no-untyped-def]
    """Return a column of zeros."""
    return array("i", bytes(4 * count))


def forward_plain(rows, at, coarse, scores, inputs):  # type: ignore[no-untyped-def]
    """Set scores to the sums of rows[at : at + inputs] and the bias."""
    classes = len(scores)
    base = inputs * classes
    for k in range(classes):
        scores[k] = X_ONE * coarse[base + k]
    base = 0
    for i in range(at, at + inputs):
        value = rows[i]
        if value:
            for k in range(classes):
                scores[k] += value * coarse[base + k]
        base += classes


def gather_plain(rows, at, velocity, errors, inputs):  # type: ignore[no-untyped-def]
    """Add input times error to every velocity."""
    classes = len(errors)
    base = 0
    for i in range(at, at + inputs):
        value = rows[i]
        if value:
            for k in range(classes):
                velocity[base + k] += value * errors[k]
        base += classes
    for k in range(classes):
        velocity[base + k] += X_ONE * errors[k]


def settle_plain(weights, velocity, coarse, shift):  # type: ignore[no-untyped-def]
    """Move weights by velocity / 2^shift, half up, clipped; then let the velocity wane."""
    half = 1 << shift - 1
    for at in range(len(weights)):
        moved = velocity[at]
        weight = weights[at] - (moved + half >> shift)
        if weight > FULL:
            weight = FULL
        elif weight < -FULL:
            weight = -FULL
        weights[at] = weight
        coarse[at] = weight + 32 >> GUARD_BITS
        velocity[at] = moved - (moved + 4 >> WANE_BITS)


# A word that is loaded has no sign on a 64-bit machine. Sums of products do not mind, since 32
# bits of them are stored; before a shift the sign is put back. Bounds are not looked at.
NATIVE = """
import micropython

@micropython.viper
def forward(rows: ptr8, at: int, coarse: ptr32, scores: ptr32, inputs: int, classes: int):
    base = inputs * classes
    for k in range(classes):
        scores[k] = coarse[base + k] << 4
    base = 0
    for i in range(inputs):
        value = rows[at + i]
        if value:
            for k in range(classes):
                scores[k] = scores[k] + value * coarse[base + k]
        base += classes

@micropython.viper
def gather(rows: ptr8, at: int, velocity: ptr32, errors: ptr32, inputs: int, classes: int):
    base = 0
    for i in range(inputs):
        value = rows[at + i]
        if value:
            for k in range(classes):
                velocity[base + k] = velocity[base + k] + value * errors[k]
        base += classes
    for k in range(classes):
        velocity[base + k] = velocity[base + k] + (errors[k] << 4)

@micropython.viper
def settle(weights: ptr32, velocity: ptr32, coarse: ptr32, shift: int, count: int):
    top = 1 << 31
    half = 1 << (shift - 1)
    for at in range(count):
        moved = (velocity[at] ^ top) - top
        weight = ((weights[at] ^ top) - top) - ((moved + half) >> shift)
        if weight > 2097088:
            weight = 2097088
        if weight < -2097088:
            weight = -2097088
        weights[at] = weight
        coarse[at] = (weight + 32) >> 6
        velocity[at] = moved - ((moved + 4) >> 3)
"""


def _compiled():  # type: ignore[no-untyped-def]
    """Return the three, compiled, if they agree with those in Python; raises where they do not."""
    space = {}  # type: ignore[var-annotated]
    exec(NATIVE, space)
    run, add, move = space["forward"], space["gather"], space["settle"]

    def forward_native(rows, at, coarse, scores, inputs):  # type: ignore[no-untyped-def]
        run(rows, at, coarse, scores, inputs, len(scores))

    def gather_native(rows, at, velocity, errors, inputs):  # type: ignore[no-untyped-def]
        add(rows, at, velocity, errors, inputs, len(errors))

    def settle_native(weights, velocity, coarse, shift):  # type: ignore[no-untyped-def]
        move(weights, velocity, coarse, shift, len(weights))

    found = forward_native, gather_native, settle_native
    if proof(found) != proof((forward_plain, gather_plain, settle_plain)):
        raise ValueError("a compiled function is wrong")
    return found


def proof(three) -> list:  # type: ignore[no-untyped-def]
    """Return what the three functions make of columns whose words have every sign and size."""
    forward, gather, settle = three
    rows = bytes((9, 0, 16, 5, 255))
    errors = array("i", (16383, -16384, -1))
    columns = [
        array("i", [(-1) ** at * (2097087 >> at) for at in range(12)]),  # weights
        array("i", [(-1) ** (at >> 1) * (33554431 >> 2 * at) for at in range(12)]),  # velocity
        array("i", [(-1) ** at * (32767 - 2979 * at) for at in range(12)]),  # coarse
    ]
    scores = array("i", (1, 2, 3))
    found = []
    for shift in (2, 4, 12):
        forward(rows, 1, columns[2], scores, 3)
        gather(rows, 1, columns[1], errors, 3)
        settle(columns[0], columns[1], columns[2], shift)
        found.append([list(scores)] + [list(column) for column in columns])
    return found


COMPILED = False
forward, gather, settle = forward_plain, gather_plain, settle_plain
try:
    forward, gather, settle = _compiled()
    COMPILED = True
except Exception:  # no native code here: SyntaxError, or MemoryError, as the port will have it
    COMPILED = False
