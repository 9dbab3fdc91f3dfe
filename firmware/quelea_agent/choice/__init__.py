"""CHOICES: rows (name, class): how a node picks one of the servers that it may use.

A rule of choice is a class with one instance a node:

    Rule(me)            me: the node's Chooser
    choose() -> index   into me.allowed; called once a round

What it may look at: me.allowed, me.at (index now), me.demand_q, me.capacities_q, me.seen_q (the
exact load of the server in use, UNKNOWN before the first answer), me.believed_q(index) (rumour of
a load, UNKNOWN if there is none), me.draws. Integers of 31 bits, as everywhere here; it keeps its
own state and allocates nothing after the start.
"""

from quelea_agent.choice.at_random import AtRandom
from quelea_agent.choice.damped import Damped
from quelea_agent.choice.greedy import Greedy
from quelea_agent.choice.patient import Patient
from quelea_agent.choice.regret import Regret

CHOICES = (
    ("greedy", Greedy),
    ("random", AtRandom),
    ("damped", Damped),
    ("regret", Regret),
    ("patient", Patient),
)


def find(name: str):  # type: ignore[no-untyped-def]
    """Return the class of this name, or None."""
    for row in CHOICES:
        if row[0] == name:
            return row[1]
    return None


def names() -> str:
    """Return all names, for messages."""
    return ", ".join([row[0] for row in CHOICES])
