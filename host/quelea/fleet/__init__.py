"""Real nodes: a broker, MicroPython processes, a faulty network between them, and their keeper.

`interpreter` finds MicroPython, `staging` builds what a board gets, `forkserver` starts
processes, `supervisor` keeps nodes alive, `broker` runs or probes an MQTT broker, `proxy` breaks
the connections in between on request.
"""
