"""Follow one reading from the sensor of n01 to the estimate of n02, and print every number.

Nine real agents on CPython, each a neighbour of all others, F = 2; n09 lies. The demands are the
first hour of the data that ships with Quelea. Nothing is random: the output is always the same
and stands in docs/one_reading.md.
"""

import csv
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in ("firmware", "shared"):
    sys.path.insert(0, str(ROOT / folder))

from quelea_agent.agent import Agent  # noqa: E402  (the path above comes first)
from quelea_agent.counters import CLAMPED  # noqa: E402
from quelea_agent.link import Link  # noqa: E402
from quelea_agent.port.sensors import make  # noqa: E402
from quelea_agent.settings import load  # noqa: E402
from quelea_proto import frames  # noqa: E402
from quelea_proto.crc import crc16  # noqa: E402

NODES = 9
LIAR = 9
LIE_Q = 8388607
HI_Q = 20000
ROUNDS = 8


def node(number: int) -> Agent:
    """Return the agent of one node, begun, with its sensor read once."""
    others = [other for other in range(1, NODES + 1) if other != number]
    cfg = {
        "v": 1, "fleet": "demo", "id": f"n{number:02}", "node": number,
        "neighbours": [[o, f"n{o:02}", number - 1 - (o < number)] for o in others],
        "rule": "wmsr", "faults_max": 2, "period_ms": 1000, "lo_q": 0, "hi_q": HI_Q,
    }  # fmt: skip
    settings, problem = load(cfg)
    assert problem is None, problem
    return Agent(settings, 1)


def first_hour() -> list[int]:
    """Return the first readings of the first homes, in W."""
    with open(ROOT / "host" / "quelea" / "data" / "homes.csv") as file:
        rows = list(csv.reader(file))
    return [int(cell) for cell in rows[1][:NODES]]


def lie(payload: bytes) -> bytes:
    """Return the liar's frame: its own, with the largest value there is, sealed anew."""
    buffer = bytearray(payload)
    frames.put(buffer, 15, 3, LIE_Q)
    frames.put(buffer, len(buffer) - 2, 2, crc16(buffer, len(buffer) - 2))
    return bytes(buffer)


def one_round(agents: dict[int, Agent]) -> dict[int, bytes]:
    """Let every agent do its round; return the frames by node."""
    sent = {}
    for number, agent in agents.items():
        payload = bytes(agent.step(agent.next_wake_ms, ())[0][1])
        sent[number] = lie(payload) if number == LIAR else payload
    return sent


def deliver(agents: dict[int, Agent], sent: dict[int, bytes]) -> None:
    """Hand every frame to every other agent, a moment before its next round."""
    for number, agent in agents.items():
        others = [(sender, payload) for sender, payload in sent.items() if sender != number]
        agent.step(agent.next_wake_ms - 1, others)


def say(step: str, file: str, text: str) -> None:
    print(f"{step:<10} {file:<34} {text}")


def show_frame(agent: Agent, payload: bytes) -> None:
    """Print the frame of n01's first round byte by byte."""
    say("frame", "quelea_proto/frames.py", f"{len(payload)} bytes, seq 1, flag restart")
    at = 0
    parts = (("version, kind", 1), ("flags", 1), ("node", 2), ("session", 2), ("epoch", 2),
             ("seq", 4), ("input_q", 3), ("value_q", 3), ("count", 1),
             ("used", agent.outbox.frame.count), ("crc", 2))  # fmt: skip
    for name, width in parts:
        field = payload[at : at + width]
        print(f"{'':45}{field.hex(' '):<24} {name}")
        at += width


def show_rule(agent: Agent, before_q: int) -> None:
    """Print what W-MSR did with what n02 had heard."""
    table, settings = agent.neighbours, agent.settings
    heard = list(table.value_q)
    seen = sorted(min(max(value_q, settings.lo_q), settings.hi_q) for value_q in heard)
    clamped = agent.counters.counts[CLAMPED]
    say("table", "quelea_agent/neighbours.py", f"n02 has heard {' '.join(map(str, heard))} q")
    say("clamp", "quelea_agent/consensus.py", f"to 0..{HI_Q} q: {clamped} value moved, the lie")
    below = [value_q for value_q in seen if value_q < before_q]
    above = [value_q for value_q in seen if value_q > before_q]
    kept = below[2:] + above[:-2]
    say("rule", "quelea_proto/rules/wmsr.py", f"own {before_q} q, F = 2")
    print(f"{'':45}below, without the 2 smallest: {' '.join(map(str, below[2:]))}")
    print(f"{'':45}above, without the 2 largest:  {' '.join(map(str, above[:-2])) or '-'}")
    total = before_q + sum(kept)
    count = len(kept) + 1
    print(f"{'':45}half up of {total} / {count}: ({total} + {count // 2}) // {count}")
    say("estimate", "quelea_agent/consensus.py", f"{agent.value_q} q")
    assert agent.value_q == (total + count // 2) // count


def main() -> None:
    """Print the way of one reading, then how the honest nodes draw together."""
    agents = {number: node(number) for number in range(1, NODES + 1)}
    readings = first_hour()
    for number, agent in agents.items():
        agent.step(0, ())
        sensor, problem = make({"kind": "constant", "value_q": readings[number - 1]}, 0)
        assert problem is None, problem
        agent.sense(0, sensor.read_q(0))
    n01, n02 = agents[1], agents[2]
    say("sensor", "quelea_agent/port/sensors.py", f"{readings[0]} W, and 1 q is 1 W")
    say("demand", "quelea_agent/demand.py", f"{n01.demand.demand_q} q, inside 0..{HI_Q}")
    sent = one_round(agents)
    text = f"n01 begins epoch {n01.epoch} with {n01.value_q} q"
    say("epoch", "quelea_agent/consensus.py", text)
    show_frame(n01, sent[1])
    link = Link(n01.settings, n01.session, 0)
    say("topic", "quelea_proto/topics.py", f"{link.topic_to(0).decode()}, QoS 0")
    deliver(agents, sent)
    before_q = n02.value_q
    sent = one_round(agents)
    show_rule(n02, before_q)
    used = sent[2][19:-2].hex(" ")
    say("outbox", "quelea_agent/outbox.py", f"n02's next frame names its inputs: {used}")
    print()
    honest = [agent for number, agent in agents.items() if number != LIAR]
    inputs = [agent.input_q for agent in honest]
    print(f"honest inputs {min(inputs)}..{max(inputs)} q, the liar says {LIE_Q} q")
    for turn in range(2, ROUNDS + 1):
        values = [agent.value_q for agent in honest]
        spread = max(values) - min(values)
        print(f"round {turn}: {min(values):>5} .. {max(values):>5} q, spread {spread:>4} q")
        deliver(agents, sent)
        sent = one_round(agents)


if __name__ == "__main__":
    main()
