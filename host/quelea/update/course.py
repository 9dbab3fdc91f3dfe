"""What became of an update at each node, from what the nodes say."""

import json
from dataclasses import dataclass, field
from typing import Any

WAITING = "waiting"  # nothing heard of it yet
FETCHING = "fetching"
TRIAL = "trial"  # runs it, not yet for good
GOOD = "good"
BACK = "back"  # went back by itself
FAILED = "failed"  # gave it up, runs what it ran
REFUSED = "refused"
UNABLE = "no updates"  # its firmware has no such part, or no key
PAST = "newer"  # runs or tried a higher version
FINAL = (GOOD, BACK, FAILED, REFUSED, UNABLE, PAST)
_SILENT_STATUSES = 2  # without `update`, before a node counts as unable


@dataclass
class Course:
    """One node. stand: of the words above. cause: why it is no better."""

    id: str
    stand: str = WAITING
    cause: str = ""
    version: int = 0  # of what runs
    top: int = 0
    bytes_sent: int = 0
    chunks: int = 0  # that we sent it
    safe: bool = False
    state: str = ""  # of its connection
    statuses: int = field(default=0, repr=False)

    @property
    def done(self) -> bool:
        """Whether nothing more is to be expected."""
        return self.stand in FINAL

    def row(self) -> dict[str, Any]:
        """Return it for --json."""
        return {
            "node": self.id,
            "stand": self.stand,
            "cause": self.cause,
            "version": self.version,
            "chunks": self.chunks,
            "safe_mode": self.safe,
        }


def heard(course: Course, name: str, payload: bytes, version: int) -> None:
    """Take a message of a node: name of its topic's row. Never raises."""
    if name == "state":
        course.state = payload[:20].decode(errors="replace")
        return
    try:
        row = json.loads(payload)
    except (ValueError, RecursionError):
        return
    if not isinstance(row, dict):
        return
    if name == "status":
        _status(course, row, version)
    elif name == "event" and version:
        _event(course, row, version)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _status(course: Course, row: dict[str, Any], version: int) -> None:
    figures = row.get("update")
    course.safe = row.get("safe") is True
    if not isinstance(figures, dict):
        course.statuses += 1
        if version and course.statuses >= _SILENT_STATUSES:
            course.stand = UNABLE
        return
    course.version = _whole(figures.get("version"))
    course.top = _whole(figures.get("top"))
    course.bytes_sent = _whole(figures.get("bytes"))
    if not version:
        return
    if course.version == version:
        course.stand, course.cause = (TRIAL if figures.get("trial") else GOOD), ""
    elif course.top == version:
        course.stand, course.cause = BACK, str(figures.get("cause"))[:40]
    elif course.top > version:
        course.stand = PAST
    elif figures.get("state") in ("fetching", "waiting") and course.stand == WAITING:
        course.stand = FETCHING


def _event(course: Course, row: dict[str, Any], version: int) -> None:
    event = row.get("event")
    cause = str(row.get("cause", ""))[:40]
    if event == "update-refused":
        course.stand, course.cause = REFUSED, cause
    elif _whole(row.get("version")) != version:
        return
    elif event == "update-begin":
        course.stand, course.cause = FETCHING, ""
    elif event == "update-failed":
        course.stand, course.cause = FAILED, cause
    elif event == "update-good":
        course.stand, course.cause, course.version = GOOD, "", version
    elif event == "update-back":
        course.stand, course.cause = BACK, cause
