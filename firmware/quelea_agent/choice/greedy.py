"""Greedy: every round to the server that looks best.

All who hear the same rumour act on it at once, and each finds there all the others. It herds, and
worse the better it is informed. The baseline of the story, and what "best reply" means without
coordination.
"""

from quelea_agent.choice.best import best_reply


class Greedy:
    """Best reply to what is believed, by everyone, every round."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        self.me = me

    def choose(self) -> int:
        """Return the index that looks best."""
        return best_reply(self.me)
