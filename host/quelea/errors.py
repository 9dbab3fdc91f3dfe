"""Errors that a person is meant to read: what, where, why and what to do next."""

EXIT_OK = 0
EXIT_FALSE = 1  # the run's verdict does not hold
EXIT_USAGE = 2  # a wrong argument or configuration
EXIT_INTERRUPT = 130


class UserError(Exception):
    """A wrong argument, file or environment, refused before anything starts.

    what: one sentence, with the value refused. where: a flag, or file:line.
    why: the allowed range or the reason. remedy: what to do next.
    """

    def __init__(self, what: str, where: str = "", why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        rest = [text for text in (self.why, self.remedy and f"Remedy: {self.remedy}") if text]
        return "\n  ".join([head, *rest])
