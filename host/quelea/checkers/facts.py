"""What a checker may know beside the frames: how the run was meant to be, as its journal says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from quelea.journal import Journal

KEY = "facts"  # the run key that holds them
US_A_MS = 1000


@dataclass(frozen=True)
class Facts:
    """neighbours: numbers in slot order, by number. liars, reused: numbers.

    faults_max: F as configured. in_model: no honest node has more than F liars among its
    neighbours, so the promises of the resilient mode hold. whole: the journal has every frame that
    was published, in order. reused: nodes whose boot counter was set back, so that they used a
    session twice. age_max_ms: how old a frame may be when it is used, 0 for not known.
    first_epoch: that of a fleet that had been up before; circulation_q: what went round in it at
    first. calm_us: from when on nothing went
    wrong, -1 if there is no such time. rounds_max: rounds from a calm beginning to agreement, 0
    where agreement is not promised; spread_max_q, spread_share: what agreement is, in q and as a
    share of the first spread, whichever is larger.
    """

    mode: str = "resilient"
    rule: str = "wmsr"
    faults_max: int = 0
    period_ms: int = 1000
    epoch_rounds: int = 0
    fresh_rounds: int = 4
    fanout: int = 0
    quiet_rounds_max: int = 0
    dead_band_q: int = 0
    lo_q: int = 0
    hi_q: int = 8_388_607
    in_model: bool = True
    whole: bool = False
    age_max_ms: int = 0
    drift_ppm: int = 0
    first_epoch: int = 0
    circulation_q: int = 0
    calm_us: int = -1
    end_us: int = 0
    rounds_max: float = 0.0
    spread_max_q: int = 16
    spread_share: float = 0.01
    neighbours: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)  # by id
    liars: frozenset[int] = frozenset()
    reused: frozenset[int] = frozenset()
    jumps: Mapping[int, int] = field(default_factory=dict)  # of the clock, by number

    @property
    def silence_rounds(self) -> int:
        """Rounds from one frame of a node to its next at most."""
        return max(1, self.quiet_rounds_max)

    @property
    def honest_count(self) -> int:
        return len(self.neighbours) - len(self.liars)


STORED = tuple(
    row.name
    for row in fields(Facts)
    if row.name not in ("neighbours", "numbers", "liars", "reused", "jumps", "calm_us", "end_us")
)


def read_facts(journal: Journal) -> Facts:
    """Return the facts of a run from its journal; a journal without any gets the defaults."""
    stored = journal.run().get(KEY) or {}
    members = journal.nodes()
    by_id = {row.id: row.number for row in members}
    jumps: dict[int, int] = {}
    for event in journal.events(name="jump"):
        number = by_id.get(event.source, 0)
        jumps[number] = jumps.get(number, 0) + 1
    reused = {by_id.get(event.source, 0) for event in journal.events(name="session-reused")}
    calm = [event.t_us for event in journal.events(name="calm")]
    known: dict[str, Any] = {name: stored[name] for name in STORED if name in stored}
    return Facts(
        **known,
        neighbours={row.number: row.neighbours for row in members},
        numbers=by_id,
        liars=frozenset(row.number for row in members if row.liar),
        reused=frozenset(reused),
        jumps=jumps,
        calm_us=calm[-1] if calm else -1,
        end_us=journal.end_us(),
    )
