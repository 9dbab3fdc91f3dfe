"""A surge seen coming: a spiking network on the node's own readings, and when to speak.

The network sees the last WINDOW readings, each as eighths of their mean, and says whether the next
reading will be a surge. A node that sees one coming speaks at every reading, else now and then.
"""

WINDOW = 24  # readings that the mean is taken of: a day of hours
EIGHTHS = 8  # of the mean, so that 16 says twice the mean or more
SURGE_CLASS = 1


class Surge:
    """calm_readings: a calm node speaks once in so many. expected: what the last answer was."""

    def __init__(self, network: object, calm_readings: int) -> None:
        self.network = network
        self.calm_readings = calm_readings
        self.window = [0] * WINDOW
        self.values = [0] * WINDOW
        self.seen = 0
        self.silent = 0
        self.expected = False

    def sense(self, reading_q: int) -> bool:
        """Take a reading; return whether to speak of it. Readings below 0 count as 0."""
        speak = self.expected or self.silent >= self.calm_readings - 1
        self.silent = 0 if speak else self.silent + 1
        window = self.window
        for k in range(WINDOW - 1):
            window[k] = window[k + 1]
        window[WINDOW - 1] = reading_q if reading_q > 0 else 0
        if self.seen < WINDOW:
            self.seen += 1
        self.expected = self.seen < WINDOW or self._coming()
        return speak

    def _coming(self) -> bool:
        ratios(self.window, self.values, self.network.top)
        return self.network.decide(self.values) == SURGE_CLASS


def ratios(window: list, values: list, top: int) -> None:
    """Write each of the WINDOW readings, 0..2^23 - 1, as eighths of their mean, at most top."""
    total = 0
    for k in range(WINDOW):
        total += window[k]
    mean = total // WINDOW
    if mean < 1:
        mean = 1
    for k in range(WINDOW):
        value = window[k] * EIGHTHS // mean
        values[k] = value if value < top else top
