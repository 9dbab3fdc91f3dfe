"""The agent: what every node runs. A pure state machine; only `port/` touches the outside."""
