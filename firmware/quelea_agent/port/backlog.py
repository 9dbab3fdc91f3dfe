"""What waits while the broker is slow or away: messages, the next attempt, and where it goes."""

from quelea_proto import limits

from quelea_agent.port import tcp


class Places:
    """Where a broker is: host and port, and the `others` of a cluster, [[host, port], ...]."""

    def __init__(self, broker: dict) -> None:
        self._rows = [(broker["host"], broker["port"])]
        self._rows.extend(broker.get("others", ()))
        self._at = 0
        self._address = None

    def address(self) -> tuple:
        """Return (family, address) of the one whose turn it is; raises OSError."""
        if self._address is None:
            row = self._rows[self._at]
            self._address = tcp.resolve(row[0], row[1])
        return self._address

    def turn(self, forget: bool) -> None:
        """Go on to the next one; forget: ask the resolver again where there is one alone."""
        self._at = (self._at + 1) % len(self._rows)
        if forget or len(self._rows) > 1:
            self._address = None


class SendQueue:
    """Messages (topic, payload, qos, retain), oldest first, at most size of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows = []

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, topic, payload, qos: int, retain: bool) -> bool:
        """Append one message, its payload copied; False when an old one went to make room."""
        full = len(self._rows) >= self._size
        if full:
            self._drop_oldest()
        self._rows.append((topic, bytes(payload), qos, retain))
        return not full

    def first(self) -> tuple:
        """Return the oldest message; the queue is not empty."""
        return self._rows[0]

    def pop(self) -> None:
        """Forget the oldest message."""
        self._rows.pop(0)

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()

    def _drop_oldest(self) -> None:
        """Drop the oldest of QoS 0, for its next one is newer; if there is none, the oldest."""
        rows = self._rows
        for i in range(len(rows)):
            if not rows[i][2]:
                rows.pop(i)
                return
        rows.pop(0)


def backoff_ms(tries: int, node: int) -> int:
    """Return the wait before the next attempt: doubled each time, spread by node number.

    tries: attempts since the last lasting connection, 0 and up. In RECONNECT_MS_MIN up to
    RECONNECT_MS_MAX: a fleet that lost its broker comes back spread over the base, not at once.
    """
    base_ms = limits.RECONNECT_MS_MIN << min(tries, 4)
    if 2 * base_ms > limits.RECONNECT_MS_MAX:
        base_ms = limits.RECONNECT_MS_MAX // 2
    return base_ms + (node * 7919 + tries * 101) % base_ms
