"""A transport that leaves without a word, to show that the acceptance suite can fail."""

from quelea_agent.port import mqtt


class Transport(mqtt.Transport):
    def close(self, flush_ms: int = 1000) -> None:
        self._clear()
        self._wanted = False
