"""Ours without its counters: what the acceptance suite sees of a transport of somebody else."""

from quelea_agent.port import mqtt


class Transport:
    def __init__(self, *args) -> None:
        self._inner = mqtt.Transport(*args)
        for name in ("connect", "publish", "subscribe", "poll", "state", "close"):
            setattr(self, name, getattr(self._inner, name))
