"""`quelea cadence`: messages saved in quiet times, the error for it, the reaction to a step."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from statistics import mean, median
from typing import Any

from quelea.cadence.trial import (
    ALWAYS,
    ARTICLE,
    BAND_Q,
    EPOCH_ROUNDS,
    NODES,
    WATCH_ROUNDS,
    Figures,
    Policy,
    Scene,
    run,
)
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.journal import Check
from quelea.simulator import pool

SAVED_MIN = 10.0  # times fewer messages in quiet times
SLOWER_MAX = 1.0  # rounds: of the median reaction and of the slowest seed's
SEEDS_MAX = 1000
SCENES: tuple[tuple[Scene, bool], ...] = (  # and whether the article's rule is beside
    (Scene("readings tremble"), True),
    (Scene("readings tremble", mode="exact"), True),
    (Scene("readings rest", still=True), True),
    (Scene("one frame in ten lost", loss=0.1), False),
    (Scene("one frame in ten lost", mode="exact", loss=0.1), False),
    (Scene("liars cry wolf", attack="alarm"), False),
    (Scene("liars flicker", attack="oscillate"), False),
    (Scene("liars silent, then loud", attack="silence-then-lie"), False),
)


@dataclass(frozen=True)
class Row:
    """One policy in one scene over all seeds; times in rounds of 1 s, None: never.

    saved: times fewer messages than one a round. error_q: the worst of any seed.
    """

    scene: str
    mode: str
    attack: str
    policy: str
    messages: float
    saved: float
    error_q: int
    bound_q: int
    reaction_median: float
    reaction_worst: float


def command(seeds: int, seed: int, quiet: int, jobs: int | None, as_json: bool) -> int:
    """Run and print; return the exit status: 0 if every check holds."""
    if not 1 <= seeds <= SEEDS_MAX:
        raise UserError(f"{seeds} seeds", "--seeds", f"1 to {SEEDS_MAX}", "write --seeds 6")
    if not 1 <= quiet <= 48:
        raise UserError(f"{quiet} rounds", "--quiet-rounds", "1 to 48", "write --quiet-rounds 16")
    stream = sys.stderr if as_json else sys.stdout
    ours = Policy(f"cadence, up to {quiet} rounds", quiet)
    print(
        f"{NODES} nodes, rounds of 1 s, dead band {BAND_Q} q, epochs of {EPOCH_ROUNDS} rounds, "
        f"{seeds} seeds from {seed} on",
        file=stream,
    )
    rows, checks = [], []
    for scene, found in _played(ours, range(seed, seed + seeds), pool.count(jobs)):
        rows += found
        checks += _checks(scene, found, quiet)
        _print(scene, found, stream)
    wrong = [check for check in checks if not check.ok]
    for check in wrong:
        print(f"does not hold: {check.name}: {check.value}, bound {check.bound}", file=sys.stderr)
    print("the verdict holds" if not wrong else "THE VERDICT DOES NOT HOLD", file=stream)
    if as_json:
        document = {"verdict": not wrong, "checks": [check._asdict() for check in checks]}
        print(json.dumps(document | {"rows": [asdict(row) for row in rows]}))
    return EXIT_FALSE if wrong else EXIT_OK


def _played(ours: Policy, seeds: Sequence[int], jobs: int) -> Iterator[tuple[Scene, list[Row]]]:
    policies = [(scene, [ALWAYS, ours] + [ARTICLE] * beside) for scene, beside in SCENES]
    calls = [
        (run, (scene, policy, seed))
        for scene, chosen in policies
        for policy in chosen
        for seed in seeds
    ]
    with closing(pool.shared(jobs, calls)) as answers:
        for scene, chosen in policies:
            yield scene, [_row(scene, one, [next(answers) for _ in seeds]) for one in chosen]


def _row(scene: Scene, policy: Policy, found: Sequence[Figures]) -> Row:
    messages = mean(one.messages for one in found)
    reactions = [
        WATCH_ROUNDS if one.reaction_rounds is None else one.reaction_rounds for one in found
    ]
    return Row(
        scene=scene.name,
        mode=scene.mode,
        attack=scene.attack,
        policy=policy.name,
        messages=round(messages, 4),
        saved=round(1 / messages, 1),
        error_q=max(one.error_q for one in found),
        bound_q=max(one.bound_q for one in found),
        reaction_median=median(reactions),
        reaction_worst=max(reactions),
    )


def _checks(scene: Scene, rows: Sequence[Row], quiet: int) -> list[Check]:
    """Return what is promised of ours; to save ten times takes silences of 12 rounds or more."""
    always, ours = rows[0], rows[1]
    name = f"{scene.mode}, {scene.name}"
    checks = [
        Check(f"{name}: error", ours.error_q <= ours.bound_q, ours.error_q, ours.bound_q, "q"),
        Check(f"{name}: messages", ours.messages <= 1, ours.messages, 1, "a node and round"),
    ]
    if not scene.attack and quiet > SAVED_MIN + 1:
        checks.append(
            Check(f"{name}: saved", ours.saved >= SAVED_MIN, ours.saved, SAVED_MIN, "times")
        )
    for what in ("median", "worst"):
        value = getattr(ours, f"reaction_{what}")
        bound = getattr(always, f"reaction_{what}") + SLOWER_MAX
        checks.append(Check(f"{name}: {what} reaction", value <= bound, value, bound, "rounds"))
    return checks


def _print(scene: Scene, rows: Sequence[Row], stream: Any) -> None:
    print(f"\n{scene.mode}, {scene.name}", file=stream)
    for row in rows:
        print(
            f"  {row.policy:<28} {row.messages:.3f} messages a node and round, 1 in {row.saved:>4}"
            f"; error {row.error_q:>4} q of {row.bound_q:,}; step: {row.reaction_median:>5.2f} "
            f"rounds, at most {row.reaction_worst:.2f}",
            file=stream,
            flush=True,
        )
