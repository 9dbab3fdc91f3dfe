"""The terminal's view of a fleet: live on a run or a broker, or a journal played again.

`views` turns the model of `quelea.watch` into text, `table` is the list of nodes, `app` the
screens and keys; `replay` plays a journal at a speed, `plain` prints it line by line.
"""
