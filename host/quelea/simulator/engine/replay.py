"""One seed of the engine beside real agents: where they differ, what checkers say, a picture."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from quelea import checkers
from quelea.checkers.record import Violation
from quelea.conform.difference import state_names
from quelea.errors import UserError
from quelea.journal import open_run
from quelea.simulator import picture
from quelea.simulator.engine.diary import Diary, at_us
from quelea.simulator.engine.lanes import BROKEN, EDGE, NODE, Lanes
from quelea.simulator.engine.plan import LANES, plan
from quelea.simulator.engine.twin import Make, Twin, agent
from quelea.simulator.source import INSTALLED, Source, firmware

DOWN, PAUSED = NODE.index("down"), NODE.index("paused")


class Place(NamedTuple):
    """Where in a run something was found, and what."""

    round: int
    node: int
    text: str

    def mark(self) -> Violation:
        """Return it as the picture wants it."""
        return Violation(self.text, at_us(self.node, self.round), self.node)


@dataclass(frozen=True)
class Replay:
    """differs: the first place where the lanes are not the agents, or "". violations: of the
    agents' journal, by checker, of the broken ones only. files: what was kept of it."""

    differs: str
    violations: dict[str, list[str]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)


def make_of(source: Source) -> Make:
    """Return what makes agents of this copy of the nodes' code."""
    if source == INSTALLED:
        return agent
    code = firmware(source)

    def make(cfg: dict[str, Any], session: int) -> Any:
        settings, problem = code.load(cfg)
        if problem:
            raise UserError(problem, "engine")
        return code.agent_class(settings, session)

    return make


def _beside(lanes: Lanes, twin: Twin, rounds: int) -> Iterator[Place | None]:
    """Do every round on both; yield after each where they differ, or None."""
    segment = -1
    for round_ in twin.run(rounds):
        if segment != twin.segment:
            segment = twin.segment
            lanes.enter(segment)
        lanes.machine.run(round_, round_ + 1)
        yield _differs(lanes, twin, round_)


def _differs(lanes: Lanes, twin: Twin, round_: int) -> Place | None:
    lane, exact = twin.lane, lanes.group.mode == "exact"
    for i, one in enumerate(twin.agents):
        up = not lanes.node[i, DOWN, lane] and not lanes.node[i, PAUSED, lane]
        if up != twin.active[i]:
            return Place(round_, i + 1, f"the engine has it {'up' if up else 'down'}, it is not")
        if not up:
            continue
        ours, theirs = lanes.state(i + 1, lane, round_), one.state()
        for at, (mine, its) in enumerate(zip(ours, theirs, strict=True)):
            if mine is not None and mine != its:
                name = state_names(len(theirs), exact)[at]
                return Place(round_, i + 1, f"{name}: engine {mine}, agent {its}")
    return None


def difference(seed: int, nodes: int, rounds: int, plant: int = 0, make: Make = agent) -> str:
    """Return the first round, node and number of its state in which a seed's lane is not what the
    agents come to, or "" when every state of every round is the same."""
    group, lane = plan(seed // LANES, nodes, rounds), seed % LANES
    for found in _beside(Lanes(group, plant), Twin(group, lane, make), rounds):
        if found is not None:
            return f"round {found.round}, node {found.node}, {found.text}"
    return ""


def replay(
    seed: int,
    nodes: int,
    rounds: int,
    plant: int = 0,
    make: Make = agent,
    runs: Path | None = None,
    keep: bool = False,
) -> Replay:
    """Run a seed on real agents beside the lanes and judge the journal of the agents.

    runs: where journal and picture go if anything is wrong, or if asked to keep them.
    """
    group, lane = plan(seed // LANES, nodes, rounds), seed % LANES
    diary = Diary(group, lane)
    twin = Twin(group, lane, make, diary)
    first: Place | None = None
    lanes = Lanes(group, plant)
    for found in _beside(lanes, twin, rounds):
        first = first or found
    differs = f"round {first.round}, node {first.node}, {first.text}" if first else ""
    title = f"engine, seed {seed}"
    recorder = diary.journal(title)
    journal = recorder.journal()
    violations = {name: texts for name, texts in checkers.judge(journal).items() if texts}
    files: list[Path] = []
    if runs is not None and (violations or differs or keep):
        stem = open_run("sim-engine", runs).path / f"seed-{seed}"
        recorder.save(stem.with_suffix(".sqlite"))
        marked = violations | {"engine": [p.mark() for p in (first, _broken(lanes, lane)) if p]}
        drawn = picture.compose(journal, diary.flights, marked, title)
        files = [stem.with_suffix(".sqlite"), *picture.save(drawn, stem)]
    recorder.close()
    return Replay(differs, violations, files)


def _broken(lanes: Lanes, lane: int) -> Place | None:
    bits, when, where = lanes.broken[:, lane].tolist()
    if not bits:
        return None
    return Place(when, where, BROKEN[(bits & -bits).bit_length() - 1])


def explain(seed: int, nodes: int, rounds: int, plant: int = 0) -> list[str]:
    """Return what the node that first broke a promise had before it in that round, in lines."""
    lane = seed % LANES
    lanes = Lanes(plan(seed // LANES, nodes, rounds), plant)
    first = lanes.run()
    if not first.broken[lane]:
        return []
    when, where = int(first.when[lane]), int(first.where[lane])
    lanes = Lanes(lanes.group, plant)
    for segment, begin, end in lanes.group.segments:
        if begin <= when:
            lanes.enter(segment)
            lanes.machine.run(begin, min(end, when + 1))
    return [f"round {when}: {_said(lanes, where, lane)}", *_heard(lanes, where, lane, when)]


def _row(table: Any, names: tuple[str, ...]) -> dict[str, int]:
    return dict(zip(names, table.tolist()))


def _said(lanes: Lanes, node: int, lane: int) -> str:
    row = _row(lanes.node[node - 1, :, lane], NODE)
    text = f"node {node} holds {row['value']}, input {row['input']}, reading {row['demand']}"
    if lanes.group.mode == "exact":
        return f"{text}, flows {lanes.edge[_edges(lanes, node), EDGE.index('flow'), lane].sum()}"
    since = (row["epoch"] - int(lanes.draw[7, lane])) % 65536
    low_q, high_q = lanes.hull[:, min(since, lanes.hull.shape[1] - 1), lane].tolist()
    return f"{text}, epoch {row['epoch']}, whose honest inputs are {low_q} to {high_q}"


def _edges(lanes: Lanes, node: int) -> slice:
    return slice(int(lanes.starts[node - 1]), int(lanes.starts[node]))


def _heard(lanes: Lanes, node: int, lane: int, when: int) -> Iterator[str]:
    edges = _edges(lanes, node)
    for at in range(edges.start, edges.stop):
        row, other = _row(lanes.edge[at, :, lane], EDGE), int(lanes.others[at])
        lies = int(lanes.group.lies[other, lane])
        text = f"  of node {other + 1}{f' (lie {lies})' if lies else ''}: value {row['value']}"
        if lanes.group.mode == "exact":
            back = lanes.edge[lanes.back[at], EDGE.index("flow"), lane]
            yield f"{text}, flow {row['flow']} at turn {row['turn']}, its own is {back}"
        else:
            age = f"heard {when - row['heard']} rounds ago" if row["session"] else "never heard"
            yield f"{text} in epoch {row['epoch']}, {age}{'' if row['live'] else ', dropped'}"
