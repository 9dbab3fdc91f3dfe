"""Random: another server every round, whatever was heard. A baseline that cannot herd or learn."""


class AtRandom:
    """Uniform among the servers allowed."""

    def __init__(self, me) -> None:  # type: ignore[no-untyped-def]
        self.me = me

    def choose(self) -> int:
        """Return any index."""
        return self.me.draws.below(len(self.me.allowed))
