"""What befalls a group of sixteen seeds: one graph and mode for all, everything else a seed's own.

A seed belongs to group seed // 16 and runs in lane seed % 16 of it, whoever runs beside it.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.simulator.engine._engine import SIZES
from quelea.simulator.engine.draws import Stream, key_of
from quelea.simulator.options import SPREAD_RESILIENT_Q, agreement_q, due
from quelea.topology import Topology, parse
from quelea.topology.spectral import rho

LANES, SLOTS_MAX = SIZES["LANES"], SIZES["SLOTS_MAX"]
NODES, ROUNDS = 64, 500  # of a seed, by default
SEGMENT = 20  # rounds after which readings and partitions may change
CALM_RESILIENT, CALM_EXACT = 120, 180  # rounds at the end in which nothing goes wrong
LIES = 11  # kinds of lies, 1 .. LIES: take.h
RULES = ("mean", "trimmed-mean", "wmsr", "midpoint", "median", "trim-and-clip", "clipped-wmsr")
RANGES = ((0, 70_000), (-8_388_607, 8_388_607), (0, 8_388_607), (-1000, 1000))
DRAWS = ("key", "loss", "late", "extra", "damage", "crash", "pause", "epoch")  # as engine.h
EPOCHS_FIRST = (0, 0, 65_530)  # what fleets that have been up for long show
AWAY_MAX = 8  # rounds until a node is back at a broker that restarted
GRAPHS_KEPT = 8  # random graphs of a family that groups share: making one takes longer than a run
Int32s = NDArray[np.int32]


@dataclass(frozen=True)
class Group:
    """What 16 seeds share and, by lane in the last axis, what each has of its own.

    cuts[segment, 0 .. 2, lane]: partitioned both ways, one way; flapping. clog[segment, node,
    lane]: whose frames come late. away[segment, node, lane]: rounds without the broker, which lost
    all that was under way when the segment began; 0 where it did not. down: rounds until the first
    boot. due: rounds within which agreement is promised, 0 where it is not;
    bound_q: the spread that is agreement at the end.
    """

    number: int
    rounds: int
    calm_from: int
    spec: str
    topology: Topology
    mode: str
    rule: str
    faults_max: int
    epoch_rounds: int
    fresh_rounds: int
    lo_q: int
    hi_q: int
    liars: tuple[int, ...]
    lies: Int32s = field(repr=False)
    draws: Int32s = field(repr=False)
    session: Int32s = field(repr=False)
    down: Int32s = field(repr=False)
    demand: Int32s = field(repr=False)
    side: Int32s = field(repr=False)
    cuts: Int32s = field(repr=False)
    clog: Int32s = field(repr=False)
    away: Int32s = field(repr=False)
    due: NDArray[np.float64] = field(repr=False)
    bound_q: Int32s = field(repr=False)

    @property
    def segments(self) -> list[tuple[int, int, int]]:
        """(segment, first round, last round + 1) in order; the calm begins with one."""
        edges = [*range(0, self.calm_from, SEGMENT), self.calm_from, self.rounds]
        return [(at, a, b) for at, (a, b) in enumerate(pairwise(edges))]

    def options(self, lane: int) -> dict[str, Any]:
        """Return what one seed of the group has drawn, to be printed with it."""
        shares = dict(zip(DRAWS, self.draws[:, lane].tolist()))
        return {
            "seed": self.number * LANES + lane,
            **{
                name: getattr(self, name)
                for name in (
                    *("rounds", "calm_from", "mode", "rule", "faults_max", "epoch_rounds"),
                    *("fresh_rounds", "lo_q", "hi_q"),
                )
            },
            "nodes": self.topology.node_count,
            "topology": self.spec,
            "lies": {number: int(self.lies[number - 1, lane]) for number in self.liars},
            "of_256": {name: shares[name] for name in ("loss", "late", "extra", "damage")},
            "of_65536": {name: shares[name] for name in ("crash", "pause")},
            "first_epoch": shares["epoch"],
            "partitions": int(self.cuts[:, :2, lane].any(axis=1).sum()),
            "flapping": int((self.cuts[:, 2, lane] & self.cuts[:, :2, lane].any(axis=1)).sum()),
            "broker_restarts": int(self.away[:, :, lane].any(axis=1).sum()),
            "clogged": int(np.count_nonzero(self.clog[:, :, lane])),
        }


def plan(number: int, nodes: int = 64, rounds: int = 500, mode: str = "") -> Group:
    """Return group `number`. mode: resilient or exact; by default one group in four is exact."""
    if not 4 <= nodes <= 1024:
        raise UserError(f"{nodes} nodes", "--nodes", "4 to 1024 in the engine", "write --nodes 64")
    if not CALM_EXACT + SEGMENT <= rounds <= 1000:
        least = CALM_EXACT + SEGMENT
        raise UserError(f"{rounds} rounds", "--rounds", f"{least} to 1000", "write --rounds 500")
    draw = Stream(number, 1)
    exact = mode == "exact" if mode else number % 4 == 3
    faults_max = 0 if exact else draw.below(3)
    spec = _graph(draw, nodes, faults_max, exact)
    topology, rho_equal, robust = _made(spec, nodes, 1 + draw.below(GRAPHS_KEPT))
    calm_from = rounds - (CALM_EXACT if exact else CALM_RESILIENT)
    lo_q, hi_q = draw.choice(RANGES)
    rule = draw.choice(RULES)
    liars = () if exact or rule == "mean" else _liars(topology, faults_max, draw)
    seeds = range(number * LANES, (number + 1) * LANES)
    columns = [
        _lane(seed, topology, rounds, calm_from, lo_q, hi_q, liars)
        | _network(seed, topology.node_count, calm_from)
        for seed in seeds
    ]
    stacked = {name: np.stack([one[name] for one in columns], axis=-1) for name in columns[0]}
    if exact:
        stacked["draws"][DRAWS.index("epoch")] = 0
    group = Group(
        number=number,
        rounds=rounds,
        calm_from=calm_from,
        spec=spec,
        topology=topology,
        mode="exact" if exact else "resilient",
        rule=rule,
        faults_max=faults_max,
        epoch_rounds=0 if exact else 20 + draw.below(21),
        fresh_rounds=2 + draw.below(4),
        lo_q=lo_q,
        hi_q=hi_q,
        liars=liars,
        due=np.zeros(LANES),
        bound_q=np.zeros(LANES, np.int32),
        **stacked,
    )
    for lane in range(LANES):
        group.due[lane], group.bound_q[lane] = _bound(group, lane, rho_equal, robust)
    return group


@lru_cache(maxsize=256)
def _made(spec: str, nodes: int, seed: int) -> tuple[Topology, float, int]:
    """Return (graph, rho, robustness proved by its family; 1 for others: connected)."""
    topology = parse(spec, nodes, seed)
    certificate = topology.certificate
    return topology, rho(topology), certificate.r_lower if certificate else 1


def _graph(draw: Stream, nodes: int, faults_max: int, exact: bool) -> str:
    if nodes < 24:
        return "complete"
    if exact:
        return str(draw.choice(("regular:8", "regular:4", "growth:2", "regular:6")))
    return str(draw.choice((f"growth:{2 * faults_max + 1}", "regular:8", "regular:10")))


def _liars(topology: Topology, faults_max: int, draw: Stream) -> tuple[int, ...]:
    """Return places such that no honest node meets more than F; lanes decide who lies there."""
    if topology.degree_max > SLOTS_MAX:
        raise UserError(
            f"a node of {topology.name} has {topology.degree_max} neighbours",
            "engine",
            f"at most {SLOTS_MAX}",
            "take fewer nodes",
        )
    met = dict.fromkeys(topology.nodes, 0)
    liars: list[int] = []
    for _ in range(4 * topology.node_count if faults_max else 0):
        number = 1 + draw.below(topology.node_count)
        near = topology.neighbours(number)
        if number not in liars and all(met[other] < faults_max for other in near):
            liars.append(number)
            for other in near:
                met[other] += 1
        if len(liars) >= topology.node_count // 5:
            break
    return tuple(sorted(liars))


def _lane(
    seed: int,
    topology: Topology,
    rounds: int,
    calm_from: int,
    lo_q: int,
    hi_q: int,
    liars: tuple[int, ...],
) -> dict[str, Int32s]:
    """Return what befalls one seed's nodes: each fault off in half the seeds, else any size."""
    draw = Stream(seed, 2)
    nodes = topology.node_count
    segments = -(-calm_from // SEGMENT) + 1

    def some(largest: int) -> int:
        return draw.below(largest + 1) if draw.below(2) else 0

    key = key_of(seed)
    draws = [
        *(key - (key >> 31 << 32), some(77), some(128), some(128), some(38)),
        *(some(650), some(650), draw.choice(EPOCHS_FIRST)),
    ]
    lies = np.zeros(nodes, np.int32)
    honest = draw.below(4) == 0
    kind = draw.below(LIES + 2)  # one kind for all liars, or a kind each
    for number in () if honest else liars:
        lies[number - 1] = kind if 1 <= kind <= LIES else 1 + draw.below(LIES)
    wraps = draw.below(2) == 0
    session = np.full(nodes, 65535 - draw.below(3) if wraps else 0, np.int32)
    joins = draw.words(nodes) % np.uint32(30) if draw.below(3) == 0 else np.zeros(nodes)
    return {
        "draws": np.array(draws, np.int32),
        "lies": lies,
        "session": session,
        "down": 1 + joins.astype(np.int32),
        "demand": _readings(draw, segments, nodes, lo_q, hi_q),
    }


def _network(seed: int, nodes: int, calm_from: int) -> dict[str, Int32s]:
    """Return what befalls one seed's network, segment by segment; the last one is calm."""
    draw = Stream(seed, 3)
    segments = -(-calm_from // SEGMENT) + 1
    cuts = np.zeros((segments, 3), np.int32)
    if draw.below(2):
        words = draw.words(segments)
        cuts[:, 0] = np.where(words % 8 == 0, -1, 0)
        cuts[:, 1] = np.where(words % 8 == 1, -1, 0)
        cuts[:, 2] = np.where(words >> 8 & 1, -1, 0)
    side = np.where(draw.words(segments, nodes) & np.uint32(1 << 20), -1, 0)
    clog = np.zeros((segments, nodes), np.int32)
    if draw.below(2):
        clog[draw.words(segments, nodes) % 16 == 0] = -1
    away = np.zeros((segments, nodes), np.int32)
    if draw.below(2):
        gone = draw.words(segments) % 8 == 0
        away[gone] = 1 + draw.words(segments, nodes)[gone] % AWAY_MAX
    for row in (cuts, clog, away):
        row[-1] = 0
    return {"cuts": cuts, "side": side.astype(np.int32), "clog": clog, "away": away}


def _readings(draw: Stream, segments: int, nodes: int, lo_q: int, hi_q: int) -> Int32s:
    """Return shape (segments, nodes): uniform, the ends, one hot, two groups; changing or not."""
    words = draw.words(segments, nodes).astype(np.int64)
    span_q = hi_q - lo_q
    shape = draw.below(4)
    if shape == 0:
        values = lo_q + words * (span_q + 1) // (1 << 32)
    elif shape == 1:
        values = np.where(words & (1 << 20), hi_q, lo_q)
    elif shape == 2:
        values = np.where(np.arange(nodes) == words[:, :1] % nodes, hi_q, lo_q)
    else:
        near = words % (span_q // 20 + 1)
        values = np.where(words & (1 << 30), lo_q + near, hi_q - near)
    changing = draw.below(4) > 0
    for segment in range(1, segments):
        stays = draw.words(nodes) & np.uint32(1 << 20) if changing else np.ones(nodes)
        values[segment] = np.where(stays, values[segment - 1], values[segment])
    return np.asarray(values, np.int32)


def _bound(group: Group, lane: int, rho_equal: float, robust: int) -> tuple[float, int]:
    """Return (rounds, spread) of the agreement that is due in a lane; (0, 0) where none is."""
    lying = tuple(n for n in group.liars if group.lies[n - 1, lane])
    asked = SimpleNamespace(
        mode=group.mode, rule=group.rule, faults_max=group.faults_max, fanout=0,
        lo_q=group.lo_q, hi_q=group.hi_q, liars=lying, in_model=True,
    )  # fmt: skip
    rounds = due(asked, group.topology, rho_equal, robust)
    if group.mode == "exact":
        if not 0 < rounds <= group.rounds - group.calm_from:
            return 0.0, 0
        return rounds, agreement_q(True, group.topology.degree_max)
    if not 0 < rounds <= group.epoch_rounds - 2:
        return 0.0, 0
    return rounds, max(SPREAD_RESILIENT_Q, (group.hi_q - group.lo_q) // 100)


@lru_cache(maxsize=1)
def comparators() -> tuple[Int32s, Int32s]:
    """Return (pairs, starts): Batcher's merge exchange for every count up to SLOTS_MAX + 1.

    pairs[starts[n] : starts[n + 1]] sort n values (Knuth, volume 3, algorithm 5.2.2M).
    """
    pairs: list[tuple[int, int]] = []
    starts = [0]
    for count in range(SLOTS_MAX + 2):
        starts.append(starts[-1])
        pairs += _merge_exchange(count)
        starts[-1] = len(pairs)
    return np.array(pairs, np.int32), np.array(starts, np.int32)


def _merge_exchange(count: int) -> list[tuple[int, int]]:
    if count < 2:
        return []
    out = []
    top = 1 << (count - 1).bit_length() - 1
    p = top
    while p:
        q, r, d = top, 0, p
        while True:
            out += [(i, i + d) for i in range(count - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return out
