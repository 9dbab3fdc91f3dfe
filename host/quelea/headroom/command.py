"""`quelea share`: many seeds of a group that shares limits; was one exceeded, how well shared?"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from quelea_proto.limits import QUIET_ROUNDS_MAX

from quelea.configure import fleetfile
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.fleet.options import FleetOptions
from quelea.headroom.group import AGREED, Group, Load, check_policy, make
from quelea.headroom.terms import Terms
from quelea.headroom.trial import NEAR, Trial, run
from quelea.headroom.world import EPOCH_ROUNDS
from quelea.journal import Check

LATENCY_S = 5.0
JAIN_MIN = 0.95
JAIN_LIARS_MIN = 0.85
FAULTS = ("lost", "replay", "partition", "before", "torn", "refused", "written", "spoken")
TOLD_S = 10.0
TRIAL_S = 400  # more than a trial takes


def setting(config: str, liars: int, lease_s: int = 0) -> tuple[Group, int]:
    """Return the group and its period in ms; by default eight loads of any amount on 32 A.

    lease_s: above 0 the default group's members hold leases, and may go and come.
    """
    if config:
        given, group = fleetfile.load(fleetfile.find(config))
        if liars > group.splits[0].faults_max:
            raise UserError(
                f"{liars} liars, and {config} reckons with {group.splits[0].faults_max}",
                "--liars",
                "",
                "set faults_max in [limit]",
            )
        return group, int(given.get("period_ms", FleetOptions().period_ms))
    loads = [Load(node, most_q=16_000) for node in range(1, 9)]
    terms = Terms(lease_s * 1000) if lease_s else None
    return make(loads, [32_000], faults_max=liars, unit="mA", where="--liars", terms=terms), 1000


def without_waits(group: Group) -> Group:
    """Return a group in which nothing waits but for the protocol: what its own part of a
    re-allocation takes."""
    splits = tuple(replace(one, settle_rounds=0, step_q=one.budget_q) for one in group.splits)
    return replace(group, splits=splits, on_ms=0, off_ms=0, turn_epochs=0)


def trials(group: Group, seeds: range, jobs: int, **more: Any) -> list[Trial]:
    """Return the trial of every seed, on so many processes; says on standard error how far."""
    one = partial(_one, group, more)
    if jobs == 1:
        return [one(seed) for seed in seeds]
    out = []
    told_s = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        for trial in pool.map(one, seeds, chunksize=8):
            out.append(trial)
            if time.monotonic() - told_s > TOLD_S:
                told_s = time.monotonic()
                broken = sum(bool(each.broken) for each in out)
                print(f"{len(out)} of {len(seeds)} seeds, {broken} broken", file=sys.stderr)
    return out


def _one(group: Group, more: dict[str, Any], seed: int) -> Trial:
    return run(group, seed, **more)


def command(
    config: str,
    seeds: int,
    seed: int,
    loss: float,
    liars: int,
    changes: int,
    bare: bool,
    jobs: int,
    as_json: bool,
    cadence: int = 0,
    lease_s: int = 0,
    policy: str = "",
) -> int:
    """Run and judge; return the exit status. policy: empty for that of the file, or max-min."""
    if not 0 <= loss < 1 or seeds < 1 or liars < 0 or changes < 0 or jobs < 1:
        raise UserError(
            f"--seeds {seeds} --loss {loss} --liars {liars} --changes {changes} --jobs {jobs}",
            why="at least one seed and job, loss from 0 to below 1, liars and changes from 0 up",
        )
    if not 0 <= cadence <= QUIET_ROUNDS_MAX:
        raise UserError(f"{cadence} is out of range", "--cadence", f"0 to {QUIET_ROUNDS_MAX}")
    if lease_s and config:
        raise UserError(
            f"--lease {lease_s} and a file", "--lease", "", f"set lease_s in [limit] of {config}"
        )
    group, period_ms = setting(config, liars, lease_s)
    if policy:
        check_policy(policy, "--policy")
        group = replace(group, policy=policy)
    if group.agrees and group.terms is not None:
        raise UserError(
            f"members that go and come, and the policy {AGREED}",
            "--policy",
            "here their world has no consensus; fleets of nodes do",
            "`--policy max-min`",
        )
    group = without_waits(group) if bare else group
    if cadence:
        group.check_cadence("--cadence")
    more = {"loss": loss, "liars": liars, "changes": changes, "period_ms": period_ms,
            "cadence": cadence}  # fmt: skip
    done = trials(group, range(seed, seed + seeds), jobs, **more)
    for trial in done if bare else []:
        trial.index.clear()  # who waits for a turn that never comes is not treated fairly
    checks, figures = judge(done, group, loss, liars, period_ms)
    verdict = all(check.ok for check in checks)
    if as_json:
        rows = [check._asdict() for check in checks]
        print(json.dumps({"verdict": verdict, "checks": rows, **figures}))
    out = sys.stderr
    for check in checks:
        word = "holds" if check.ok else "FAILS"
        print(f"{word}  {check.name}: {check.value} (bound {check.bound}) {check.unit}", file=out)
    for name, value in figures.items():
        print(f"       {name}: {value}", file=out)
    for trial in [each for each in done if each.broken][:5]:
        print(f"seed {trial.seed}: {trial.broken}", file=out)
    return EXIT_OK if verdict else EXIT_FALSE


def judge(
    done: list[Trial], group: Group, loss: float, liars: int, period_ms: int
) -> tuple[list[Check], dict[str, Any]]:
    """Return the checks, and further figures."""
    broken = sum(bool(trial.broken) for trial in done)
    fired: Counter[str] = Counter()
    for trial in done:
        fired.update(trial.fired)
    wanted = [*FAULTS, *(["lies"] if liars else [])]
    silent = [name for name in wanted if not fired[name]]
    checks = [
        Check("seeds in which a limit was exceeded", broken == 0, broken, 0, f"of {len(done)}"),
        Check("faults that never took effect", not silent, len(silent), 0, " ".join(silent)),
    ]
    late = sorted(1e9 if one is None else one for trial in done for one in trial.changed_s)
    decided = sorted(1e9 if one is None else one for trial in done for one in trial.decided_s)
    used = [one for trial in done for one in trial.used]
    index = [one for trial in done for one in trial.index]
    quiet = [one for trial in done for one in trial.quiet]
    plain = not loss and not liars
    # With turns a part of the loads is always on its way on or off.
    steady = not 0 < group.turn_epochs * EPOCH_ROUNDS * period_ms / 1000 < TRIAL_S
    if late and not liars:
        checks += _latencies(decided, late, group, period_ms, steady and plain)
    if steady and used and not liars:
        use = round(sum(used) / len(used), 4)
        checks.append(Check("use 10 s after a change", use >= NEAR, use, NEAR))
    if index:
        mean, least = round(sum(index) / len(index), 4), JAIN_LIARS_MIN if liars else JAIN_MIN
        checks.append(Check("Jain's index", mean >= least, mean, least))
    if plain:
        swings = sum(trial.swings for trial in done)
        checks.append(Check("swings on constant demands", swings == 0, swings, 0))
    figures = {
        "fired": dict(fired),
        "most_of_limit": round(max(trial.most for trial in done), 4),
        "jain_least": round(min(index), 4) if index else None,
        "use_least": round(min(used), 4) if used else None,
        "use_mean": round(sum(used) / len(used), 4) if used else None,
        "decided_p50_s": _at(decided, 0.5),
        "decided_p99_s": _at(decided, 0.99),
        "reallocation_p50_s": _at(late, 0.5),
        "reallocation_p99_s": _at(late, 0.99),
        "changes": len(late),
        "writes": sum(trial.writes for trial in done),
        "seeds_in_which_somebody_stayed_away": sum(not trial.returned for trial in done),
        "messages_when_settled": round(sum(quiet) / len(quiet), 3) if quiet else None,
    }
    return checks, figures


def _latencies(
    decided: list[float], late: list[float], group: Group, period_ms: int, drawn: bool
) -> list[Check]:
    """Return the checks of how soon a change is followed: by caps, and where `drawn` by loads.

    A load that is held on or off for its least time has decided by itself.
    """
    checks = []
    if not group.on_ms and not group.off_ms:
        checks.append(_within("p99 until caps are decided", decided, LATENCY_S, "s"))
    if drawn:
        settle_s = max(split.settle_rounds for split in group.splits) * period_ms / 1000
        own = f"s, {settle_s:g} s of it what a load takes to follow" if settle_s else "s"
        name = f"p99 until {NEAR:.0%} of what can be drawn is"
        checks.append(_within(name, late, LATENCY_S + settle_s, own))
    return checks


def _within(name: str, ordered: list[float], bound_s: float, unit: str) -> Check:
    p99_s = _at(ordered, 0.99)
    return Check(name, p99_s is not None and p99_s <= bound_s, p99_s, bound_s, unit)


def _at(ordered: list[float], share: float) -> float | None:
    """Return a quantile of ordered values; None where it was never reached, or there are none."""
    value = ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 1e9
    return None if value == 1e9 else value
