"""Presence by leases: a node is present while it is heard, whatever its last will says."""


class Lease:
    """Presence of one node. Times in microseconds of the recorder's clock.

    length_us: how long one message vouches for a node. will_us: what is left of the lease once
    a last will came; a will of an older connection of a living node (taken over under the same
    client id) then costs nothing, since its next frame comes sooner.
    """

    __slots__ = ("heard_us", "length_us", "present", "reason", "until_us", "will_us")

    def __init__(self, length_us: int, will_us: int) -> None:
        self.length_us = length_us
        self.will_us = will_us
        self.present = False
        self.heard_us = -1  # never
        self.until_us = 0
        self.reason = ""  # why it is to end: of a will, or of a farewell

    def hear(self, t_us: int) -> bool:
        """Renew by anything that only the living node says; return whether it was absent."""
        was = self.present
        self.present = True
        self.heard_us = t_us
        self.until_us = t_us + self.length_us
        self.reason = ""
        return not was

    def will(self, t_us: int) -> None:
        """Cut the lease short: the broker says that the connection broke."""
        if self.until_us > t_us + self.will_us:
            self.until_us = t_us + self.will_us
            self.reason = "last will"

    def farewell(self, t_us: int, reason: str) -> None:
        """End the lease with the next check: the node itself said that it leaves."""
        self.until_us = t_us
        self.reason = reason

    def extend(self, until_us: int) -> None:
        """Give a present node until then: it is we who could not hear."""
        if self.present and self.until_us < until_us:
            self.until_us = until_us

    def expire(self, t_us: int) -> str:
        """End the lease if it is over; return the reason then, else an empty string."""
        if not self.present or t_us < self.until_us:
            return ""
        self.present = False
        return self.reason or "silent"
