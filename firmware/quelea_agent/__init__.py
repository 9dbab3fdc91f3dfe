"""The agent: what every node runs. A pure state machine; only `port/` touches the outside."""

__version__ = "0.1.0"
