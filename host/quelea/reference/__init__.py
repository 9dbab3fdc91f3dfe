"""The reference: a second, independent implementation of the whole node, compiled by Cython.

BACKEND says which runs, "cython" or "python" (the same files uncompiled); guard.py, how to choose.

    Machine(cfg, session)       a node with the agent's seam; cfg as staged in cfg.json
    RULES, rule(name)           rows (name, apply, liars tolerated?), as quelea_proto.rules
    Flows(node, neighbours, q)  exact averaging, with the methods of quelea_proto.flows
    Policy(file)                the inference of quelea_agent.choice.policy
    QTable(states, actions, schedule)   tabular Q-learning, as quelea_agent.q_table
    Softmax(inputs, classes)    the training of quelea_agent.softmax, a batch at a time
    unpack(payload)             ("ok", fields by name) or (cause, {})
    pack(fields)                the frame's bytes
    crc16(data, length)
"""

from os import environ
from typing import TYPE_CHECKING

from quelea.reference.guard import choose

BACKEND, _modules = choose(environ)

if TYPE_CHECKING:
    from quelea.reference.twin.flows import Flows as Flows
    from quelea.reference.twin.frames import crc16 as crc16
    from quelea.reference.twin.frames import pack as pack
    from quelea.reference.twin.frames import unpack as unpack
    from quelea.reference.twin.machine import Machine as Machine
    from quelea.reference.twin.policy import Policy as Policy
    from quelea.reference.twin.q_table import QTable as QTable
    from quelea.reference.twin.rules import RULES as RULES
    from quelea.reference.twin.rules import Rule
    from quelea.reference.twin.softmax import Softmax as Softmax
else:
    Flows = _modules["flows"].Flows
    Machine = _modules["machine"].Machine
    Policy = _modules["policy"].Policy
    QTable = _modules["q_table"].QTable
    RULES = _modules["rules"].RULES
    Softmax = _modules["softmax"].Softmax
    crc16 = _modules["frames"].crc16
    pack = _modules["frames"].pack
    unpack = _modules["frames"].unpack


def rule(name: str) -> "Rule":
    """Return apply(own_q, values_q, count, faults_max) of this rule; KeyError names all rules.

    The values are left as they are.
    """
    for row in RULES:
        if row[0] == name:
            return row[1]
    raise KeyError(f"{name!r} is none of {', '.join(row[0] for row in RULES)}")
