"""A paho client that keeps what it received, for tests against real brokers."""

import secrets
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from waiting import until

WAIT_S = 10.0


class Client:
    """Connected when constructed; `got` lists (topic, payload)."""

    def __init__(
        self, host: str, port: int, account: tuple[str, str] = ("", ""), client_id: str = ""
    ) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.connected = False
        self.reason = ""
        self._acked: dict[int, list[int]] = {}  # the codes granted, by packet id
        self._marks = 0
        name = client_id or account[0] or "test-" + secrets.token_hex(4)
        self._name = name
        self._mqtt = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)
        if account[0]:
            self._mqtt.username_pw_set(*account)
        self._mqtt.on_connect = self._on_connect
        self._mqtt.on_disconnect = self._on_disconnect
        self._mqtt.on_subscribe = self._on_subscribe
        self._mqtt.on_message = lambda _c, _u, message: self.got.append(
            (message.topic, bytes(message.payload))
        )
        self._mqtt.connect(host, port, keepalive=10)
        self._mqtt.loop_start()
        until(lambda: self.connected or self.reason, WAIT_S, "CONNACK")

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self.connected = not reason.is_failure
        self.reason = str(reason)

    def _on_disconnect(self, *_: Any) -> None:
        self.connected = False

    def _on_subscribe(self, _c: Any, _u: Any, mid: int, reasons: Any, _p: Any) -> None:
        self._acked[mid] = [reason.value for reason in reasons]

    def subscribe(self, topic: str, qos: int = 0) -> int:
        """Return the broker's answer: the QoS granted, or 128 for a refusal."""
        return self.subscribe_all([topic], qos)[0]

    def subscribe_all(self, topics: list[str], qos: int) -> list[int]:
        """Return the broker's answer for each of the topics, asked for in one packet."""
        _, mid = self._mqtt.subscribe([(topic, qos) for topic in topics])
        assert mid is not None
        until(lambda: mid in self._acked, WAIT_S, f"SUBACK of {topics[0]}")
        return self._acked[mid]

    def publish(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Return once it is sent (QoS 0) or acknowledged (QoS 1)."""
        self._mqtt.publish(topic, payload, qos, retain).wait_for_publish(WAIT_S)

    def drop(self) -> None:
        """Vanish without a DISCONNECT, so that the last will is sent."""
        self._mqtt.loop_stop()
        link = self._mqtt.socket()
        if link is not None:
            link.close()

    def close(self) -> None:
        self._mqtt.disconnect()
        self._mqtt.loop_stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
