"""Honest hull: in every epoch each honest value lies between the honest inputs of that epoch."""

import numpy as np

from quelea.checkers.record import Record


def check(record: Record) -> list[str]:
    """Return a sentence for each honest frame outside its epoch's hull; [] is well.

    The hull of an epoch is spanned by every input that an honest node showed in that epoch.
    """
    found: list[str] = []
    for epoch in np.unique(record.epoch[record.honest]):
        here = record.honest & (record.epoch == epoch)
        low_q, high_q = record.input_q[here].min(), record.input_q[here].max()
        value_q = record.value_q[here]
        outside = (value_q < low_q) | (value_q > high_q)
        for at in np.flatnonzero(outside):
            found.append(
                f"node {record.source[here][at]} held {value_q[at]} in epoch {epoch}, "
                f"outside the honest inputs {low_q} to {high_q} (seq {record.seq[here][at]})"
            )
    return found


def room(record: Record) -> tuple[int, int]:
    """Return (frames checked, honest epochs seen): proof that the check had something to see."""
    return int(record.honest.sum()), len(np.unique(record.epoch[record.honest]))
