"""mosquitto's log: whom it turned away, from where, and whose certificate two devices use."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from quelea.secure.doctor.finding import ERROR, OK, WARNING, Finding

LINES_MAX = 200_000
TAKEN_OVER_MAX = 2  # a board that was cut off comes back before the broker knows
# what OpenSSL says (parts of it), what it means, and what to do
REFUSALS = (
    ("peer did not return a certificate", "no certificate", "enrol the device, or unplug it"),
    ("certificate revoked", "a revoked certificate", "find the device and take it back"),
    ("certificate has expired", "a certificate that has run out", "`quelea ca issue --renew ID`"),
    ("certificate verify failed", "a certificate of another authority, or a revoked one",
     "enrol the device, or unplug it"),
    ("alert bad certificate", "a board that does not believe the broker's certificate",
     "name the broker as in `quelea ca init --broker`"),
    ("alert unknown ca", "a board of another authority", "enrol it for this one"),
    ("not authorised", "a wrong password", "enrol the device again"),
    ("wrong version number", "a client without TLS", "connect with TLS"),
    ("http request", "a client without TLS", "connect with TLS"),
)  # fmt: skip
_FROM = re.compile(r"New connection from ([^ ]+?)(?::\d+)? on port")
_TAKEN = re.compile(r"Client (\S+) already connected, closing old connection")


def look(path: Path) -> Iterator[Finding]:
    """Yield one finding for each cause and each place it came from."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.readlines()[-LINES_MAX:]
    except OSError as error:
        yield Finding("broker-log", WARNING, f"{path}: {error.strerror}", "give --broker-log")
        return
    yield from judge(lines)


def judge(lines: Sequence[str]) -> Iterator[Finding]:
    """Yield what the lines of a log tell."""
    refused: Counter[tuple[str, str, str]] = Counter()
    taken: Counter[str] = Counter()
    place = "somewhere"
    for line in lines:
        if (match := _FROM.search(line)) is not None:
            place = match[1]
        elif (match := _TAKEN.search(line)) is not None:
            taken[match[1]] += 1
        else:
            for part, meaning, remedy in REFUSALS:
                if part in line:
                    refused[meaning, place, remedy] += 1
                    break
    for (meaning, origin, remedy), count in sorted(refused.items()):
        text = f"{count} connections refused from {origin}: {meaning}"
        yield Finding("broker-refused", ERROR, text, remedy, origin, count)
    for name, count in sorted(taken.items()):
        if count > TAKEN_OVER_MAX:
            yield Finding(
                "identity-twice",
                ERROR,
                f"{name}: its identity is in use twice, taken over {count} times",
                f"`quelea ca revoke {name}`, then enrol the right device again",
                name,
                count,
            )
    if not refused:
        yield Finding("broker-refused", OK, "the broker turned nobody away")
