"""Idempotence: a frame that is handed over again changes nothing but counters.

The simulator hands frames of the same life over once more and compares the node's whole state.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each probe that changed a node."""
    return [
        Violation(
            f"{event.source} was changed by hearing node {event.detail.get('source')} "
            f"seq {event.detail.get('seq')} again",
            event.t_us,
        )
        for event in record.events
        if event.name == "echo-changed"
    ]
