"""Honest hull: in every epoch each honest value lies between the honest inputs of that epoch."""

import numpy as np

from quelea.checkers.facts import Facts
from quelea.checkers.record import FLOW, Record, Violation


def check(record: Record, facts: Facts | None = None) -> list[str]:
    """Return a sentence for each honest frame outside its epoch's hull; [] is well.

    The hull of an epoch is spanned by every input that an honest node showed in that epoch.
    Promised in resilient mode, with at most F liars among each honest node's neighbours.
    """
    if (facts is not None and not facts.in_model) or (record.kind == FLOW).any():
        return []
    found: list[str] = []
    for epoch in np.unique(record.epoch[record.honest]):
        here = record.honest & (record.epoch == epoch)
        low_q, high_q = record.input_q[here].min(), record.input_q[here].max()
        value_q = record.value_q[here]
        outside = (value_q < low_q) | (value_q > high_q)
        for at in np.flatnonzero(outside):
            source, t_us = int(record.source[here][at]), int(record.t_us[here][at])
            text = (
                f"node {source} held {value_q[at]} in epoch {epoch}, outside the honest inputs "
                f"{low_q} to {high_q} (seq {record.seq[here][at]})"
            )
            found.append(Violation(text, t_us, source))
    return found


def room(record: Record) -> tuple[int, int]:
    """Return (frames checked, honest epochs seen): proof that the check had something to see."""
    return int(record.honest.sum()), len(np.unique(record.epoch[record.honest]))
