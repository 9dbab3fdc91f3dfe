"""An agent, and frames of its neighbours, for the scripts agent_*.py."""

from kit_frames import Columns, packed
from quelea_agent.agent import Agent
from quelea_agent.counters import NAMES
from quelea_agent.settings import load
from quelea_proto.frames import FLOW, STATE, Frame, unpack


def settings_of(**changes: object) -> dict:
    """Return settings of node 5 with neighbours 1, 2, 9 and 300."""
    settings = {
        "v": 1,
        "fleet": "demo",
        "id": "n05",
        "node": 5,
        "neighbours": [[1, "n01", 0], [2, "n02", 1], [9, "n09", 0], [300, "n300", 2]],
        "mode": "resilient",
        "rule": "wmsr",
        "faults_max": 1,
        "period_ms": 100,
        "epoch_rounds": 0,
        "fresh_rounds": 4,
        "fanout": 0,
        "lo_q": 0,
        "hi_q": 1000,
    }
    settings.update(changes)
    return settings


def agent_of(session: int = 7, **changes: object) -> Agent:
    """Return an agent with these settings."""
    settings, problem = load(settings_of(**changes))
    assert settings is not None, problem
    return Agent(settings, session)


def state_frame(node: int, seq: int, value_q: int, epoch: int = 0, session: int = 1) -> bytes:
    """Return a state frame of a neighbour; its input is 11."""
    return packed(STATE, 0, [node, session, epoch, seq, 11, value_q], bytes(4))


def flow_frame(node: int, seq: int, value_q: int, edge: tuple, session: int = 1) -> bytes:
    """Return a flow frame; edge is (flow_q, turn, residue), the same to all three neighbours."""
    columns = Columns([edge[0]] * 3, [edge[1]] * 3, [edge[2]] * 3)
    return packed(FLOW, 0, [node, session, 0, seq, 0, value_q], bytes(3), columns)


def counted(agent: Agent) -> list:
    """Return the counters that are not zero, in their order."""
    counts = agent.counters.counts
    return [(NAMES[i], counts[i]) for i in range(len(NAMES)) if counts[i]]


def show(agent: Agent, out) -> None:
    """Print what a step sent and what the agent now is."""
    for dest, buffer in out:
        frame = unpack(bytes(buffer), Frame())
        assert frame is not None
        used = [frame.used_at(slot) for slot in range(frame.count)]
        print("out", dest, frame.flags, frame.head, used)
    print("at", agent.value_q, agent.input_q, agent.settled_q, agent.epoch, agent.seq, agent.held)


def rounds(agent: Agent, count: int) -> None:
    """Do as many rounds as asked, without frames, each when it is due."""
    for _ in range(count):
        agent.step(agent.next_wake_ms, ())
