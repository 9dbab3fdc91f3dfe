"""A finding: what was looked at, what was found, and what to do about it."""

from dataclasses import dataclass

OK, NOTE, WARNING, ERROR = "ok", "note", "warning", "error"


@dataclass(frozen=True)
class Finding:
    """severity: OK, NOTE, WARNING or ERROR. of: the node or certificate meant, or empty."""

    name: str
    severity: str
    text: str
    remedy: str = ""
    of: str = ""
    value: int = 0

    @property
    def good(self) -> bool:
        """Whether there is nothing to be done."""
        return self.severity in (OK, NOTE)
