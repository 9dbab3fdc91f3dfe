"""A story told again from its journal: its course, its picture, and why a node was served so."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from quelea_proto import lease_row, rumour_row

from quelea.errors import UserError
from quelea.journal import FrameRow, Journal, NodeRow
from quelea.journal.rows import LEASE, RUMOUR
from quelea.story.chronicle import HOST, KIND, US
from quelea.story.course import Course, Mode, Phase
from quelea.story.loop import UNIT_Q
from quelea.story.picture import draw
from quelea.story.setting import CAPACITIES

BACK_US = 60 * US  # of the run in which a node's rows are looked for
WINDOW = 20  # rounds at the end of a phase that its line speaks of


def is_story(journal: Journal) -> bool:
    """Return whether this is the journal of a story."""
    return journal.run().get("kind") == KIND


def courses(journal: Journal) -> list[tuple[Phase, Course]]:
    """Return the phases with what came of their rounds, as far as the run got."""
    parts: list[tuple[Phase, Course]] = []
    for event in journal.events():
        if event.name == "phase":
            words = str(event.detail["mode"]).split()
            phase = Phase(str(event.detail["phase"]), 0, Mode(words[0]))
            parts.append((phase, Course()))
        elif event.name == "round" and parts:
            parts[-1][1].put(event.detail)
    return [
        (Phase(phase.name, len(course.goodput), phase.mode), course)
        for phase, course in parts
        if course.goodput
    ]


def plot(journal: Journal, files: list[Path]) -> None:
    """Draw the picture of the story into each file; UserError where nothing was told yet."""
    parts = courses(journal)
    if not parts:
        raise UserError("no round is in the journal yet", journal.where, "", "wait a second")
    run = journal.run()
    settings = run.get("settings", {})
    world = "as real processes" if settings.get("real") else "in the simulator"
    title = f"{len(journal.nodes())} agents {world}, rho {settings.get('rho')}, "
    for file in files:
        draw(parts, title + f"seed {run.get('seed')}", file)


def text(journal: Journal) -> str:
    """Return a line a phase: what it came to at its end."""
    lines = []
    for phase, course in courses(journal):
        last = course.share[-WINDOW:]
        messages = course.messages[-WINDOW:]
        lines.append(
            f"{phase.name:16} {phase.rounds:4} rounds, then {last.mean():.3f} of the optimum, "
            f"{course.overasked[-1]} servers overasked, Jain {course.fairness[-1]:.3f}, "
            f"{sum(messages) / len(messages):.2f} messages an agent and round"
        )
    return "\n".join(lines)


# -- why a node is served so -------------------------------------------------------------------
def explain(journal: Journal, node: str, at_s: float | None = None) -> dict[str, Any]:
    """Return {node, t_s, status, question, answer, rumours, lines} of a node at a time.

    UserError for a node unknown, or of which nothing was known by then.
    """
    member = _member(journal, node)
    until_us = int(at_s * US) + 1 if at_s is not None else journal.end_us() + 1
    statuses = [row for row in journal.statuses(node=member.number) if row.t_us < until_us]
    if not statuses:
        raise UserError(f"nothing is known of {node} by then", "--at", "", "ask for a later time")
    status = statuses[-1].document
    said = _rows(journal, member.number, until_us)
    lines = [_served(member, statuses[-1].t_us, status)]
    lines += [_asked(*said["question"]), _answered(*said["answer"])] if said["answer"] else []
    lines += [_rumour(journal, row, status["server"]) for row in said["rumours"]]
    if not said["answer"]:
        lines.append("the journal of a simulated story has no messages: --fleet keeps them")
    moves = [row for row, after in pairwise(statuses)
             if row.document["server"] != after.document["server"]]  # fmt: skip
    lines.append(f"it has moved {len(moves)} times so far")
    return {"node": member.id, "t_s": statuses[-1].t_us / US, "status": status, "lines": lines}


def _member(journal: Journal, node: str) -> NodeRow:
    members = journal.nodes()
    for member in members:
        if node in (member.id, str(member.number)):
            return member
    raise UserError(
        f"no node {node!r}", journal.where, f"nodes: {members[0].id} to {members[-1].id}"
    )


def _rows(journal: Journal, number: int, until_us: int) -> dict[str, Any]:
    """Return its newest question and answer with their frames, and each neighbour's last word."""
    found: dict[str, Any] = {"question": (), "answer": (), "rumours": []}
    newest: dict[int, FrameRow] = {}
    for row in journal.frames(max(0, until_us - BACK_US), until_us, good=False):
        if row.cause == RUMOUR and row.dest == number:
            newest[row.source] = row
        elif row.cause == LEASE and number in (row.source, row.dest):
            lease = lease_row.Lease()
            if lease_row.unpack(row.payload, lease):
                found["answer" if row.source == HOST else "question"] = (row, lease)
    found["rumours"] = [newest[source] for source in sorted(newest)]
    return found


def _served(member: NodeRow, t_us: int, status: dict[str, Any]) -> str:
    server = status["server"]
    return (
        f"{member.id} wants {_units(status['demand_q'])} units; since {t_us / US:.2f} s it draws "
        f"{_units(status['sent_q'])} of server {server}, which has {CAPACITIES[server]}, and is "
        f"served {_units(status['served_q'])}" + (" (a liar)" if member.liar else "")
    )


def _asked(row: FrameRow, lease: lease_row.Lease) -> str:
    return (
        f"frame {row.at}, {row.t_us / US:.2f} s: it asks server {lease.server} for "
        f"{_units(lease.first_q)}, holds {_units(lease.second_q)}, draws {_units(lease.use_q)}"
    )


def _answered(row: FrameRow, lease: lease_row.Lease) -> str:
    return (
        f"frame {row.at}, {row.t_us / US:.2f} s: server {lease.server} is asked for "
        f"{_units(lease.first_q)} in all and grants {_units(lease.second_q)}"
    )


def _rumour(journal: Journal, row: FrameRow, server: int) -> str:
    said = rumour_row.Row()
    if not rumour_row.unpack(row.payload, said):
        return f"frame {row.at}: no row"
    loads = ", ".join(
        f"{at}: {_units(said.load_at(at))} of {CAPACITIES[at]}"
        for at in range(said.count)
        if said.age_at(at) != rumour_row.NEVER
    )
    names = {member.number: member for member in journal.nodes()}
    source = names[row.source]
    return (
        f"frame {row.at}, {row.t_us / US:.2f} s: {source.id} says "
        + (loads or "nothing")
        + (" (a liar)" if source.liar else "")
    )


def _units(amount_q: int) -> str:
    return f"{amount_q / UNIT_Q:.4g}"
