"""Facts: what a run says of itself, read from its journal's run rows, with defaults for a bus."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PERIOD_MS = 1000  # where nobody says it


@dataclass(frozen=True)
class Facts:
    """period_ms: of a round. rule "" and mode "": not known. headroom: as it was configured.

    rho: share of the spread that plain averaging on the fleet's graph leaves a round; None where
    it is not known.
    """

    name: str = ""
    started: str = ""
    mode: str = ""
    rule: str = ""
    faults_max: int = 0
    period_ms: int = PERIOD_MS
    epoch_rounds: int = 0
    quiet_rounds_max: int = 0
    lo_q: int | None = None
    hi_q: int | None = None
    seed: int | None = None
    attack: str = ""
    rho: float | None = None
    headroom: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_run(cls, run: Mapping[str, Any], rho: float | None = None) -> "Facts":
        """Return the facts of `Journal.run()`; what is missing or no number keeps its default."""
        stored: dict[str, Any] = {}
        for key in ("settings", "facts"):
            value = run.get(key)
            stored |= value if isinstance(value, dict) else {}
        headroom = run.get("headroom", stored.get("headroom"))
        return cls(
            name=str(run.get("name") or ""),
            started=str(run.get("started") or ""),
            mode=str(stored.get("mode") or ""),
            rule=str(stored.get("rule") or ""),
            faults_max=_number(stored.get("faults_max")) or 0,
            period_ms=_number(stored.get("period_ms")) or PERIOD_MS,
            epoch_rounds=_number(stored.get("epoch_rounds")) or 0,
            quiet_rounds_max=_number(stored.get("quiet_rounds_max")) or 0,
            lo_q=_number(stored.get("lo_q")),
            hi_q=_number(stored.get("hi_q")),
            seed=_number(run.get("seed")),
            attack=str(stored.get("attack") or ""),
            rho=rho,
            headroom=headroom if isinstance(headroom, dict) else {},
        )

    @property
    def needed(self) -> int:
        """Fresh neighbours below which a node holds: 2F + 1."""
        return 2 * self.faults_max + 1 if self.mode != "exact" else 1


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
