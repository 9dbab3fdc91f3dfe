"""mosquitto, found or given, with our own configuration and access list (see `broker.py`)."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from quelea.errors import UserError
from quelea.fleet.accounts import mosquitto_acl, mosquitto_passwords, write_private
from quelea.fleet.broker import PACKET_BYTES_MAX, EmbeddedBroker, find_program

# Debian and Homebrew put it where an ordinary PATH does not look.
FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
INFLIGHT_MAX = 20  # QoS 1 messages on the way to one client; its own default
QUEUED_MAX = 1000  # waiting for one client; beyond it they are dropped: old gossip is worthless
AUTOSAVE_S = 5  # a killed broker loses the retained messages of its last seconds


class MosquittoBroker(EmbeddedBroker):
    """mosquitto 2.0 or newer."""

    kind: ClassVar[str] = "mosquitto"

    @classmethod
    def find_binary(cls) -> Path:
        path = find_program("mosquitto", folders=FOLDERS)
        if path is None:
            raise UserError(
                "the broker mosquitto is not installed",
                remedy="run `apt-get install mosquitto`, or leave --broker out",
            )
        return path

    def configure(self) -> Sequence[str]:
        config = self.folder / "mosquitto.conf"
        if self.authority is not None:
            from quelea.secure.brokerfiles import configuration

            files = self.authority.resolve() / "broker"
            config.write_text(configuration(files, self.host, self.port, self.folder))
            return (str(self.binary), "-c", str(config))
        config.write_text(self._text())
        if self.accounts is not None:
            write_private(self.folder / "passwords", mosquitto_passwords(self.accounts))
            write_private(self.folder / "acl", mosquitto_acl(self.accounts.fleet))
        return (str(self.binary), "-c", str(config))

    def _text(self) -> str:
        if self.accounts is None:
            who = "allow_anonymous true"
        else:
            who = (
                "allow_anonymous false\n"
                f"password_file {self.folder}/passwords\n"
                f"acl_file {self.folder}/acl"
            )
        # `user`: started as root it would change to the user mosquitto, who cannot read the
        # folder; for everybody else the line has no effect. `set_tcp_nodelay`: without it the
        # 99th percentile of the latency is 42 ms instead of 4.
        return f"""\
per_listener_settings false
listener {self.port} {self.host}
user {getpass.getuser()}
{who}
set_tcp_nodelay true
max_packet_size {PACKET_BYTES_MAX}
max_inflight_messages {INFLIGHT_MAX}
max_queued_messages {QUEUED_MAX}
persistence true
persistence_location {self.folder}/
autosave_interval {AUTOSAVE_S}
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""


BROKER = MosquittoBroker
