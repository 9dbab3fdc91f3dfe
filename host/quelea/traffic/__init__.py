"""Traffic: one agent an intersection, in SUMO, beside the controllers that one would else use."""
