"""What a journal holds, on one screen: as a dict, and as text for people."""

from typing import Any

from quelea.journal.reader import END_US, Journal
from quelea.journal.rows import EventRow, FrameRow, NodeRow
from quelea.journal.totals import Traffic

EVENTS_MAX = 1_000  # the newest, in the object
GROUPS_SHOWN = 24  # in the text, where events of one name that come together are one line
GROUP_US = 2_000_000
NAMES_SHOWN = 6
US = 1_000_000
NODE_COLUMNS = (
    *("id", "frames", "per_s", "bytes", "lost", "refused"),
    *("sessions", "epoch", "input_q", "value_q"),
)


def summarise(journal: Journal) -> dict[str, Any]:
    """Return {journal, run, verdict, checks, nodes, frames, incomplete ..., events}.

    verdict is None when none was reached. Rates are a second over the time in which the node, or
    anyone, was heard.
    """
    run = journal.run()
    members = {node.number: node for node in journal.nodes(strangers=True)}
    traffic = {row.node: row for row in journal.traffic()}
    latest = journal.latest()
    nodes = [
        _node(members.get(number, NodeRow(number, "?")), traffic.get(number), latest.get(number))
        for number in sorted({*members, *traffic}, key=lambda number: (number < 0, number))
    ]
    heard = [row for row in traffic.values() if row.frames]
    from_us = min((row.first_us for row in heard), default=0)
    to_us = max((row.last_us for row in heard), default=0)
    good = sum(row.frames for row in heard)
    lost = sum(row.lost for row in traffic.values())
    events = list(journal.events())
    incomplete, forgotten = journal.incomplete, journal.forgotten
    return {
        "journal": journal.where,
        "verdict": run.get("verdict"),
        "checks": [check._asdict() for check in journal.checks()],
        "run": run,
        "lasted_s": round(journal.end_us() / US, 3),
        "closed": journal.closed,
        "incomplete": incomplete.as_json() if incomplete else None,
        "forgotten": forgotten._asdict() if forgotten else None,
        "frames": {
            "good": good,
            "refused": journal.causes(),
            "lost": lost,
            "per_s": _per_second(good, from_us, to_us),
            "bytes": sum(row.bytes for row in traffic.values()),
        },
        "nodes": nodes,
        "faults": [fault._asdict() for fault in journal.faults()],
        "events": [event._asdict() for event in events[-EVENTS_MAX:]],
        "events_earlier": max(0, len(events) - EVENTS_MAX),
    }


def _per_second(count: int, from_us: int, to_us: int) -> float:
    return round((count - 1) * US / (to_us - from_us), 3) if to_us > from_us else 0.0


def _node(node: NodeRow, traffic: Traffic | None, latest: FrameRow | None) -> dict[str, Any]:
    heard = traffic or Traffic(node.number, 0, 0, 0, 0, 0, 0, END_US)
    return {
        "node": node.number,
        "id": node.id,
        "roles": list(node.roles),
        "neighbours": len(node.neighbours),
        "frames": heard.frames,
        "per_s": _per_second(heard.frames, heard.first_us, heard.last_us) if traffic else 0.0,
        "bytes": heard.bytes,
        "lost": heard.lost,
        "refused": heard.refused,
        "sessions": heard.sessions,
        "epoch": latest.epoch if latest else None,
        "seq": latest.seq if latest else None,
        "input_q": latest.input_q if latest else None,
        "value_q": latest.value_q if latest else None,
    }


def text(summary: dict[str, Any]) -> str:
    """Return the summary as lines for a terminal of 80 columns or more."""
    run, frames = summary["run"], summary["frames"]
    git = f" ({run['git']})" if run.get("git") else ""
    liars = [node["id"] for node in summary["nodes"] if "liar" in node["roles"]]
    members = sum(node["node"] > 0 for node in summary["nodes"])
    refused = ", ".join(f"{cause} {count}" for cause, count in frames["refused"].items())
    head = [
        ("journal", summary["journal"]),
        ("run", f"{run.get('name', '?')}, quelea {run.get('version', '?')}{git}"),
        ("started", f"{run.get('started', '?')}, {summary['lasted_s']:.1f} s"),
        ("command", " ".join(str(word) for word in run.get("command") or ["?"])),
        ("seed", str(run.get("seed", "?"))),
        ("nodes", f"{members}, liars: {', '.join(liars) or 'none'}"),
        ("frames", f"{frames['good']:,} good, {frames['per_s']:,.1f} a second"),
        ("refused", refused or "none"),
        ("lost", f"{frames['lost']:,} by gaps in the sequence"),
        ("whole", _whole(summary)),
        ("verdict", {True: "holds", False: "DOES NOT HOLD"}.get(summary["verdict"], "none")),
    ]
    lines = [f"{name:9}{value}" for name, value in head]
    lines += [_check(check) for check in summary["checks"]]
    return "\n".join([*lines, *_node_lines(summary), *_fault_lines(summary), *_events(summary)])


def _whole(summary: dict[str, Any]) -> str:
    incomplete = summary["incomplete"]
    if incomplete:
        dropped = ", ".join(f"{n:,} of {table}" for table, n in incomplete["dropped"].items())
        return f"INCOMPLETE: {dropped} dropped: {incomplete['reason']}"
    if not summary["closed"]:
        return "not closed: still being written, or left by a kill (its last batch is missing)"
    forgotten = summary["forgotten"]
    if forgotten:
        until_s = forgotten["until_us"] / US
        return f"from {until_s:,.1f} s on: {forgotten['frames']:,} frames before were forgotten"
    return "yes"


def _check(check: dict[str, Any]) -> str:
    mark = "ok  " if check["ok"] else "FAIL"
    return f"  {mark} {check['name']}: {check['value']} {check['unit']} (bound {check['bound']})"


def _node_lines(summary: dict[str, Any]) -> list[str]:
    rows = [[*NODE_COLUMNS, "roles"]]
    for node in summary["nodes"]:
        cells = ["-" if node[name] is None else str(node[name]) for name in NODE_COLUMNS]
        rows.append([*cells, ",".join(node["roles"])])
    widths = [max(len(row[i]) for row in rows) for i in range(len(NODE_COLUMNS))]
    return [
        "",
        *(
            " ".join(cell.rjust(width) for cell, width in zip(row, widths)) + " " + row[-1]
            for row in rows
        ),
    ]


def _fault_lines(summary: dict[str, Any]) -> list[str]:
    lines = []
    for fault in summary["faults"]:
        until = "" if fault["to_us"] is None else f" to {fault['to_us'] / US:.3f}"
        when = f"{fault['from_us'] / US:.3f}{until} s"
        lines.append(f"fault {fault['name']} on {fault['target']}, {when}, fired {fault['fired']}")
    return ["", *lines] if lines else []


def _events(summary: dict[str, Any]) -> list[str]:
    groups: list[list[EventRow]] = []
    newest: dict[str, list[EventRow]] = {}
    for event in (EventRow(**row) for row in summary["events"]):
        group = newest.get(event.name)
        if group is None or event.t_us - group[0].t_us > GROUP_US:
            group = newest[event.name] = []
            groups.append(group)
        group.append(event)
    earlier = summary["events_earlier"] + sum(len(group) for group in groups[:-GROUPS_SHOWN])
    lines = [_group(group) for group in groups[-GROUPS_SHOWN:]]
    return ["", *([f"({earlier} earlier events)"] if earlier else []), *lines] if lines else []


def _group(events: list[EventRow]) -> str:
    """Return a line for an event, or for several of one name: who, and how many."""
    first = events[0]
    head = f"{first.t_us / US:10.3f} s  "
    if len(events) == 1:
        detail = " ".join(f"{key}={value}" for key, value in first.detail.items())
        return f"{head}{first.source:12} {first.name} {detail[:160]}".rstrip()
    who = sorted({str(event.detail.get("node", event.source)) for event in events})
    more = f" and {len(who) - NAMES_SHOWN} more" if len(who) > NAMES_SHOWN else ""
    return f"{head}{len(events)} x {first.name}: {', '.join(who[:NAMES_SHOWN])}{more}"
