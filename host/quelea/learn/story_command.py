"""`quelea train policy --env story`: train, export, hold to all other rules, say what it costs."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from quelea.errors import UserError
from quelea.journal import Check
from quelea.learn import cost, policies, story_export, weights
from quelea.learn.quantised import Net, packed, rounded
from quelea.learn.story_game import SETTINGS, StoryGame, learner

INSTANCES = range(1, 11)
TEACHER, TEACHER_SEEDS, TEACHER_ROUNDS = "damped", range(100_001, 100_007), 100
AGREEMENT_LEAST = 0.99
FILE, PICTURE = "policy.qnn", "policy.png"
Result = tuple[list[Check], dict[str, Any]]


def net_in(path: Path) -> Net:
    """Return the network that training left in a policy.npz."""
    kept = np.load(path)
    names = sorted({name.rpartition(".")[0] for name in kept.files}, key=_place)
    return [
        (kept[f"{name}.weight"].T.astype(float), kept[f"{name}.bias"].astype(float))
        for name in names
    ]


def _place(name: str) -> int:
    return int(name.rpartition(".")[2])


def report(
    trained: Sequence[Path], load: Path | None, to: Path | None, jobs: int, console: Console,
    folder: Path,
) -> Result:  # fmt: skip
    """Return checks and the document. trained: a policy.npz a seed; else load: a policy's file.

    The first seed is the policy that is exported; of the others there is a row.
    """
    memories: dict[str, bytes] = {}
    checks: list[Check] = []
    document: dict[str, Any] = {}
    more: list[policies.Row] = []
    if trained:
        net = net_in(trained[0])
        made = story_export.export(net)
        memories["policy"] = made.file
        memories["floats"] = policies.packed_floats(made.file, net)
        document["export"] = {"agreement": made.agreement, "chance": made.chance}
        console.print(
            f"in 8 bits the likeliest server is the same {100 * made.agreement:.2f} % of the time;"
            f" chances differ by {made.chance:.5f}"
        )
        checks.append(Check("policy: the same likeliest server in 8 bits",
                            made.agreement >= AGREEMENT_LEAST, round(made.agreement, 4),
                            AGREEMENT_LEAST, "of what is seen"))  # fmt: skip
        for path in trained[1:]:
            name = f"policy, {path.parent.name}"  # as policies.AGAIN has it
            memories[name] = story_export.export(net_in(path)).file
            more.append(policies.Row(name, policies.whole(policies.QUICK), name))
    else:
        memories["policy"] = weights.read(load)
    path = folder / FILE
    path.write_bytes(memories["policy"])
    if to is not None:
        shutil.copyfile(path, to)
    console.print(f"the policy, {len(memories['policy'])} bytes: {to or path}")
    paid = _costs(memories["policy"], console)
    if paid is not None:
        document["cost"] = asdict(paid)
        checks.append(Check("policy: scores unlike the reference's", paid.differing == 0,
                            paid.differing, 0, f"of {paid.compared}"))  # fmt: skip
    _draw(console, lambda: _picture(memories["policy"], folder / PICTURE))
    if find_spec("torch") is not None:
        memories |= controls()
    memories["table"] = policies.table_memory()
    wanted = (*(row for row in policies.ROWS if row.memory in {"", *memories}), *more)
    console.print(f"running {len(wanted)} rules on {len(INSTANCES)} seeds")
    rows = policies.tabulate(INSTANCES, memories, jobs, wanted)
    console.print(_table(policies.shown(rows)))
    if more:
        document["training_seeds"] = policies.over_seeds(rows)
        words = (f"{name} {mean:.4f} +- {deviation:.4f}"
                 for name, (mean, deviation) in document["training_seeds"].items())  # fmt: skip
        console.print(f"over {len(trained)} training seeds: {', '.join(words)}")
    document["rows"] = {name: [asdict(one) for one in row] for name, row in rows.items()}
    return checks + policies.held(rows), document


def controls() -> dict[str, bytes]:
    """Return a policy that was never trained, and one that imitates a rule."""
    from quelea.learn import cloned

    fresh = learner(StoryGame(1).spec, SETTINGS, 1).net
    seen, chosen = cloned.watch(TEACHER, TEACHER_SEEDS, TEACHER_ROUNDS)
    copied = cloned.net_of(cloned.fit(seen, chosen))
    return {
        "untrained": packed(rounded(fresh, story_export.seen_by(fresh)[::50])),
        "imitation": packed(rounded(copied, seen[::7])),
    }


def _costs(file: bytes, console: Console) -> cost.Cost | None:
    """Print what a decision costs; None where there is no MicroPython."""
    try:
        found = cost.measure(file)
    except UserError as error:
        console.print(f"no costs: {error}", style="yellow")
        return None
    table = Table(title="On MicroPython's unix port", title_justify="left")
    for name in ("", "in Python", "compiled"):
        table.add_column(name, justify="left" if not name else "right")
    for name, pair in (
        ("one server's score", found.score_us),
        ("a decision among four", found.decision_us),
    ):
        table.add_row(name, *(f"{us:.1f} us" for us in pair))
    console.print(table)
    console.print(
        f"the loaded network holds {found.held_bytes} bytes of heap; "
        f"a decision adds {found.grown_bytes:.0f}"
    )
    return found


def _table(lines: list[list[str]]) -> Table:
    title = f"{len(INSTANCES)} seeds, rho {policies.RHO:g}"
    table = Table(title=title, title_justify="left")
    for name in lines[0]:
        table.add_column(name, justify="left" if name == "rule" else "right", no_wrap=True)
    for line in lines[1:]:
        table.add_row(*line)
    return table


def _picture(file: bytes, path: Path) -> None:
    from quelea.learn import policy_picture

    policy_picture.draw(file, path)


def _draw(console: Console, draw: Callable[[], None]) -> None:
    try:
        draw()
    except UserError as error:
        console.print(f"no picture: {error}", style="yellow")
