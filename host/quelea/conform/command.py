"""`quelea conform`: arguments to the conformance run, the report to standard output."""

import json
import sys
from collections.abc import Sequence

from quelea.conform.conform import conform
from quelea.conform.targets import choose
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError

NODE_ROUNDS_MAX = 10**10
SEED_MAX = 2**30 - 1


def _bounded(flag: str, value: int, largest: int) -> int:
    if not 0 <= value <= largest:
        raise UserError(f"{value} cannot be used", flag, f"allowed: 0 to {largest}")
    return value


def command(
    targets: Sequence[str] = (),
    node_rounds: int = 100_000,
    seed: int = 1,
    runtimes: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Run and print the report; return the exit status: 0 if the verdict holds, else 1.

    targets: cpython, unix, wasm, microbit or serial ports; none: all that are there. runtimes:
    further unix-port interpreters. Progress goes to standard error. UserError for a wrong value.
    """
    _bounded("--node-rounds", node_rounds, NODE_ROUNDS_MAX)
    _bounded("--seed", seed, SEED_MAX)
    report = conform(
        choose(targets, runtimes),
        node_rounds,
        seed,
        asked=bool(targets or runtimes),
        progress=lambda text: print(text, file=sys.stderr, flush=True),
    )
    print(report.text(), file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(report.to_dict()))
    return EXIT_OK if report.verdict else EXIT_FALSE
