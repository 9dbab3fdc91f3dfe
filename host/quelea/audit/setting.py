"""What the audit has to know of a run beside its frames, as the journal keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quelea_proto import rules
from quelea_proto.limits import FAULTS_MAX, PERIOD_MS_MAX, Q_MAX

from quelea.errors import UserError
from quelea.journal import Journal

RULES = tuple(row[0] for row in rules.RULES)


@dataclass(frozen=True)
class Setting:
    """neighbours: numbers in slot order, by number. ids: by number. range_known: the journal says
    lo_q and hi_q; without them no value that may have been clamped proves anything."""

    mode: str = "resilient"
    rule: str = "wmsr"
    faults_max: int = 0
    period_ms: int = 1000
    lo_q: int = -Q_MAX
    hi_q: int = Q_MAX
    range_known: bool = False
    silence_rounds: int = 1  # from one frame of a node to its next at most
    neighbours: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    ids: Mapping[int, str] = field(default_factory=dict)

    @property
    def needed(self) -> int:
        """Fresh values below which a node holds: 2F + 1."""
        return 2 * self.faults_max + 1


def read_setting(journal: Journal) -> Setting:
    """Return the setting of a run; UserError when its journal does not say what nodes were to do.

    The run keys `settings` and `facts` (the latter first) hold it, numbers possibly as text.
    """
    run = journal.run()
    stored: dict[str, Any] = {}
    for key in ("settings", "facts"):
        value = run.get(key)
        stored |= value if isinstance(value, dict) else {}
    where = journal.where
    mode = _word(stored, "mode", ("resilient", "exact"), where)
    rule = _word(stored, "rule", RULES, where) if mode == "resilient" else "mean"
    known = "lo_q" in stored and "hi_q" in stored
    return Setting(
        mode=mode,
        rule=rule,
        faults_max=_number(stored, "faults_max", 0, FAULTS_MAX, where),
        period_ms=_number(stored, "period_ms", 1, PERIOD_MS_MAX, where),
        lo_q=_number(stored, "lo_q", -Q_MAX, Q_MAX, where) if known else -Q_MAX,
        hi_q=_number(stored, "hi_q", -Q_MAX, Q_MAX, where) if known else Q_MAX,
        range_known=known,
        silence_rounds=max(1, int(stored.get("quiet_rounds_max") or 0)),
        neighbours={row.number: row.neighbours for row in journal.nodes()},
        ids={row.number: row.id for row in journal.nodes()},
    )


def _word(stored: dict[str, Any], name: str, allowed: tuple[str, ...], where: str) -> str:
    value = stored.get(name)
    if value not in allowed:
        raise _lacking(name, value, f"one of: {', '.join(allowed)}", where)
    return str(value)


def _number(stored: dict[str, Any], name: str, lo: int, hi: int, where: str) -> int:
    try:
        value = int(stored.get(name, ""))
    except (TypeError, ValueError):
        value = lo - 1
    if not lo <= value <= hi:
        raise _lacking(name, stored.get(name), f"{lo} to {hi}", where)
    return value


def _lacking(name: str, value: Any, allowed: str, where: str) -> UserError:
    return UserError(
        f"the run's settings have {value!r} for {name}",
        where,
        f"To compute a step again the audit needs it: {allowed}.",
        "audit a journal that `quelea fleet` or the simulator wrote",
    )
