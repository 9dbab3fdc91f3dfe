"""One rule on the values of all neighbours, unsorted as they come, two of them lies."""


class Part:
    """apply: of a row of RULES. F: a quarter of the neighbours."""

    def __init__(self, count: int, payload: bytes, apply) -> None:
        self.times = 1
        self.apply = apply
        self.count = count
        self.faults_max = count >> 2
        self.given = [1000 + i * 7919 % 997 for i in range(count)]
        self.given[0] = 8388607
        self.given[2] = -8388607
        self.values = [0] * (count + 1)
        self.estimate_q = 0

    def base(self) -> None:
        values = self.values
        given = self.given
        for i in range(self.count):
            values[i] = given[i]
        self.estimate_q = 0

    def call(self) -> None:
        values = self.values
        given = self.given
        for i in range(self.count):
            values[i] = given[i]
        self.estimate_q = self.apply(1500, values, self.count, self.faults_max)

    def digest(self) -> int:
        return self.estimate_q
