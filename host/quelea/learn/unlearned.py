"""The q-learning rule whose table learns nothing: what its actions alone come to. A baseline."""

from quelea_agent import choice
from quelea_agent.choice import q_learning
from quelea_agent.q_table import QTable, Schedule

NAME = "unlearned"


class Deaf(QTable):  # type: ignore[misc]  # the firmware's classes have no types
    """A table that stays as it is."""

    def learn(self, state: int, action: int, reward: int, after: int) -> None:
        """Take no lesson."""


class Unlearned(q_learning.QLearning):  # type: ignore[misc]
    """A rule of choice."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        super().__init__(me)
        schedule = Schedule(*q_learning.SCHEDULE)
        self.table = Deaf(q_learning.STATES, len(q_learning.ACTIONS), schedule)


def register() -> None:
    """Let this process find the rule by its name, as those of the firmware."""
    if not choice.known(NAME):
        choice.CHOICES = (*choice.CHOICES, (NAME, __name__, "Unlearned"))
