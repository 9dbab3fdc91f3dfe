"""The broker from outside: does it answer, to whom, and does it hold a client to its topics."""

import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from quelea_proto import topics

from quelea.fleet import mqtt_probe
from quelea.secure.doctor.finding import ERROR, NOTE, OK, WARNING, Finding

ANSWER_S = 5.0
NOT_AUTHORISED = 135  # MQTT 5.0, 2.4
VERSION_REFUSED = (1, 132)
NO_VERSION_5 = "access-unknown"
PAUSE_S = 0.5
STRANGER = "doctor-probe"  # the id of nobody
ACL_REMEDY = "give the broker the access list: broker/acl of `quelea ca`"


def look(
    host: str,
    port: int,
    fleet: str,
    account: tuple[str, str],
    probe: tuple[str, str],
    tls: ssl.SSLContext | None,
) -> Iterator[Finding]:
    """Yield what is found; nothing but the first finding where nobody answers.

    account: who looks. probe: whose rights are tried; one that may do all shows nothing.
    """
    try:
        code = mqtt_probe.ask(host, port, *account, timeout_s=ANSWER_S, tls=tls)
    except (mqtt_probe.NoAnswer, ssl.SSLError) as error:
        remedy = "start the broker; is the address right, and the certificate of this fleet?"
        yield Finding("broker", ERROR, f"{host}:{port}: {error}", remedy)
        return
    if code != mqtt_probe.ACCEPTED:
        said = mqtt_probe.CAUSES.get(code, str(code))
        yield Finding("broker", ERROR, f"{host}:{port}: {said}", "give the right account")
        return
    yield Finding("broker", OK, f"{host}:{port} answers" + (" by TLS" if tls else ""))
    if tls is None:
        text = "passwords and frames cross the network in the clear"
        yield Finding("tls", WARNING, text, "`quelea ca init`, and `mqtts://` as broker")
    yield _anonymous(host, port, tls)
    topic = topics.build("status", fleet, STRANGER)
    found = Probe(host, port, probe, tls).publish(topic)
    if found.name == NO_VERSION_5 and account != probe:
        found = _by_ear(host, port, topic, account, probe)
    yield found


def _anonymous(host: str, port: int, tls: ssl.SSLContext | None) -> Finding:
    """Try to come in without an account, or without a certificate."""
    bare = None
    if tls is not None:
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.check_hostname = False
        bare.verify_mode = ssl.CERT_NONE
    what = "a certificate" if tls else "an account"
    try:
        code = mqtt_probe.ask(host, port, timeout_s=ANSWER_S, tls=bare)
    except (mqtt_probe.NoAnswer, ssl.SSLError):
        code = -1
    if code == mqtt_probe.ACCEPTED:
        remedy = "require_certificate true" if tls else "allow_anonymous false"
        return Finding("anonymous", ERROR, f"it lets in who has not {what}", remedy)
    return Finding("anonymous", OK, f"it turns away who has not {what}")


def _by_ear(
    host: str, port: int, topic: str, account: tuple[str, str], probe: tuple[str, str]
) -> Finding:
    """Ask a broker without MQTT 5: one account listens for what another says, and for its own."""
    heard: set[bytes] = set()
    ready, own = threading.Event(), threading.Event()

    def take(client: Any, data: Any, message: Any) -> None:
        heard.add(bytes(message.payload))
        if message.payload == b"{}":
            own.set()

    ear = paho.Client(CallbackAPIVersion.VERSION2, client_id=STRANGER + "-ear")
    mouth = paho.Client(CallbackAPIVersion.VERSION2, client_id=STRANGER)
    ear.username_pw_set(*account)
    mouth.username_pw_set(*probe)
    ear.on_connect = lambda client, *_: client.subscribe(topic)
    ear.on_subscribe = lambda *_: ready.set()
    ear.on_message = take
    try:
        for client in (ear, mouth):
            client.connect(host, port, keepalive=10)
            client.loop_start()
        if not ready.wait(ANSWER_S):
            raise OSError("nobody may listen")
        mouth.publish(topic, b'{"forged":true}', 1)
        mouth.publish(topic, b'{"forged":true}', 0)
        time.sleep(PAUSE_S)
        ear.publish(topic, b"{}", 1)  # what was said before it has come once this has
        own.wait(ANSWER_S)
    except OSError as error:
        return Finding("access", WARNING, f"it could not be asked: {error}", ACL_REMEDY)
    finally:
        for client in (ear, mouth):
            client.disconnect()
            client.loop_stop()
    if not own.is_set():
        return Finding("access", WARNING, f"no message on {topic} came back", ACL_REMEDY)
    if len(heard) > 1:
        text = f"a publish on {topic}, which is another's, is delivered"
        return Finding("access", ERROR, text, ACL_REMEDY)
    return Finding("access", OK, f"a publish on {topic} is delivered to nobody")


class Probe:
    """One MQTT 5 client, which is told why a publish was refused."""

    def __init__(
        self, host: str, port: int, account: tuple[str, str], tls: ssl.SSLContext | None
    ) -> None:
        self._place = (host, port)
        self._code = -1
        self._connack = -1
        self._done = threading.Event()
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=STRANGER, protocol=MQTTProtocolVersion.MQTTv5
        )
        if account[0]:
            client.username_pw_set(*account)
        if tls is not None:
            client.tls_set_context(tls)
        client.on_connect = self._connected
        client.on_publish = self._published
        self._client = client

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, _: Any) -> None:
        self._connack = reason.value
        if reason.is_failure:
            self._done.set()
        else:
            client.publish(self._topic, b"{}", 1)

    def _published(self, client: Any, data: Any, mid: Any, reason: Any, _: Any) -> None:
        self._code = reason.value
        self._done.set()

    def publish(self, topic: str) -> Finding:
        """Publish on a topic of somebody else; the broker must say that it may not be."""
        self._topic = topic
        try:
            if self._client.connect(*self._place, keepalive=10) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise OSError("no connection")
            self._client.loop_start()
            self._done.wait(ANSWER_S)
        except (OSError, ssl.SSLError) as error:
            return Finding("access", WARNING, f"it could not be asked: {error}", ACL_REMEDY)
        finally:
            self._client.disconnect()
            self._client.loop_stop()
        if self._connack in VERSION_REFUSED or self._connack == -1:
            text = "this broker has no MQTT 5, which tells why a publish is refused"
            return Finding(NO_VERSION_5, NOTE, text)
        if self._code == NOT_AUTHORISED:
            return Finding("access", OK, f"a publish on {topic} is refused (reason code 135)")
        if self._code < 0:
            return Finding("access", WARNING, f"no answer to a publish on {topic}", ACL_REMEDY)
        text = f"a publish on {topic}, which is another's, is accepted (reason {self._code})"
        return Finding("access", ERROR, text, ACL_REMEDY)
