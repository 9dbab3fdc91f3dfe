"""When nodes booted, where the journal tells: a node that has knows nobody any more.

Its frames do not show it by themselves when it speaks in a session of before and the first ones of
its new life never left it.
"""

from bisect import bisect_right

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record


class Boots:
    """anew(source, t_us): asked of each node's frames in order of time."""

    def __init__(self, record: Record, facts: Facts) -> None:
        self._times: dict[int, list[int]] = {}
        for event in record.events:
            if event.name == "booted":
                number = facts.numbers.get(event.source, 0)
                self._times.setdefault(number, []).append(event.t_us)
        self._seen: dict[int, int] = {}

    def anew(self, source: int, t_us: int) -> bool:
        """Return whether the node has booted since its frame that was asked about before."""
        count = bisect_right(self._times.get(source, []), t_us)
        before = self._seen.get(source, 0)
        self._seen[source] = count
        return count > before
