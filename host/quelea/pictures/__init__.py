"""Pictures and words about a run, read from its journal alone.

`course` is what nodes said as columns over time, `messages` who used whose frame, `plot` the
figure; `explain` tells one node's step in plain words, with `trims` for what a rule left out.
"""
