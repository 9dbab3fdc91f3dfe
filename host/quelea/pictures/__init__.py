"""Pictures and words about a run, read from its journal alone: plot, replay, explain.

`course` is what nodes said as columns over time, `plot` the figure, `replay` the same in a
terminal, `explain` one node's step in plain words.
"""
