"""How well was a limit used and shared? From published rows, twice a second."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from quelea.headroom.audit import Said, parse
from quelea.headroom.group import Load
from quelea.headroom.shares import fair, jain, usable_q

STEP_US = 500_000
SETTLE_US = 10_000_000  # a change of what is claimed has so long to be followed
NEAR = 0.95


@dataclass
class Course:
    """settled: samples at which nothing had changed for SETTLE_US. used: their use, each 0 .. 1.

    changed_s: seconds from a change of the claims until NEAR of what can be used was in use.
    index: Jain's, of what each load got against its max-min share, of the samples judged.
    """

    settled: int = 0
    samples: int = 0
    used: list[float] = field(default_factory=list)
    used_q: list[tuple[int, int, int]] = field(default_factory=list)  # (t_us, used, usable)
    changed_s: list[float] = field(default_factory=list)
    index: float = 1.0
    judged: int = 0  # loads that the index is of
    waited: bool = False  # somebody who wanted a part had none, at a settled sample

    @property
    def use(self) -> float:
        """Mean use of the settled samples, 1 where there are none."""
        return sum(self.used) / len(self.used) if self.used else 1.0


def follow(
    rows: Iterable[tuple[int, int, bytes]],
    loads: Sequence[Load],
    budget_q: int,
    *,
    left_out: Sequence[tuple[int, int]] = (),
    liars: Sequence[int] = (),
    always: bool = False,
    owed_s: float = 0.0,
) -> Course:
    """Return the course of a limit. rows: (t_us, source, payload) as published, by time.

    left_out: (from, to) in us: outages, in which and SETTLE_US after which nothing is judged.
    liars: nodes whose share is not judged. always: fairness is that of the whole run, as where
    loads take turns, not of the settled samples alone. owed_s: who was owed something for less
    time than that, as of a turn, is not judged.
    """
    course = Course()
    last: dict[int, Said] = {}
    parts: dict[int, tuple[float, float, int]] = {}  # by node: got, due, for how long
    honest = [load for load in loads if load.node not in set(liars)]
    change_us = open_us = None
    next_us = 0
    for t_us, source, payload in rows:
        said = parse(payload)
        if said is None or said.node != source:
            continue
        before = last.get(source)
        last[source] = said
        if before is None or before.claim_q != said.claim_q:
            open_us = t_us if change_us is None or _reached(last, loads, budget_q) else open_us
            change_us = t_us
        if t_us < next_us or len(last) < len(loads) or change_us is None:
            continue
        next_us = t_us + STEP_US
        outage = any(start <= t_us < end + SETTLE_US for start, end in left_out)
        if outage:
            change_us, open_us = t_us, None
            continue
        _sample(course, t_us, last, loads, budget_q)
        if open_us is not None and course.used_q[-1][1] >= NEAR * course.used_q[-1][2]:
            course.changed_s.append((t_us - open_us) / 1e6)
            open_us = None
        settled = t_us - change_us >= SETTLE_US
        if settled:
            course.settled += 1
            course.waited |= any(
                drawn_q(load, last[load.node]) == 0 < last[load.node].claim_q for load in honest
            )
            course.used.append(min(1.0, course.used_q[-1][1] / max(1, course.used_q[-1][2])))
        if not settled and not always:
            continue
        _credit(parts, last, honest, budget_q)
    judged = [got / due for got, due, owed_us in parts.values() if due and owed_us >= owed_s * 1e6]
    course.judged = len(judged)
    course.index = jain(judged)
    return course


def _credit(
    parts: dict[int, tuple[float, float, int]], last: Mapping[int, Said], loads: Sequence[Load],
    budget_q: int,
) -> None:  # fmt: skip
    """Add a sample: what each load draws, and its max-min share of the limit."""
    claims = {node: one.claim_q for node, one in last.items()}
    shares = fair(loads, claims, budget_q)
    for load in loads:
        got, due, owed_us = parts.get(load.node, (0.0, 0.0, 0))
        share = min(float(shares[load.node]), claims[load.node])  # of its floor maybe less
        owed_us += STEP_US * (share > 0)
        parts[load.node] = got + drawn_q(load, last[load.node]), due + share, owed_us


def drawn_q(load: Load, said: Said) -> int:
    """Return what a load draws: the largest of its values that its cap and its claim allow."""
    return load.value_q(min(said.cap_q, said.claim_q))


def _use(last: Mapping[int, Said], loads: Sequence[Load], budget_q: int) -> tuple[int, int]:
    used_q = sum(drawn_q(load, last[load.node]) for load in loads if load.node in last)
    claims = {node: said.claim_q for node, said in last.items()}
    return used_q, usable_q(loads, claims, budget_q)


def _reached(last: Mapping[int, Said], loads: Sequence[Load], budget_q: int) -> bool:
    used_q, usable = _use(last, loads, budget_q)
    return used_q >= NEAR * usable


def _sample(
    course: Course, t_us: int, last: Mapping[int, Said], loads: Sequence[Load], budget_q: int
) -> None:
    used_q, usable = _use(last, loads, budget_q)
    course.samples += 1
    course.used_q.append((t_us, used_q, usable))
