"""Small fleets of real agents without a network, and frames that no code of ours packed."""

from typing import Any

from exact.frames import Fields, body, seal
from quelea_agent import counters
from quelea_agent.agent import Agent
from quelea_agent.settings import Settings, load

K4 = ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))
K5 = (*K4, (1, 5), (2, 5), (3, 5), (4, 5))
PERIOD_MS = 1000


def peers_of(node: int, edges: tuple[tuple[int, int], ...]) -> list[int]:
    """Return the neighbours' numbers, ascending."""
    return sorted({b for a, b in edges if a == node} | {a for a, b in edges if b == node})


def config(node: int, edges: tuple[tuple[int, int], ...], **more: Any) -> dict[str, Any]:
    """Return what the host would stage as cfg.json."""
    rows = [
        [peer, f"n{peer:02}", peers_of(peer, edges).index(node)] for peer in peers_of(node, edges)
    ]
    named = {"fleet": "demo", "id": f"n{node:02}", "node": node, "neighbours": rows}
    usual = {"rule": "wmsr", "faults_max": 1, "period_ms": PERIOD_MS, "lo_q": 0, "hi_q": 10000}
    return {"v": 1, **named, **usual, **more}


def settings(node: int, edges: tuple[tuple[int, int], ...], **more: Any) -> Settings:
    got, problem = load(config(node, edges, **more))
    assert problem is None, problem
    return got


def agent(node: int, edges: tuple[tuple[int, int], ...], session: int = 1, **more: Any) -> Agent:
    """Return one agent of a graph."""
    return Agent(settings(node, edges, **more), session)


def fleet(edges: tuple[tuple[int, int], ...], **more: Any) -> dict[int, Agent]:
    """Return all agents of a graph by number."""
    return {node: agent(node, edges, **more) for node in sorted({n for e in edges for n in e})}


def frame(**fields: Any) -> bytes:
    """Return the bytes of a frame, made by the oracle's packer."""
    return seal(body(Fields(**fields)))


def due(one: Agent, frames_in: Any = ()) -> list[tuple[int, bytes]]:
    """Take frames in, go to the next round, return (dest, bytes) sent; the clock follows."""
    if not one._started:
        one.step(0, ())
    return [(dest, bytes(buffer)) for dest, buffer in one.step(one.next_wake_ms, frames_in)]


def counted(one: Agent, name: str) -> int:
    """Return a counter by its name."""
    return int(one.counters.counts[counters.NAMES.index(name)])


def exchange(agents: dict[int, Agent], deliver: Any = None) -> dict[int, bytes]:
    """Let every agent do one round, then hand all broadcasts over; return the frames by node.

    deliver(sender, receiver, payload) -> list of payloads that arrive; all once by default.
    """
    sent = {node: due(one)[0][1] for node, one in agents.items()}
    for node, one in agents.items():
        for peer in one.settings.numbers:
            if peer in sent:
                arrived = [sent[peer]] if deliver is None else deliver(peer, node, sent[peer])
                one.step(one.next_wake_ms - 1, [(peer, payload) for payload in arrived])
    return sent
