"""Nothing raises: no bytes, clock or order of events stops a node."""

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each error that left a node's step()."""
    return [
        Violation(f"{event.source} stopped: {event.detail.get('error')}", event.t_us)
        for event in record.events
        if event.name == "raised"
    ]
