"""Link: one MQTT connection that comes back by itself, and nothing about fleets.

paho-mqtt's own thread reads; the callbacks run there and must be short. What it does not do by
itself: no Nagle delay, a receive buffer for bursts, exceptions of callbacks kept inside.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

KEEPALIVE_S = 5  # a frozen broker, or one that swallowed CONNECT, is given up after 5 to 10 s
RETRY_MIN_S = 0.2
RETRY_MAX_S = 2.0
RECEIVE_BYTES = 1 << 20  # about 15,000 frames wait in the kernel while Python does other things
QUEUED_MAX = 1_000  # messages of QoS 1 kept for a broker that is away
ACK_S = 5.0
UNSPECIFIED = "Unspecified error"  # what paho-mqtt says of every end that the broker did not name


class Endpoint(Protocol):
    """Where a broker is, and who we are there: any broker of quelea.fleet."""

    host: str
    port: int

    def credentials(self, user: str) -> tuple[str, str]:
        """Return (user name, password); empty strings for none."""
        ...


class Link:
    """client_id: unique at the broker. user: whose credentials. will: retained, QoS 1.

    on_up() follows each CONNACK, on_down(reason) each loss of a connection that was up;
    on_message(topic, payload, retained) each message, and on_crash(error) an exception in it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        client_id: str,
        user: str,
        *,
        on_message: Callable[[str, bytes, bool], None],
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _: None,
        on_crash: Callable[[Exception], None] = lambda _: None,
        will: tuple[str, str] | None = None,
    ) -> None:
        self.up = threading.Event()
        self.problem = "not connected yet"
        self._endpoint = endpoint
        self._on_message = on_message
        self._on_up = on_up
        self._on_down = on_down
        self._on_crash = on_crash
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,  # NATS has no version 5
        )
        name, password = endpoint.credentials(user)
        if name:
            client.username_pw_set(name, password)
        tls = getattr(endpoint, "tls_context", lambda _: None)(user)
        if tls is not None:
            client.tls_set_context(tls)
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=True)
        client.reconnect_delay_set(RETRY_MIN_S, RETRY_MAX_S)  # type: ignore[arg-type]
        client.max_queued_messages_set(QUEUED_MAX)
        client.on_socket_open = self._socket_opened
        client.on_connect = self._connected
        client.on_connect_fail = self._failed
        client.on_disconnect = self._disconnected
        client.on_message = self._received
        self._client = client
        self._place = (endpoint.host, endpoint.port)
        self._stopping = False

    # -- what the owner calls -----------------------------------------------------------------
    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._client.connect_async(*self._place, KEEPALIVE_S)
        self._client.loop_start()

    def keep(self) -> None:
        """Start the reading thread again, should an error inside the client have ended it."""
        self._client.loop_start()  # refused while it runs

    def subscribe(self, topic_filter: str) -> None:
        """Subscribe at QoS 0."""
        self._client.subscribe(topic_filter, 0)

    def publish(
        self, topic: str, payload: bytes | str, qos: int = 0, retain: bool = False
    ) -> paho.MQTTMessageInfo:
        """Send, or with QoS 1 keep for the broker's return; the owner may wait for the answer."""
        return self._client.publish(topic, payload, qos, retain)

    def stop(self, timeout_s: float = ACK_S) -> None:
        """Disconnect in order, without the last will, and end the thread."""
        self._stopping = True
        self._client.disconnect()
        thread = threading.Thread(target=self._join, daemon=True)
        thread.start()
        thread.join(timeout_s)
        self.up.clear()

    def _join(self) -> None:
        # The thread may end by itself while paho looks at it: then there is nothing to join.
        with contextlib.suppress(AttributeError):
            self._client.loop_stop()

    # -- callbacks of paho-mqtt ---------------------------------------------------------------
    def _socket_opened(self, client: paho.Client, data: Any, opened: Any) -> None:
        with contextlib.suppress(OSError):  # slower, not wrong
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)

    def _connected(
        self, client: paho.Client, data: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if reason.is_failure:
            self.problem = f"the broker refused us: {reason}"
            return
        self.problem = ""
        self.up.set()
        self._guard(self._on_up)

    def _failed(self, client: paho.Client, data: Any) -> None:
        self.problem = f"no broker at {self._place[0]}:{self._place[1]}"
        self._follow()

    def _disconnected(
        self, client: paho.Client, data: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if self.up.is_set():
            self.up.clear()
            said = str(reason)
            why = "closed or broken" if said == UNSPECIFIED else said
            self.problem = f"connection lost: {why}"
            self._guard(lambda: self._on_down(why))
        self._follow()

    def _follow(self) -> None:
        """Go where the endpoint is now: of a cluster it is another server after a loss."""
        place = (self._endpoint.host, self._endpoint.port)
        if place != self._place and not self._stopping:
            self._place = place
            self._client.connect_async(*place, KEEPALIVE_S)  # for the next attempt of its thread

    def _received(self, client: paho.Client, data: Any, message: paho.MQTTMessage) -> None:
        try:
            self._on_message(message.topic, bytes(message.payload), bool(message.retain))
        except Exception as error:
            self._on_crash(error)

    def _guard(self, call: Callable[[], None]) -> None:
        """Keep an exception of ours from ending the thread that reads."""
        try:
            call()
        except Exception as error:
            self._on_crash(error)


def acknowledged(info: paho.MQTTMessageInfo, timeout_s: float = ACK_S) -> bool:
    """Wait for the broker's answer to a publish of QoS 1; False when none came in time."""
    if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
        return False
    try:
        info.wait_for_publish(timeout_s)
    except (ValueError, RuntimeError):
        return False
    return info.is_published()
