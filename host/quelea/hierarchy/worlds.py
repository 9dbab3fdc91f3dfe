"""`quelea hierarchy --worlds`: seeds of clusters and of limits over limits, under every fault."""

import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.headroom.world import BrokenLimit
from quelea.hierarchy import levels
from quelea.hierarchy.plan import ring_of
from quelea.hierarchy.world import INSIDE_Q, LIES, BrokenPromise, World
from quelea.journal import Check

SEEDS_MAX = 1_000_000
TROUBLED_ROUNDS = 80
CALM_INTERVALS = 20  # beside one a hop
LEVEL_SIZES = [4, 3, 5]
FAULTS = (
    "lost", "replay", "crash", "step", "lie",
    "torn", "refused", "before", "written", "spoken",
)  # fmt: skip
TOLD_S = 10.0


@dataclass
class Trial:
    """believed, exceeded: the first broken promise of each world, or empty. gap_q: the largest
    distance of an honest node from the mean, once all was calm."""

    seed: int
    believed: str = ""
    exceeded: str = ""
    gap_q: float = 0.0
    fired: Counter[str] = field(default_factory=Counter)


def drawn(seed: int) -> World:
    """Return clusters with F liars in each, as the seed says."""
    rng = random.Random(f"hierarchy {seed}")
    faults_max = rng.choice((1, 1, 2))
    sizes = [rng.choice((3, 4, 6)) * faults_max + 2 for _ in range(rng.choice((3, 5)))]
    hierarchy = ring_of(
        sizes,
        faults_max,
        interval_rounds=rng.choice((1, 1, 3)),
        term_intervals=rng.choice((0, 20)),
        candidates=3 * faults_max + 3,  # larger clusters have plain members too
    )
    liars = {
        number: rng.choice(LIES)
        for cluster in range(len(sizes))
        for number in rng.sample(hierarchy.speakers(cluster), faults_max)
    }
    return World(hierarchy, seed, 1.0, liars)


def drawn_levels(seed: int) -> levels.World:
    """Return a limit over three limits, under every fault."""
    return levels.World(levels.make(LEVEL_SIZES, 100, 6000, 9000), seed)


def trial(seed: int) -> Trial:
    """Run both worlds of a seed."""
    found = Trial(seed)
    world = drawn(seed)
    try:
        world.run(TROUBLED_ROUNDS)
        world.trouble = 0.0
        hierarchy = world.hierarchy
        world.run(8 + (hierarchy.hops + CALM_INTERVALS) * hierarchy.interval_rounds * 1.1)
        found.gap_q = float(max(abs(one.fleet_q - world.mean_q) for one in world.honest))
    except BrokenPromise as error:
        found.believed = str(error)
    above = drawn_levels(seed)
    try:
        above.run(TROUBLED_ROUNDS)
    except BrokenLimit as error:
        found.exceeded = str(error)
    found.fired = world.fired + above.fired
    return found


def command(seeds: int, seed: int, as_json: bool) -> int:
    """Run and judge; return the exit status."""
    if not 1 <= seeds <= SEEDS_MAX:
        raise UserError(f"{seeds} is out of range", "--worlds", f"1 to {SEEDS_MAX}")
    done: list[Trial] = []
    told_s = time.monotonic()
    with ProcessPoolExecutor(2) as pool:
        for one in pool.map(trial, range(seed, seed + seeds), chunksize=4):
            done.append(one)
            if time.monotonic() - told_s > TOLD_S:
                told_s = time.monotonic()
                print(f"{len(done)} of {seeds} seeds", file=sys.stderr)
    checks, fired = judge(done)
    verdict = all(check.ok for check in checks)
    for check in checks:
        word = "holds" if check.ok else "FAILS"
        print(
            f"{word}  {check.name}: {check.value} (bound {check.bound}) {check.unit}",
            file=sys.stderr,
        )
    for one in [each for each in done if each.believed or each.exceeded][:5]:
        print(f"seed {one.seed}: {one.believed} {one.exceeded}", file=sys.stderr)
    if as_json:
        rows = [check._asdict() for check in checks]
        print(json.dumps({"verdict": verdict, "checks": rows, "fired": dict(fired)}))
    return EXIT_OK if verdict else EXIT_FALSE


def judge(done: list[Trial]) -> tuple[list[Check], Counter[str]]:
    """Return the checks, and how often each fault took effect."""
    fired: Counter[str] = Counter()
    for one in done:
        fired.update(one.fired)
    of = f"of {len(done)} seeds"
    believed = sum(bool(one.believed) for one in done)
    exceeded = sum(bool(one.exceeded) for one in done)
    gap_q = round(max(one.gap_q for one in done), 2)
    silent = [name for name in FAULTS if not fired[name]]
    return [
        Check("seeds in which a lie was believed", believed == 0, believed, 0, of),
        Check(
            "from the weighted mean, when calm", gap_q <= INSIDE_Q + 1, gap_q, INSIDE_Q + 1, "q"
        ),
        Check("seeds in which a limit was exceeded", exceeded == 0, exceeded, 0, of),
        Check("faults that never took effect", not silent, len(silent), 0, " ".join(silent)),
    ], fired
