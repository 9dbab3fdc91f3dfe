"""RULES: rows (name, apply, liars tolerated?); how a node combines its value with others'.

A rule is `apply(own_q, values_q, count, faults_max) -> estimate_q`: pure but for sorting
values_q[:count] in place; values_q is a list with room for count + 1. All values in |q| < 2^23.
Fewer than 2F + 1 values: the own value is returned (the node holds). To add a rule: a file beside
this one, a row below, its exact definition in tools/oracle.py.
"""

from quelea_proto.rules import (
    clipped_wmsr,
    mean,
    median,
    midpoint,
    trim_and_clip,
    trimmed_mean,
    wmsr,
)

RULES = (
    ("mean", mean.apply, False),
    ("trimmed-mean", trimmed_mean.apply, True),
    ("wmsr", wmsr.apply, True),
    ("midpoint", midpoint.apply, True),
    ("median", median.apply, True),
    ("trim-and-clip", trim_and_clip.apply, True),
    ("clipped-wmsr", clipped_wmsr.apply, True),
)


def find(name: str):  # type: ignore[no-untyped-def]  # MicroPython has no typing.Callable
    """Return the row of RULES with this name, or None."""
    for row in RULES:
        if row[0] == name:
            return row
    return None


def names() -> str:
    """Return all rule names, for messages: "mean, trimmed-mean, ..."."""
    return ", ".join([row[0] for row in RULES])
