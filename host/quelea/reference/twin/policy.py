"""The policy's network of the reference: read by struct, summed output by output.

Nothing is taken from quelea_agent.dense or quelea_agent.choice.policy but what those files state;
the table of chances is computed. What a policy looks at is computed a second time, too, by
quelea.learn.features.
"""

from collections.abc import Sequence
from struct import iter_unpack, unpack_from

COMPILED: dict[str, int] = {}  # of quelea_proto.limits, none
FEATURES = 11
STEPS = 16  # parts of an octave
OCTAVES = 16


class Layer:
    """rows: one an output, its bias first."""

    __slots__ = ("rows", "shift")

    def __init__(self, rows: list[list[int]], shift: int) -> None:
        self.rows = rows
        self.shift = shift

    def sums(self, values: Sequence[int]) -> list[int]:
        """Return the bias and the products of each output, added."""
        return [
            row[0] + sum(value * weight for value, weight in zip(values, row[1:]))
            for row in self.rows
        ]


class Policy:
    """file: a whole QNN1 file that a board takes."""

    def __init__(self, file: bytes) -> None:
        self.layers: list[Layer] = []
        at = 8
        for _ in range(file[4]):
            inputs, outputs, shift = unpack_from("<HHB", file, at)
            at += 6
            rows = [[bias] for (bias,) in iter_unpack("<i", file[at : at + 4 * outputs])]
            at += 4 * outputs
            weights = unpack_from(f"<{inputs * outputs}b", file, at)
            at += inputs * outputs
            for k in range(outputs):
                rows[k] += weights[k::outputs]
            self.layers.append(Layer(rows, shift))

    def score(self, values: Sequence[int]) -> int:
        """Return the score of a server with these features."""
        active = list(values)
        for layer in self.layers[:-1]:
            unit = 2**layer.shift
            active = [
                sorted((0, (2 * total + unit) // (2 * unit), 255))[1]
                for total in layer.sums(active)
            ]
        return self.layers[-1].sums(active)[0]

    def chances(self, scores: Sequence[int]) -> list[int]:
        """Return what speaks for each server: 2^15 for the best, half of that an octave below."""
        unit = 2 ** self.layers[-1].shift // STEPS
        found = []
        for score in scores:
            steps = (max(scores) - score) // unit
            octaves, rest = divmod(steps, STEPS)
            whole = round(2.0 ** (15 - rest / STEPS))
            found.append(whole // 2**octaves if octaves < OCTAVES else 0)
        return found

    def pick(self, scores: Sequence[int], point: int) -> int:
        """Return the server that a point 0 .. sum of chances - 1 falls on."""
        chances = self.chances(scores)
        return next(k for k in range(len(chances)) if point < sum(chances[: k + 1]))
