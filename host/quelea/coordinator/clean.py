"""Remove what a fleet left at the broker: its retained states, births and documents."""

import threading
import time
from collections.abc import Callable

from quelea.coordinator.link import Endpoint, Link, acknowledged
from quelea.errors import UserError
from quelea.fleet.accounts import HOST_USER

CONNECT_S = 10.0
QUIET_S = 0.3  # retained messages come in one burst after SUBSCRIBE; this long a pause ends it
COLLECT_S = 10.0


def clear_retained(
    endpoint: Endpoint,
    fleet: str,
    host_id: str = HOST_USER,
    wanted: Callable[[str], bool] = lambda topic: True,
    dry_run: bool = False,
) -> list[str]:
    """Clear retained messages below quelea/1/<fleet>/ and return their topics.

    wanted(topic): whether it is to go. dry_run: nothing is cleared, the topics are returned.
    Call it once the nodes are gone: a will that comes later is retained anew. Nobody else may be
    connected under host_id meanwhile. UserError when the broker does not answer.
    """
    found: set[str] = set()
    last_s = time.monotonic()
    lock = threading.Lock()

    def collect(topic: str, payload: bytes, retained: bool) -> None:
        nonlocal last_s
        with lock:
            if retained and payload and wanted(topic):
                found.add(topic)
                last_s = time.monotonic()

    link = Link(endpoint, host_id, HOST_USER, on_message=collect)
    link.start()
    try:
        if not link.up.wait(CONNECT_S):
            raise UserError(
                f"the broker cannot be cleaned: {link.problem}",
                where=f"{endpoint.host}:{endpoint.port}",
                remedy="start the broker, or leave its retained messages to expire with it.",
            )
        last_s = time.monotonic()
        link.subscribe(f"quelea/1/{fleet}/#")
        end_s = last_s + COLLECT_S
        while time.monotonic() < min(end_s, last_s + QUIET_S):
            time.sleep(QUIET_S / 10)
        with lock:
            # states first: without it the rest is known to belong to nobody
            order = sorted(found, key=lambda topic: (not topic.endswith("$state"), topic))
        if not dry_run:
            for info in [link.publish(topic, b"", qos=1, retain=True) for topic in order]:
                acknowledged(info)
        return order
    finally:
        link.stop()
