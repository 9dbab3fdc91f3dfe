"""What a page asks of a journal beside the stream: looks back, explanations, a late beginning."""

import threading
import time
from pathlib import Path

from quelea.errors import UserError
from quelea.journal import Journal
from quelea.journal.rows import to_json
from quelea.watch import wire
from quelea.watch.follow import Follower
from quelea.watch.look_back import model_at
from quelea.watch.state import EVENTS_MAX

RETRY_S = 0.1


class JournalBack:
    """Answers from a connection of its own, so that the stream is not held up."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self._journal = Journal.open(follower.path)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connection; an answer under way is waited for."""
        with self._lock:
            self._journal.close()

    def look(self, t_us: int) -> str:
        """Return the fleet as of t_us, in the form of the stream's messages."""
        follower, begun_s = self.follower, time.thread_time()
        t_us = max(0, min(t_us, 1 << 62))
        with self._lock:
            model = model_at(self._journal, follower.facts, t_us, follower.blind)
        for number, one in list(follower.model.accused.items()):
            if one.t_us <= t_us:
                model.accuse(number, one)
        rates = follower.course.rates(t_us)
        answer = {
            "look_us": t_us,
            "nodes": [wire.node_row(model, node) for node in model.members()],
            "events": wire.event_rows(list(model.events)[-EVENTS_MAX:]),
            "budget": wire.budget(model),
            "spread_q": model.spread_q(),
            "slow": {
                "fleet": wire.fleet(model),
                "notices": wire.notice_rows(model),
                "rates": {number: round(rate, 1) for number, rate in rates.items()},
            },
        }
        return to_json(answer | {"cpu_ms": round(1000 * (time.thread_time() - begun_s), 1)})

    def why(self, node: str, at_s: float | None) -> str:
        """Return why a node has its value, in words; UserError for a node unknown or unheard."""
        from quelea.pictures import explain

        with self._lock:
            return explain.text(explain.tell(self._journal, node, at_s))


def follow_when_begun(path: Path, blind: bool, wait_s: float) -> Follower:
    """Follow a journal, waiting a little for one that has only just been made."""
    until_s = time.monotonic() + wait_s
    while True:
        try:
            return Follower(path, blind)
        except UserError:
            if time.monotonic() > until_s or not path.exists():
                raise
            time.sleep(RETRY_S)
