"""CHOICES: rows (name, module, class): how a node picks one of the servers that it may use.

A module is loaded when its rule is asked for. A rule is a class with one instance a node:

    Rule(me)            me: the node's Chooser
    choose() -> index   into me.allowed; called once a round

What it may look at: me.allowed, me.at (index now), me.demand_q, me.capacities_q, me.seen_q (the
exact load of the server in use, UNKNOWN before the first answer), me.believed_q(index) (rumour of
a load, UNKNOWN if there is none), me.draws, and me.memory (what it learned before a reboot, or
nothing). Integers of 31 bits, as everywhere here; it keeps its own state and allocates nothing
after the start. One that learns has its QTable as `table`.
"""

CHOICES = (
    ("greedy", "quelea_agent.choice.greedy", "Greedy"),
    ("random", "quelea_agent.choice.at_random", "AtRandom"),
    ("damped", "quelea_agent.choice.damped", "Damped"),
    ("regret", "quelea_agent.choice.regret", "Regret"),
    ("patient", "quelea_agent.choice.patient", "Patient"),
    ("q-learning", "quelea_agent.choice.q_learning", "QLearning"),  # in the part `learning`
    ("policy", "quelea_agent.choice.policy", "Policy"),  # as well
)


def known(name: str) -> bool:
    """Return whether there is a rule of this name."""
    return any([row[0] == name for row in CHOICES])


def find(name: str):  # type: ignore[no-untyped-def]
    """Return the class of this name; None if there is none, or if it is not on this board."""
    for row in CHOICES:
        if row[0] == name:
            try:
                module = __import__(row[1], None, None, (row[2],))
            except ImportError:
                return None
            return getattr(module, row[2])
    return None


def names() -> str:
    """Return all names, for messages."""
    return ", ".join([row[0] for row in CHOICES])
