"""Softmax regression in small integers: scores, lessons with momentum, all within 31 bits.

    model.step(samples, draws, shift)   one step of BATCH drawn samples; shift: the rate, see below
    model.predict(rows, at)             the class of the row that begins at rows[at]
    model.put(buffer), model.set(values)   the parameters, as gossip carries and averages them

Units. An input x is 0..16 and stands for x / 16; the last input of every row is 1, the bias. A
weight is Q12 in scores and in gossip (|w| < 8, 16 bits) and has GUARD_BITS more where it is
trained, so that no step is lost in rounding. With n = inputs + 1 <= 1024:

    score      sum of x * w                      Q16    |.| <= 1024 * 16 * 32767 < 2^29
    below      largest score - score             Q16    < 2^30
    e          COARSE * FINE of below / 2^10     Q15    32767 * 32767 < 2^30 before the shift
    share      e * 2^14 // sum of e              Q14    32766 * 2^14 < 2^29; the sum is >= 32766
    velocity   7/8 of itself + sum over BATCH of x * (share - truth)
                                                 Q22 of the mean   16 * 16 * 2^14 * 8 = 2^25
    weight     - velocity / 2^shift              Q18    rate = 2^(4 - shift); |.| < 2^21

Nothing is allocated after the start.
"""

from quelea_proto.limits import const

from quelea_agent.gradients import GUARD_BITS, column, forward, gather, settle

INPUTS_MAX = const(1023)
CLASSES_MAX = const(32)
X_MAX = const(16)
BATCH = const(16)
WEIGHT_MAX = const(32767)  # in gossip
SHIFT_MIN = const(2)  # a rate of 4
SHIFT_MAX = const(12)
_ONE = const(16384)  # of a share
_FAR = const(640)  # 64ths: beyond e^-10 nothing is counted

# 32767 * e^(-i / 2) and 32767 * e^(-j / 64), rounded
COARSE = (
    32767, 19874, 12054, 7311, 4435, 2690, 1631, 989, 600, 364,
    221, 134, 81, 49, 30, 18, 11, 7, 4, 2,
)  # fmt: skip
FINE = (
    32767, 32259, 31759, 31266, 30782, 30305, 29835, 29372, 28917, 28468,
    28027, 27593, 27165, 26744, 26329, 25921, 25519, 25123, 24734, 24350,
    23973, 23601, 23235, 22875, 22520, 22171, 21828, 21489, 21156, 20828,
    20505, 20187,
)  # fmt: skip


class Softmax:
    """weights: (input, class) in rows, Q18. coarse: the same in Q12, what is spoken of."""

    def __init__(self, inputs: int, classes: int) -> None:
        self.inputs = inputs
        self.classes = classes
        self.count = (inputs + 1) * classes
        self.weights = column(self.count)
        self.velocity = column(self.count)
        self.coarse = column(self.count)
        self._scores = column(classes)

    def reset(self) -> None:
        """Forget everything."""
        for at in range(self.count):
            self.weights[at] = self.velocity[at] = self.coarse[at] = 0

    def scores(self, rows, at: int):  # type: ignore[no-untyped-def]
        """Return the scores of rows[at : at + inputs], each value 0..16; the model's own array."""
        forward(rows, at, self.coarse, self._scores, self.inputs)
        return self._scores

    def predict(self, rows, at: int) -> int:  # type: ignore[no-untyped-def]
        """Return the class of most score; the first of equals."""
        scores = self.scores(rows, at)
        best = 0
        for k in range(1, self.classes):
            if scores[k] > scores[best]:
                best = k
        return best

    def step(self, samples, draws, shift: int) -> None:  # type: ignore[no-untyped-def]
        """Do one step of BATCH samples, drawn with replacement. shift: SHIFT_MIN..SHIFT_MAX."""
        for _ in range(BATCH):
            at = draws.below(samples.count) * samples.row
            errors = self.errors(samples.rows, at, samples.rows[at + self.inputs])
            gather(samples.rows, at, self.velocity, errors, self.inputs)
        settle(self.weights, self.velocity, self.coarse, shift)

    def errors(self, rows, at: int, truth: int):  # type: ignore[no-untyped-def]
        """Return share - truth of a sample by class, Q14; the model's own array."""
        scores = self.scores(rows, at)
        most = max(scores)
        total = 0
        for k in range(self.classes):
            below = most - scores[k] >> 10
            e = 0
            if below < _FAR:
                e = COARSE[below >> 5] * FINE[below & 31] >> 15
            scores[k] = e
            total += e
        for k in range(self.classes):
            scores[k] = (scores[k] << 14) // total
        scores[truth] -= _ONE
        return scores

    # -- parameters -----------------------------------------------------------------------------
    def put(self, buffer: bytearray) -> None:
        """Write the parameters, 16 bits each, little endian; buffer holds 2 * count bytes."""
        at = 0
        for value in self.coarse:
            buffer[at] = value & 255
            buffer[at + 1] = value >> 8 & 255
            at += 2

    def set(self, at: int, value: int) -> None:
        """Set parameter `at` to a value of gossip, clipped to WEIGHT_MAX."""
        value = max(-WEIGHT_MAX, min(WEIGHT_MAX, value))
        self.coarse[at] = value
        self.weights[at] = value << GUARD_BITS


def value_at(buffer, at: int) -> int:  # type: ignore[no-untyped-def]
    """Return parameter `at` of what put() wrote."""
    value = buffer[2 * at] | buffer[2 * at + 1] << 8
    return value - 65536 if value > 32767 else value
