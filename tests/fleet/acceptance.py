"""The acceptance suite of MQTT clients: what any client behind `Transport` must do, by case.

    python -m pytest tests/fleet -m acceptance                              ours
    python -m pytest tests/fleet -m acceptance --transport module:Class     any other

A transport has the six calls and the constructor of firmware/quelea_agent/port/mqtt.py; the module
is looked for in the working folder and must run on MicroPython, and on CPython for some cases.
state() returns 3 while messages can be sent, 0 while there is no connection. With `counts`, a
list in the order of mqtt.NAMES, its counters are judged as well; without, what is on the wire.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

CASES = {
    "life": "CONNECT with will, subscriptions, messages; in the end DISCONNECT, so that no will",
    "kill": "a lost connection is noticed at once and made anew, the subscriptions with it",
    "freeze": "a broker that answers nothing is given up, and tried again",
    "refuse": "a port where nobody listens, or a CONNACK that says no, is tried again with pauses",
    "half-open": "a connection that says nothing any more ends within the keepalive",
    "take-over": "a node of the same name does not make it come back without a pause",
    "oversize": "a message longer than its buffer is skipped and acknowledged; the next one comes",
    "garbage": "bytes that are no MQTT end the connection, and nothing else",
    "slow-drip": "packets that come byte by byte are put together, without spinning",
    "keepalive": "it pings in time, whether idle or busy, and sleeps in between",
    "redelivery": "a repeated message is acknowledged again; an own one is repeated with DUP",
    "queue-full": "against a broker that does not read memory is bounded; the newest go out",
    "clock-wrap": "2^30 ms are a moment like any other, connected or waiting",
}
DEFAULT = "quelea_agent.port.mqtt:Transport"
ENV_NAME = "QUELEA_TRANSPORT"
Test = TypeVar("Test", bound=Callable[..., None])


def case(name: str) -> Callable[[Test], Test]:
    """Put a test into the suite."""
    if name not in CASES:
        raise KeyError(name)
    return pytest.mark.acceptance(name)


class Unknown:
    """A counter that a transport does not keep: it is whatever the test expects."""

    __hash__ = None  # type: ignore[assignment]

    def _true(self, other: Any) -> bool:
        return True

    def _self(self, other: Any) -> "Unknown":
        return self

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _true
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _self

    def __bool__(self) -> bool:
        return True
