"""A node whose group may change: what share.py's node does, pulses, and signed documents.

Documents come on `cmd/all/epoch`, retained, so that a node that was away learns of them before it
can hold a lease. Checking one takes the part `signed` and the key in `sign.public`; without either
none is believed, and a majority goes on deciding where the configuration lets it.
"""

from quelea_proto.topics import build

from quelea_agent import membership
from quelea_agent.port import share

KEY_PATH = "sign.public"


class Documents:
    """taken, refused: documents. busy: one is under check, a slice a turn."""

    def __init__(self, part, key: bytes) -> None:
        self.busy = False
        self.taken = 0
        self.refused = 0
        self._part = part
        self._key = key
        self._check = None
        self._next = None  # the newest one that waits

    def take(self, document: bytes) -> None:
        """Begin with a document once the one under check is done."""
        self._next = document
        self.busy = True

    def turn(self, now_ms: int) -> None:
        """Do a slice of the check that is under way, if one is."""
        if not self.busy:
            return
        if self._check is None:
            self._begin()
            return
        answer = self._check.step()
        if answer is None:
            return
        if answer and self._part.document(self._check.body):
            self.taken += 1
        elif not answer:
            self.refused += 1
        self._check = None
        self.busy = self._next is not None

    def _begin(self) -> None:
        document = self._next
        self._next = None
        try:
            from quelea_agent.port import signed
        except ImportError:  # the part is not flashed
            self.refused += 1
            self.busy = False
            return
        self._check = signed.Check(self._key, b"epoch", document)

    def figures(self) -> list:
        """Return (key, JSON text) pairs for the status."""
        return [("documents", "[" + str(self.taken) + "," + str(self.refused) + "]")]


class Link(share.Link):
    """Hears documents too."""

    documents = None
    topic = None

    def receive(self, topic: bytes, payload: bytes) -> None:
        """Take one message; never raises."""
        if topic == self.topic:
            self.documents.take(payload)
        else:
            share.Link.receive(self, topic, payload)


class MemberNode(share.ShareNode):
    """See share.ShareNode."""

    Link = Link

    def take_part(self, part) -> None:
        """Begin with what is stored, without a lease."""
        part.begin(self.link.session if self.stored else 0)
        share.ShareNode.take_part(self, part)
        documents = Documents(part, _key())
        self.link.documents = documents
        self.link.topic = build("command", self.link.settings.fleet, "all", "epoch").encode()
        self.parts.append(documents)

    def _round(self, now_ms: int, frames_out) -> None:
        share.ShareNode._round(self, now_ms, frames_out)
        for one in self.sharing.shares:
            pulse = one.pulse()
            if pulse is not None:
                self.transport.publish(self.sharing.topic, pulse)


def _key() -> bytes:
    try:
        with open(KEY_PATH, "rb") as file:
            return file.read()
    except OSError:
        return b""


def maker(settings, config: object) -> tuple:
    """See share.maker."""
    try:
        from quelea_agent.floors import load  # a part
    except ImportError:
        load = membership.load
    return share.maker(settings, config, load, MemberNode)
