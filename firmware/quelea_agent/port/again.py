"""Again: a row of a shared limit that is news is said a second time, half a round later.

Where rows get lost, a word that is lost costs a round; a second one half of it. Not at once: what
swallowed the first may swallow it too. Of a fleet with a cadence, see quelea_agent.hush.
"""

from quelea_proto.fixed import ticks_add, ticks_diff


class Again:
    """Looks after the rows of one share.ShareNode."""

    busy = False

    def __init__(self, node) -> None:  # type: ignore[no-untyped-def]
        self.repeated = 0
        self._node = node
        self._due_ms = -1
        self._own_deadline_ms = node._deadline_ms

    def deadline_ms(self, now_ms: int) -> int:
        """Return when the node's next turn is due, or the second word if that is sooner."""
        deadline_ms = self._own_deadline_ms(now_ms)
        if self._due_ms >= 0 and ticks_diff(self._due_ms, deadline_ms) < 0:
            return self._due_ms
        return deadline_ms

    def turn(self, now_ms: int) -> None:
        """Say again what is due; called once a turn, after the round if one is done in it."""
        node = self._node
        news = False
        due = self._due_ms >= 0 and ticks_diff(now_ms, self._due_ms) >= 0
        for share in node.sharing.shares:
            hush = share.hush
            if hush.again is None:
                continue
            news = True
            if due:
                node.transport.publish(node.sharing.topic, hush.again)
                self.repeated += 1
                hush.again = None
        if due or not news:
            self._due_ms = -1
        elif self._due_ms < 0:
            self._due_ms = ticks_add(now_ms, node.agent.settings.period_ms // 2)

    def figures(self) -> list:
        """Return this part of a status."""
        return [("repeated", str(self.repeated))]


def attach(node) -> None:  # type: ignore[no-untyped-def]
    """Let a node say its news again."""
    again = Again(node)
    node._deadline_ms = again.deadline_ms
    node.parts.append(again)
