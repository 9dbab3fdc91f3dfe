"""A lookout: surges seen coming in the node's own readings, and a word in every round meanwhile.

It stands between sensor and agent. Every `reading_rounds` rounds it shows the newest reading to a
detector (quelea_agent.surge); while that expects a surge, the cadence is told to speak in each of
the next `lively_rounds` rounds. The detector is a rule or a spiking network.
"""

from quelea_proto.limits import SMALL_MAX

from quelea_agent import report
from quelea_agent.surge import SURGE_CLASS, WINDOW, Surge

BY = ("rule", "spikes")
ROUNDS_MAX = 65535
LIVELY_MAX = 100


class Rule:
    """The detector that is one comparison: the newest reading above 9/8 of the mean."""

    top = 16

    def decide(self, values: list) -> int:
        """Return SURGE_CLASS or 0; values: eighths of the mean, the newest last."""
        return SURGE_CLASS if values[WINDOW - 1] > 9 else 0


class Lookout:
    """A sensor before the node's own. readings: shown to the detector; alerts: surges seen."""

    busy = False

    def __init__(self, sensor, surge, pace, reading_rounds: int, lively_rounds: int) -> None:  # type: ignore[no-untyped-def]
        self.sensor = sensor
        self.surge = surge
        self.pace = pace
        self.reading_rounds = reading_rounds
        self.lively_rounds = lively_rounds
        self.rounds = 0
        self.readings = 0
        self.alerts = 0

    def read_q(self, now_ms: int) -> int:
        """Return the sensor's reading; to be called once a round."""
        reading_q = self.sensor.read_q(now_ms)
        self.rounds += 1
        if self.rounds >= self.reading_rounds:
            self.rounds = 0
            self.readings = (self.readings + 1) & SMALL_MAX
            self.surge.sense(reading_q)
            if self.surge.expected and self.surge.seen == WINDOW:
                self.alerts = (self.alerts + 1) & SMALL_MAX
                self.pace.alert(self.lively_rounds)
        return reading_q

    def turn(self, now_ms: int) -> None:
        """Nothing is due but with the readings."""

    def figures(self) -> list:
        """Return this part of a status."""
        rows = (("readings", str(self.readings)), ("alerts", str(self.alerts)))
        return [("lookout", report.rows(rows))]


def _network(found: object):  # type: ignore[no-untyped-def]
    """Return the network of a configuration, or None."""
    from quelea_agent.spiking import Layer, Network  # a part: a rule needs none of it

    try:
        layers = []
        for row in found["layers"]:
            text = row["weights"]
            weights = bytes([int(text[k : k + 2], 16) for k in range(0, len(text), 2)])
            inputs = row["inputs"]
            neurons = row["neurons"]
            if len(weights) != inputs * ((neurons + 1) // 2):
                return None
            layers.append(
                Layer(
                    weights, inputs, neurons, row["weight_shift"], row["du"], row["dv"],
                    row["threshold"], row["biases"],
                )
            )  # fmt: skip
        if layers[0].inputs != WINDOW:
            return None
        return Network(layers, found["steps"], found["top"], found["code"] == "rate")
    except Exception:  # from a file: whatever is wrong with it, the node says so and ends
        return None


def attach(node, found: object) -> str:  # type: ignore[no-untyped-def]
    """Put a lookout before the node's sensor; return why not, or "". found: `surge` of cfg."""
    if not isinstance(found, dict) or found.get("by") not in BY:
        return "surge: an object with `by`, rule or spikes, is needed"
    if not node.agent.settings.quiet_rounds_max:
        return "surge: quiet_rounds_max is 0: a node that always speaks has no use for it"
    rounds = []
    for key, largest in (("reading_rounds", ROUNDS_MAX), ("lively_rounds", LIVELY_MAX)):
        value = found.get(key, 4)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= largest:
            return f"surge: {key} {value!r} is not from 1 to {largest}"
        rounds.append(value)
    network = Rule() if found["by"] == "rule" else _network(found.get("network"))
    if network is None:
        return "surge: network: no layers of a spiking network; write them with `quelea spike`"
    surge = Surge(network, 1)
    node.sensor = Lookout(node.sensor, surge, node.agent.mode.pace, rounds[0], rounds[1])
    node.parts.append(node.sensor)
    return ""
