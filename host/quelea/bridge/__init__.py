"""The bridge to Home Assistant: what its MQTT integration is told of the nodes of a fleet."""
