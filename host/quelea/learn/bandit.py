"""The stateless bandit: Q-learning that looks at nothing, each server a lever. A baseline.

What applications of Q-learning to such choices often are: no state, the reward of the server that
was used, and a chance to try another. Its world moves under it, and it cannot see that.
"""

from typing import Any

from quelea_agent import choice
from quelea_agent.choice.best import ratio
from quelea_agent.choice.regret import served
from quelea_agent.q_table import QTable, Schedule
from quelea_agent.rumours import UNKNOWN

NAME = "bandit"
SCHEDULE = (6554, 655, 7, 0, 3, 1)  # chance 0.2 to 0.02, rate at last 1/8


class Bandit:
    """A rule of choice; me: the node's Chooser."""

    def __init__(self, me: Any) -> None:
        self.me = me
        self.table = QTable(1, len(me.allowed), Schedule(*SCHEDULE))

    def choose(self) -> int:
        """Learn what the server in use gave, and return the next."""
        me = self.me
        if me.seen_q != UNKNOWN:
            here = ratio(me.seen_q, me.capacities_q[me.allowed[me.at]])
            self.table.learn(0, me.at, served(here), -1)
        return int(self.table.act(0, me.draws))


def register() -> None:
    """Let this process find the rule by its name, as those of the firmware."""
    if not choice.known(NAME):
        choice.CHOICES = (*choice.CHOICES, (NAME, __name__, "Bandit"))
