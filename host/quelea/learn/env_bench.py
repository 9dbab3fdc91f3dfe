"""How fast the environments are, and that a batch is worth its C.

    python -m quelea.learn.env_bench [--worlds 64] [--seconds 2] [--json]

Rounds of an agent a second, by processor time of one core, everything in this process and in
turns, the best turn of each: the plain environment (PettingZoo's step()), the story's own loop
with agents that follow a rule, and a batch. The exit status is 0 if the batch is RATIO_LEAST times
as fast as either.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

import numpy as np

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.journal import Check
from quelea.learn.env_batch import StoryBatch
from quelea.learn.env_world import ALLOWED
from quelea.story import setting
from quelea.story.loop import Loop

RATIO_LEAST = 100
TURNS = 3
SEED = 1
RHO = 0.97
CYCLES_MAX = 1_000_000
WORLDS_MAX = 4096


def plain() -> Callable[[], int]:
    """Return a function that does a round of the plain environment."""
    from quelea.learn.env_story import story_env

    env = story_env(RHO, max_cycles=CYCLES_MAX)
    env.reset(seed=SEED)
    draws = np.random.default_rng(SEED)

    def once() -> int:
        actions = draws.integers(0, ALLOWED, len(env.agents)).tolist()
        env.step(dict(zip(env.agents, actions, strict=True)))
        return len(env.agents)

    return once


def ruled() -> Callable[[], int]:
    """Return a function that does a round of the story with agents of the firmware."""
    loop = Loop(setting.draw(SEED, RHO).setup())
    loop.use("damped", True, True, False)

    def once() -> int:
        loop.round()
        return len(loop.agents)

    return once


def batched(worlds: int) -> Callable[[], int]:
    """Return a function that does a round of so many worlds."""
    batch = StoryBatch(range(worlds), RHO)
    batch.reset()
    draws = np.random.default_rng(SEED)
    actions = draws.integers(0, ALLOWED, (16, *batch.points.shape), np.uint8)
    turn = 0

    def once() -> int:
        nonlocal turn
        turn = (turn + 1) % len(actions)
        batch.step(actions[turn])
        return int(batch.points.size)

    return once


def rate(once: Callable[[], int], seconds: float) -> float:
    """Return what once() does in a second of processor time."""
    done = 0
    begun_s = time.process_time()
    spent_s = 0.0
    while spent_s < seconds:
        done += once()
        spent_s = time.process_time() - begun_s
    return done / spent_s


def measure(worlds: int, seconds: float) -> dict[str, float]:
    """Return rounds of an agent a second of each kind, the best of TURNS."""
    kinds = {"plain": plain(), "loop": ruled(), "batch": batched(worlds)}
    best = dict.fromkeys(kinds, 0.0)
    for _ in range(TURNS):
        for name, once in kinds.items():
            best[name] = max(best[name], rate(once, seconds / TURNS))
    return best


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m quelea.learn.env_bench")
    parser.add_argument("--worlds", type=int, default=64, help="of the batch")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each kind")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    found = parser.parse_args(arguments)
    try:
        for flag, value, high in (
            ("--worlds", found.worlds, WORLDS_MAX), ("--seconds", found.seconds, 600),
        ):  # fmt: skip
            if not 0 < value <= high:
                raise UserError(f"{value} is out of range", flag, f"above 0, to {high}")
        rates = measure(found.worlds, found.seconds)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    checks = []
    for name, rates_name in (("the plain environment", "plain"), ("the loop", "loop")):
        ratio = rates["batch"] / rates[rates_name]
        checks.append(
            Check(f"batch, of {name}", ratio >= RATIO_LEAST, round(ratio), RATIO_LEAST, "times")
        )
    for name, value in rates.items():
        print(f"{name:6} {value:12,.0f} rounds of an agent a second", file=sys.stderr)
    for check in checks:
        print(f"{check.name}: {check.value:g} times (bound {check.bound:g})", file=sys.stderr)
    holds = all(check.ok for check in checks)
    if found.json:
        rows = [check._asdict() for check in checks]
        print(json.dumps({"verdict": holds, "checks": rows, "results": rates}))
    return EXIT_OK if holds else EXIT_FALSE


if __name__ == "__main__":
    sys.exit(main())
