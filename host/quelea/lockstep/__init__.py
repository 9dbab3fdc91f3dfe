"""One simulation too large for one machine: synchronous rounds, sharded over MPI, bit-identical.

`graph` gives each rank the rows of its own nodes, `team` is the ranks (or one process alone),
`halo` moves what crosses between them, `resilient` and `exact` are the rounds, `command` runs it.
Everybody hears everybody in every round: no loss, no delay, no epochs. That is what the other
simulator is for; this one is for sizes.
"""
