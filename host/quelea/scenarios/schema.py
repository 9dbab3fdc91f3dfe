"""SCHEMA: every key that a scenario may have, as rows; what it means and what it may be."""

from dataclasses import fields
from typing import NamedTuple

from quelea_proto import limits, rules

from quelea.simulator.faults import Faults
from quelea.simulator.inputs import SHAPES

# kinds: int, float, flag, text, word (one of `words`, when there are any), words (a list of them)
INT, FLOAT, FLAG, TEXT, WORD, WORDS = "int", "float", "flag", "text", "word", "words"


class Key(NamedTuple):
    """A key. drawn: a number may be [low, high] and a word a list, of which each seed draws."""

    table: str
    name: str
    kind: str
    default: object
    meaning: str
    low: float = 0
    high: float = 0
    words: tuple[str, ...] = ()
    drawn: bool = False


def _rate(name: str, default: object) -> Key:
    """Return the row of a fault; its meaning is in quelea.simulator.faults."""
    if isinstance(default, bool):
        return Key("faults", name, FLAG, None, "see Faults", drawn=True)
    if name.endswith("_ms"):
        return Key("faults", name, FLOAT, None, "see Faults", 0.1, 600_000, drawn=True)
    if isinstance(default, int):
        top = 65_535 if name == "epoch" else 100_000
        return Key("faults", name, INT, None, "see Faults", 0, top, drawn=True)
    return Key("faults", name, FLOAT, None, "see Faults", 0.0, 1.0, drawn=True)


_Q, _F = limits.Q_MAX, limits.FLOW_MAX
_SEQ = limits.SEQ_MAX - 1_000_000  # the rest is for the run
RULES = tuple(row[0] for row in rules.RULES)
SCHEMA: tuple[Key, ...] = (
    Key("", "title", TEXT, "", "one line"),
    Key("", "what", TEXT, "", "what it is to show"),
    Key("fleet", "nodes", INT, 8, "members", 2, 2000, drawn=True),
    Key("fleet", "topology", WORD, "auto", "auto: what F needs; or as --topology", drawn=True),
    Key("fleet", "mode", WORD, "resilient", "", words=("resilient", "exact"), drawn=True),
    Key("fleet", "rule", WORD, "wmsr", "of the resilient mode", words=RULES, drawn=True),
    Key("fleet", "faults_max", INT, 0, "F", 0, limits.FAULTS_MAX, drawn=True),
    Key("fleet", "period_ms", INT, 1000, "", limits.PERIOD_MS_MIN, 60_000, drawn=True),
    Key("fleet", "epoch_rounds", INT, 0, "0: never restart", 0, 100_000, drawn=True),
    Key("fleet", "fresh_rounds", INT, 4, "", 1, limits.FRESH_ROUNDS_MAX, drawn=True),
    Key(
        "fleet",
        "quiet_rounds_max",
        INT,
        0,
        "cadence; 0: a frame in every round",
        0,
        limits.QUIET_ROUNDS_MAX,
        drawn=True,
    ),
    Key("fleet", "dead_band_q", INT, 0, "cadence: what is no news", 0, _Q, drawn=True),
    Key("fleet", "fanout", INT, 0, "0: broadcast", 0, limits.FANOUT_MAX, drawn=True),
    Key("fleet", "lo_q", INT, 0, "range of the signal", -_Q, _Q),
    Key("fleet", "hi_q", INT, 70_000, "range of the signal", -_Q, _Q),
    Key(
        "fleet",
        "circulation_q",
        INT,
        0,
        "exact: what goes round a cycle at first",
        0,
        _F,
        drawn=True,
    ),
    Key("fleet", "rounds_before", INT, 0, "that the first nodes have done", 0, _SEQ, drawn=True),
    Key("demand", "shape", WORD, "uniform", "", words=tuple(SHAPES), drawn=True),
    Key("demand", "change_s", FLOAT, 0.0, "new readings; 0: never", 0, 86_400, drawn=True),
    Key("liars", "count", INT, 0, "so many, at most F near any honest node", 0, 1000, drawn=True),
    Key("liars", "attack", WORD, "drawn", "an adversary, or drawn: any", drawn=True),
    Key("liars", "beyond", FLAG, False, "allow more than F near a node; promises then fall"),
    Key("faults", "draw", FLAG, False, "draw all faults from the seed; keys below replace some"),
    *(_rate(row.name, row.default) for row in fields(Faults)),
    Key("phases", "safety_s", FLOAT, 60.0, "anything may happen", 0, 86_400),
    Key("phases", "liveness_s", FLOAT, 0.0, "calm; 0: as long as predicted", 0, 86_400),
    Key("checks", "names", WORDS, (), "checkers; empty: all"),
    Key("checks", "sometimes", WORDS, (), "faults that must take effect in some seed"),
    Key("checks", "expect", WORD, "holds", "fails: a canary", words=("holds", "fails")),
    Key("checks", "spread_max_q", INT, 0, "agreement; 0: 2 exact, 16 resilient", 0, _Q),
    Key("checks", "narrow", FLAG, False, "watch every operation for 31 bits"),
    Key("seeds", "first", INT, 1, "", 0, 2**31 - 1),
    Key("seeds", "count", INT, 20, "", 1, 10_000_000),
    Key("real", "seconds", INT, 40, "on a fleet of real processes", 5, 86_400),
    Key("real", "period_ms", INT, 250, "there", limits.PERIOD_MS_MIN, 60_000),
    Key("real", "nodes", INT, 0, "there; 0: as in [fleet]", 0, 2000),
)
TABLES = tuple(dict.fromkeys(key.table for key in SCHEMA if key.table))


def row(table: str, name: str) -> Key | None:
    """Return the row of a key, or None."""
    for key in SCHEMA:
        if (key.table, key.name) == (table, name):
            return key
    return None
