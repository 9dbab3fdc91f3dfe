"""Spiking layers in small integers: current-based leaky integrate-and-fire, as on Loihi.

A step, for every neuron (Davies and others 2018; the fixed-point form of Intel's bit-accurate
model), each product rounded toward zero:

    u = u * (4096 - du - 1) / 4096 + 64 * a      a: the sum of the weights of what spiked
    v = v * (4096 - dv) / 4096 + u + bias        spikes and becomes 0 if v > 64 * threshold

u wraps at 24 bits, v is clipped to them. A product of 23 by 12 bits is split, so that no
intermediate leaves 31 bits. A weight has 4 bits, two in a byte, the lower first: 8 + weight.
"""

from quelea_proto.limits import Q_MAX, SMALL_MAX

DECAY = 4096  # decays are counted in 1/DECAY a step
UNIT_BITS = 6  # weights and thresholds count 64 of u and v
RING = 16777216  # 2^24: u lies on it
THRESHOLD_MAX = 131071  # 17 bits; never reached by v, so this one says "does not spike"
SUM_MAX = 32767  # of |weights| of a neuron, shifted: a has 16 bits
NEURONS_MAX = 256
STEPS_MAX = 64  # of one reading


def decayed(value: int, kept: int) -> int:
    """Return value * kept / 4096 toward zero; |value| <= 2^23, kept 0..4096."""
    size = value if value >= 0 else -value
    size = (size >> 12) * kept + (((size & 4095) * kept) >> 12)
    return size if value >= 0 else -size


class Layer:
    """One layer with its state. weights: a row an input, (neurons + 1) // 2 bytes each.

    weight_shift: a counts weight << weight_shift. biases: in units of v. spiked: numbers of the
    neurons that spiked in the last step are spiked[:count]. operations: synaptic, since made.
    """

    def __init__(
        self, weights: bytes, inputs: int, neurons: int, weight_shift: int, du: int, dv: int,
        threshold: int, biases: list,
    ) -> None:  # fmt: skip
        self.weights = weights
        self.inputs = inputs
        self.neurons = neurons
        self.row = (neurons + 1) // 2
        self.shift = weight_shift + UNIT_BITS
        self.kept_u = DECAY - du - 1
        self.kept_v = DECAY - dv
        self.fires_above = threshold << UNIT_BITS
        self.biases = biases
        self.sums = [0] * (2 * self.row)
        self.u = [0] * neurons
        self.v = [0] * neurons
        self.spiked = [0] * neurons
        self.count = 0
        self.operations = 0

    def reset(self) -> None:
        """Forget all charge."""
        for k in range(self.neurons):
            self.u[k] = 0
            self.v[k] = 0

    def step(self, spikes: list, count: int) -> None:
        """Take the inputs spikes[:count] in and let every neuron live one step."""
        sums = self.sums
        weights = self.weights
        row = self.row
        for k in range(2 * row):
            sums[k] = 0
        for turn in range(count):
            at = spikes[turn] * row
            for k in range(row):
                pair = weights[at + k]
                sums[2 * k] += (pair & 15) - 8
                sums[2 * k + 1] += (pair >> 4) - 8
        self.operations = (self.operations + count * self.neurons) & SMALL_MAX
        self._live()

    def _live(self) -> None:
        count = 0
        for k in range(self.neurons):
            u = decayed(self.u[k], self.kept_u) + (self.sums[k] << self.shift)
            if u > Q_MAX or u < -Q_MAX - 1:
                u = (u + Q_MAX + 1) % RING - Q_MAX - 1
            self.u[k] = u
            v = decayed(self.v[k], self.kept_v) + u + self.biases[k]
            if v > Q_MAX:
                v = Q_MAX
            elif v < -Q_MAX:
                v = -Q_MAX
            if v > self.fires_above:
                v = 0
                self.spiked[count] = k
                count += 1
            self.v[k] = v
        self.count = count


def spikes_by_latency(values: list, steps: int, top: int, step: int, spikes: list) -> int:
    """Write which inputs spike at this step into spikes; return how many.

    Each value of 1..top spikes once, the larger the sooner: top at step 0; 0 never does.
    """
    count = 0
    for k in range(len(values)):
        if values[k] > 0 and (top - values[k]) * steps // top == step:
            spikes[count] = k
            count += 1
    return count


def spikes_by_rate(values: list, top: int, charge: list, spikes: list) -> int:
    """Write which inputs spike now into spikes, each values/top of the steps; return how many.

    charge: what each input has left over; all top // 2 at first.
    """
    count = 0
    for k in range(len(values)):
        charge[k] += values[k]
        if charge[k] >= top:
            charge[k] -= top
            spikes[count] = k
            count += 1
    return count


def largest(charges: list) -> int:
    """Return the number of the largest, of equal ones the first: the decoder."""
    best = 0
    for k in range(1, len(charges)):
        if charges[k] > charges[best]:
            best = k
    return best


class Network:
    """Layers in a row; the last does not spike, its largest charge is the answer.

    Inputs are 0..top, coded over `steps` steps by latency, or by rate.
    """

    def __init__(self, layers: list, steps: int, top: int, by_rate: bool) -> None:
        self.layers = layers
        self.steps = steps
        self.top = top
        self.by_rate = by_rate
        self.spikes = [0] * layers[0].inputs
        self.charge = [0] * layers[0].inputs

    def decide(self, values: list) -> int:
        """Return the class of one reading; values: one an input, 0..top."""
        for layer in self.layers:
            layer.reset()
        for k in range(len(self.charge)):
            self.charge[k] = self.top // 2
        for step in range(self.steps):
            if self.by_rate:
                count = spikes_by_rate(values, self.top, self.charge, self.spikes)
            else:
                count = spikes_by_latency(values, self.steps, self.top, step, self.spikes)
            spikes = self.spikes
            for layer in self.layers:
                layer.step(spikes, count)
                spikes = layer.spiked
                count = layer.count
        return largest(self.layers[-1].v)

    def operations(self) -> int:
        """Return the synaptic operations since made: weights added, zero ones too."""
        total = 0
        for layer in self.layers:
            total += layer.operations
        return total
