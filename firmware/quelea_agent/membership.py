"""Membership: a node's part in limits whose members come and go. See members.py and sharing.py.

sharing.receive(topic, payload), sharing.round(now_ms, ...), share.stored(...)   as Sharing's
payload = share.pulse()              to be published after the share's row; None: say nothing
sharing.document(body)               of a signed document that was found genuine
"""

from quelea_proto import pulse_row

from quelea_agent import report, sharing
from quelea_agent.books import Books
from quelea_agent.members import Group, Members


class Share(sharing.Share):
    """One limit; members: Members, set by Membership."""

    kind = Books
    members = None

    def step(self, wish_q: int, percent: int) -> None:
        """Do a round: without a lease only the floor is wished for."""
        members = self.members
        mirror_slot = members.step(self.now_ms)
        for slot in range(len(self.gone)):
            self.gone[slot] = self.headroom.is_gone(slot)
        if not members.leased:
            wish_q = 0
        sharing.Share.step(self, wish_q, percent)
        if mirror_slot >= 0:
            self.slot = mirror_slot

    def pulse(self) -> bytearray | None:
        """Return the pulse to publish in this round, or None; to be called once a round."""
        pulse = self.members.pulse()
        return pulse if self.hush is None else self.hush.pulse(self.members, pulse)


class Membership(sharing.Sharing):
    """See sharing.Sharing. config["members"]: what Group takes, lists by limit."""

    kind = Share

    def __init__(self, settings: object, config: dict) -> None:
        sharing.Sharing.__init__(self, settings, config)
        self.session = 0
        self._config = config["limits"]
        self.begin(0)

    def begin(self, session: int) -> None:
        """Say the number of this boot, 0 where it could not be stored: then there is no lease."""
        for i in range(len(self.shares)):
            share = self.shares[i]
            share.members = Members(share.headroom, Group(**self._config[i]["members"]), session)

    def document(self, body: bytes) -> bool:
        """Take over a genuine document; False when no limit has a use for it."""
        used = False
        for share in self.shares:
            used = share.members.document(body) or used
        return used

    def round(self, now_ms: int, demand_q: int, mean_q: int, epoch: int) -> int:
        """See sharing.Sharing."""
        for share in self.shares:
            share.now_ms = now_ms
        return sharing.Sharing.round(self, now_ms, demand_q, mean_q, epoch)

    def _hear(self, number: int, payload: bytes) -> None:
        for share in self.shares:
            members = share.members
            if len(payload) < 2 or payload[1] != members.books.plan.limit:
                continue
            if payload[0] & 31 == pulse_row.KIND:
                members.hear(number, payload)
                continue
            if members.mirroring:
                members.mirror.hear(number, payload)
            share.headroom.hear(number, payload)

    def figures(self) -> list:
        """Return (key, JSON text) pairs for the status."""
        rows = []
        for share in self.shares:
            members = share.members
            gone = [
                str(members.books.plan.numbers[slot])
                for slot in range(members.books.count)
                if members.books.is_gone(slot)
            ]
            pairs = [
                ("number", str(members.number)),
                ("mark", str(members.books.mark)),
                ("leased", report.text(members.leased)),
                ("closed", report.text(members.closed)),
                ("gone", "[" + ",".join(gone) + "]"),
                ("reclaimed_q", str(members.reclaimed_q)),
            ]
            rows.append(report.rows(pairs))
        return sharing.Sharing.figures(self) + [("members", "[" + ",".join(rows) + "]")]


def load(settings: object, config: dict) -> tuple:
    """See sharing.load."""
    return sharing.load(settings, config, Membership)
