"""One point of a sweep: simulate, judge by the checkers, return one flat row.

The row is a function of the point and the grid alone: no clock, no machine. So results from any
engine, in any order, after any number of restarts, have one digest.
"""

import hashlib
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import quelea_agent
import quelea_proto
from quelea_agent.settings import load

import quelea
from quelea.checkers import convergence, hull, monotone_seq, sum_exact
from quelea.checkers.record import Record, read
from quelea.errors import UserError
from quelea.fleet.plan import place_liars
from quelea.simulator.world import World
from quelea.sweep.grid import NONE, Grid, Point, faults_of
from quelea.topology import Topology, parse
from quelea.topology.gate import require

Row = dict[str, Any]

SETTLE_SHARE = 0.01  # an epoch's spread is to end at this share of its first ...
SETTLE_Q = 16  # ... or at this, whichever is larger, where agreement is proved
SPREAD_EXACT_Q = 2
# Rules that keep the honest in their hull.
TOLERANT = (
    *("wmsr", "trimmed-mean", "midpoint", "median"),
    *("trim-and-clip", "clipped-wmsr"),
)
SET_BACK = ("stale", "swap")  # faults that set boot counters back: seq is then not promised
CODE = ("quelea/simulator", "quelea/checkers", "quelea/topology", "quelea/adversaries")


@lru_cache(maxsize=16)
def _graph(spec: str, nodes: int, seed: int) -> Topology:
    return parse(spec, nodes, seed)


@lru_cache(maxsize=64)
def _agrees(spec: str, nodes: int, seed: int, faults_max: int, rule: str) -> bool:
    """Whether the gate has nothing to warn of for this graph, F and rule."""
    try:
        _, warning = require(_graph(spec, nodes, seed), faults_max, rule, force=True)
    except UserError:
        return False
    return not warning


def run(grid: Grid, point: Point) -> Row:
    """Return the row of a point; UserError where its graph cannot be."""
    topology = _graph(point.topology, point.nodes, point.seed)
    count = 0 if grid.mode == "exact" else min(grid.liars, topology.node_count - 2)
    liars = place_liars(topology, count, point.seed, grid.faults_max)
    met = _met(topology, liars)
    faults_max = met if grid.faults_max is None else grid.faults_max
    if point.attack == NONE:  # the same F as with liars, so that rows can be compared
        liars, met = (), 0
    # A node with too few neighbours would refuse its settings: it is given what it can carry.
    faults_max = min(faults_max, (topology.degree_min - 1) // 2)
    faults = faults_of(point.faults, point.seed)
    settings = _settings(grid, point, topology, faults_max)
    world = World(settings, faults, point.seed, {number: point.attack for number in liars})
    rng = random.Random(f"inputs {point.seed}")
    inputs_q = {number: rng.randrange(grid.hi_q + 1) for number in topology.nodes}
    for number in world.numbers:
        world.sense(number, inputs_q[number])
    round_us = grid.period_ms * 1000
    world.run(grid.rounds * round_us)
    world.calm()
    world.run((grid.rounds + grid.calm_rounds) * round_us)
    rows = list(world.journal.journal().frames())
    record = read(rows, liars)
    row: Row = {
        **vars(point),
        "mode": grid.mode,
        "liars": len(liars),
        "faults_max": faults_max,
        "liars_met": met,
        "degree_min": topology.degree_min,
        "frames": len(record),
        "fired": sum(world.fired.values()),
    }
    honest = topology.node_count - len(liars)
    promised = met <= faults_max and _promised(grid, point, topology, faults_max, bool(liars))
    row |= _judge(grid, point, record, honest, met <= faults_max, promised)
    digest = hashlib.sha256()
    for frame in rows:
        digest.update(f"{frame.t_us} {frame.source} {frame.dest} ".encode() + frame.payload)
    row["digest"] = digest.hexdigest()[:32]
    return row


def _promised(grid: Grid, point: Point, topology: Topology, faults_max: int, lying: bool) -> bool:
    """Whether agreement is proved: no faults, a certified graph, and enough who speak."""
    if point.faults != NONE:
        return False
    if grid.mode == "exact":
        return True
    if lying and topology.degree_min < 3 * faults_max + 1:
        return False  # F liars that say nothing leave fewer than 2F + 1 values: a node holds
    return _agrees(point.topology, point.nodes, point.seed, faults_max, point.rule)


def _met(topology: Topology, liars: tuple[int, ...]) -> int:
    lying = set(liars)
    honest = (number for number in topology.nodes if number not in lying)
    return max((len(lying.intersection(topology.neighbours(n))) for n in honest), default=0)


def _settings(grid: Grid, point: Point, topology: Topology, faults_max: int) -> list[Any]:
    out = []
    for number in topology.nodes:
        near = topology.neighbours(number)
        settings, problem = load(
            {
                "fleet": "sweep",
                "id": topology.id_of(number),
                "node": number,
                "neighbours": [[n, topology.id_of(n), topology.slot(n, number)] for n in near],
                "mode": grid.mode,
                "rule": point.rule,
                "faults_max": faults_max,
                "period_ms": grid.period_ms,
                "epoch_rounds": 0 if grid.mode == "exact" else grid.epoch_rounds,
                "lo_q": 0,
                "hi_q": grid.hi_q,
            }
        )
        if problem is not None:
            raise UserError(f"{point.topology} with {point.nodes} nodes: {problem}")
        out.append(settings)
    return out


def _judge(
    grid: Grid, point: Point, record: Record, honest: int, in_model: bool, promised: bool
) -> Row:
    """Return the figures of a record, and whether what is promised was kept."""
    outside = len(hull.check(record)) if grid.mode == "resilient" else 0
    faults = faults_of(point.faults, point.seed)
    set_back = any(getattr(faults, name, 0) for name in SET_BACK)
    seq_broken = 0 if set_back else len(monotone_seq.check(record))
    sum_broken = len(sum_exact.check(record)) if grid.mode == "exact" else 0
    first_q, final_q, rounds = _spread(grid, record, honest)
    captured, shift_q = _captured(record)
    hull_kept = outside == 0 or not in_model or point.rule not in TOLERANT
    bound_q = max(SETTLE_Q, int(SETTLE_SHARE * max(0, first_q)))
    if grid.mode == "exact":
        bound_q = SPREAD_EXACT_Q
    agreed = 0 <= final_q <= bound_q
    return {
        "outside_hull": outside,
        "captured": captured,
        "shift_q": shift_q,
        "seq_broken": seq_broken,
        "sum_broken": sum_broken,
        "first_spread_q": first_q,
        "final_spread_q": final_q,
        "rounds": rounds,
        "agreed": agreed,
        "promised": promised,
        "kept": hull_kept and not seq_broken and not sum_broken and (agreed or not promised),
    }


def _spread(grid: Grid, record: Record, honest: int) -> tuple[int, int, float | None]:
    """Return (first, final spread, rounds to 1 %) of the last whole epoch; -1: there is none."""
    if grid.mode == "exact":
        _, spread_q = convergence.course(record, honest)
        return (int(spread_q[0]), int(spread_q[-1]), None) if len(spread_q) else (-1, -1, None)
    found = convergence.epochs(record, honest, grid.period_ms)
    if not found:
        return -1, -1, None
    last = (found[:-1] or found)[-1]
    rounds = None if last.rounds is None else round(last.rounds, 3)
    return int(last.first_spread_q), int(last.final_spread_q), rounds


def _captured(record: Record) -> tuple[int, int]:
    """Return (honest nodes that end outside the honest inputs, shift of their mean in q)."""
    newest: dict[int, tuple[int, int]] = {}
    for at in range(len(record)):
        if record.honest[at]:
            newest[int(record.source[at])] = int(record.input_q[at]), int(record.value_q[at])
    if not newest:
        return 0, 0
    inputs = [pair[0] for pair in newest.values()]
    values = [pair[1] for pair in newest.values()]
    captured = sum(not min(inputs) <= value <= max(inputs) for value in values)
    return captured, (sum(values) - sum(inputs)) // len(values)


def fingerprint() -> str:
    """Return a digest of the code that rows depend on: equal on all machines of one sweep."""
    host = Path(quelea.__file__).parent
    folders = [Path(quelea_agent.__file__).parent, Path(quelea_proto.__file__).parent]
    folders += [host.parent / part for part in CODE]
    total = hashlib.sha256(Path(__file__).read_bytes())
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            total.update(f"{folder.name}/{path.relative_to(folder).as_posix()}".encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:16]
