"""mosquitto's own files for a fleet with certificates: who may connect, and say what.

A certificate's common name is the user name and the client id, whatever the client says: a node
can neither speak as another nor throw it out by its id. The access list is that of accounts.py,
with `%u` in one pattern for every node; a node whose certificate was revoked is refused by the
CRL before it can say a word.
"""

import getpass
from collections.abc import Iterable
from pathlib import Path

from quelea_proto import topics

from quelea.fleet.accounts import mosquitto_acl

PACKET_BYTES_MAX = 65536  # the largest is the host's document of a fleet of 400
INFLIGHT_MAX = 20
QUEUED_MAX = 1000
DOCTOR = "doctor"  # looks, and writes nothing


def access(fleet: str, hosts: Iterable[str]) -> str:
    """Return the access list. hosts: names of host programs, which may do all; not DOCTOR."""
    text = mosquitto_acl(fleet)
    root = topics.build("config", fleet).rpartition("/")[0]
    for name in sorted(hosts):
        if name not in ("host", DOCTOR):
            text += f"user {name}\ntopic readwrite {root}/#\ntopic readwrite homeassistant/#\n"
    return text + f"user {DOCTOR}\ntopic read {root}/#\ntopic read $SYS/#\n"


def configuration(folder: Path, host: str, port: int, store: Path | None = None) -> str:
    """Return mosquitto.conf. folder: of certificates and access list. host "": every address."""
    listener = f"{port} {host}" if host else str(port)
    return f"""\
per_listener_settings false
listener {listener}
user {getpass.getuser()}
cafile {folder}/ca.cert.pem
certfile {folder}/broker.cert.pem
keyfile {folder}/broker.key.pem
crlfile {folder}/crl.pem
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/acl
set_tcp_nodelay true
max_packet_size {PACKET_BYTES_MAX}
max_inflight_messages {INFLIGHT_MAX}
max_queued_messages {QUEUED_MAX}
persistence true
persistence_location {store or folder}/
autosave_interval 5
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
log_timestamp true
"""
