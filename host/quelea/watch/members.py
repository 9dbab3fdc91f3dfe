"""Who is a member of the shared limit, by what the pulses of the others say."""

from collections.abc import Mapping

from quelea.headroom.audit import Part
from quelea.headroom.audit_members import Pulse, parse_pulse

FIRST = 0  # of a fleet's limits the first is shown


class Members:
    """gone: nodes whose account somebody has closed and who have not begun anew since.

    unheard: by node, those who have not heard it for longer than any lease. pulses: how many.
    """

    def __init__(self) -> None:
        self.gone: set[int] = set()
        self.unheard: dict[int, list[int]] = {}
        self.number = 0
        self.pulses = 0
        self._newest: dict[int, Pulse] = {}

    def take(
        self, source: int, payload: bytes, parts: Mapping[int, Part], marks: Mapping[int, int]
    ) -> list[tuple[int, str]]:
        """Take a pulse; return (node, "gone" or "back") for each that it makes so.

        parts: the group, without liars' words. marks: the incarnation that each node's own newest
        row is of.
        """
        pulse = parse_pulse(payload)
        if pulse is None or pulse.node != source or pulse.limit != FIRST:
            return []
        if len(pulse.gone) != len(parts[source].others):
            return []
        self.pulses += 1
        self.number = max(self.number, pulse.number)
        self._newest[source] = pulse
        gone: set[int] = set()
        unheard: dict[int, list[int]] = {}
        for node, one in self._newest.items():
            if node in self.gone and node != source:
                continue  # its last word is old
            for slot, other in enumerate(parts[node].others):
                if one.gone[slot] or one.mark[slot] > marks.get(other, one.mark[slot]):
                    gone.add(other)
                elif one.suspect[slot]:
                    unheard.setdefault(other, []).append(node)
        changed = [(node, "gone") for node in sorted(gone - self.gone)]
        changed += [(node, "back") for node in sorted(self.gone - gone)]
        self.gone, self.unheard = gone, unheard
        return changed
